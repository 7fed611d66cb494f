"""What the scheduler costs while nothing happens: memory, and its share of a core.

`python scripts/measure_idle.py [--seconds N]` runs the real `python -m scheduler` against the Discord look-alike and an
app that takes everything, lets it settle, watches it for N seconds and prints the figures that the README quotes. It
exits with 1 when they are above the goal. Jobs, beats and heartbeats come as often as they do in earnest, and the time
of a process is counted in hundredths of a second: in two minutes, two rounds of the jobs, one of them is 0.008 %.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.playground.discord import Simulator  # noqa: E402
from scripts.playground.serving import Listener  # noqa: E402

MOST_MB = 60.0
MOST_PERCENT = 0.1
SETTLE_SECONDS = 3.0
KNOWS_NOTHING = {"session_id": None, "resume_gateway_url": None, "s": None}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the idle scheduler.")
    parser.add_argument("--seconds", type=float, default=120.0)
    megabytes, percent = asyncio.run(measure(parser.parse_args().seconds))
    print(f"idle scheduler: {megabytes:.1f} MB (goal {MOST_MB:g}), {percent:.3f} % of a core (goal {MOST_PERCENT:g})")
    return 0 if megabytes <= MOST_MB and percent <= MOST_PERCENT else 1


async def measure(seconds: float) -> tuple[float, float]:
    """Resident memory at the end, in millions of bytes, and the share of one core in percent."""
    app = Listener(Starlette(routes=[
        Route("/relay/position", know_nothing),
        Route("/relay/events", take, methods=["POST"]),
        Route("/relay/jobs/{name}", do_nothing, methods=["POST"]),
    ]))  # fmt: skip
    await app.open(asyncio.get_running_loop().create_task)
    async with Simulator() as discord, scheduler(discord, app.url) as process:
        await discord.wait_for(lambda: discord.world.identifies and discord.gateway.connections)
        await asyncio.sleep(SETTLE_SECONDS)
        watched = psutil.Process(process.pid)
        before = watched.cpu_times()
        await asyncio.sleep(seconds)
        after = watched.cpu_times()
        megabytes = watched.memory_info().rss / 1e6
    await app.close()
    return megabytes, 100 * (after.user + after.system - before.user - before.system) / seconds


async def know_nothing(_: Request) -> Response:
    return JSONResponse(KNOWS_NOTHING)


async def take(_: Request) -> Response:
    return Response(status_code=204)


async def do_nothing(_: Request) -> Response:
    return JSONResponse({})


@asynccontextmanager
async def scheduler(discord: Simulator, app_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    variables = {
        "PATH": os.environ["PATH"],
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_BASE_URL": discord.api_url,
        "APP_URL": app_url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scheduler", cwd=ROOT, env=variables, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


if __name__ == "__main__":
    raise SystemExit(main())
