"""`python -m scripts.playground.daytona --root DIR`: the simulator by itself, until it is interrupted."""

import argparse
import asyncio
import contextlib
import os
from pathlib import Path

from scripts.playground.daytona import DaytonaSimulator


async def serve(root: Path, port: int, minute: float) -> None:
    async with DaytonaSimulator(root, os.environ.get("PATH", os.defpath), minute=minute, port=port) as daytona:
        # A key of this simulator opens nothing else, so it may be shown.
        print(f"DAYTONA_API_URL={daytona.api_url}\nDAYTONA_API_KEY={daytona.api_key}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.playground.daytona", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where the sandboxes' directories go")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--minute", type=float, default=60.0, help="how many seconds a minute of auto-stop has")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.root, given.port, given.minute))


if __name__ == "__main__":
    main()
