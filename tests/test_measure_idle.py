"""The figures in the README can be measured."""

import subprocess
import sys


def test_what_the_idle_scheduler_costs_can_be_measured() -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.measure_idle", "--seconds", "1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert measured.returncode in (0, 1), measured.stderr  # a second is too short to judge by
    assert "idle scheduler: " in measured.stdout
    assert "% of a core" in measured.stdout
