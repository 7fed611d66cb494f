"""The figure in the README can be measured."""

import subprocess
import sys


def test_the_start_of_the_app_can_be_measured() -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.measure_start", "--runs", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert measured.returncode == 0, measured.stderr
    assert "process start to first healthy answer: median" in measured.stdout
