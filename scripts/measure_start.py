"""How long the app takes from process start to its first healthy answer, and what it imports on the way.

`python scripts/measure_start.py [--runs N]` prints the figures that the README quotes, and exits with 1 when `app.asgi`
imports something that only the rare case needs. No Discord and no network: ids and key are given, so nothing is asked.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.playground.demo_app import environment, free_port, scripted  # noqa: E402

GIVE_UP_SECONDS = 30.0
LATE = ("daytona", "apscheduler", "websockets")  # imported on first use only, or never by the app
HEAVIEST = 6
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the app's start.")
    parser.add_argument("--runs", type=int, default=7)
    seconds = [start_once() for _ in range(parser.parse_args().runs)]
    print(
        f"process start to first healthy answer: median {statistics.median(seconds):.2f} s, "
        f"min {min(seconds):.2f} s, max {max(seconds):.2f} s ({len(seconds)} runs)"
    )
    return report_imports()


def start_once() -> float:
    with tempfile.TemporaryDirectory(prefix="opencord-start-") as home:
        port = free_port()
        variables = {
            **environment(os.environ, Path(home), port, scripted("http://127.0.0.1:9/v1", "none")),
            "DISCORD_TOKEN": "measured.without.discord",
            "DISCORD_APPLICATION_ID": "1",
            "DISCORD_PUBLIC_KEY": "00" * 32,
            "DISCORD_API_BASE_URL": "http://127.0.0.1:9/api/v10",
            "DAYTONA_API_KEY": "measured.without.daytona",
            "DAYTONA_API_URL": "http://127.0.0.1:9/api",
        }
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                wait_until_healthy(process, f"http://127.0.0.1:{port}/healthz")
                return time.perf_counter() - started
            finally:
                process.terminate()


def wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise SystemExit("the app did not become healthy: run `python -m app` to see why")


def report_imports() -> int:
    """What `import app.asgi` costs: the sum, the heaviest packages, and what has no business there."""
    run = [sys.executable, "-X", "importtime", "-c", "import app.asgi"]
    errors = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    rows = [(int(own), name) for own, _, _, name in LINE.findall(errors)]
    packages: dict[str, int] = {}
    for own, name in rows:
        top = name.partition(".")[0]
        packages[top] = packages.get(top, 0) + own
    heaviest = sorted(packages.items(), key=lambda item: -item[1])[:HEAVIEST]
    total = sum(own for own, _ in rows)
    print(f"import app.asgi: {total / 1000:.0f} ms in {len(rows)} modules; of these")
    for name, own in heaviest:
        print(f"  {name:<20} {own / 1000:6.0f} ms")
    unwanted = sorted(set(LATE) & packages.keys())
    print(
        f"imported although it should not be: {', '.join(unwanted)}" if unwanted else f"not imported: {', '.join(LATE)}"
    )
    return 1 if unwanted else 0


if __name__ == "__main__":
    raise SystemExit(main())
