"""`python -m scheduler`: read the environment, tick and listen until told to stop.

It can be ended at any moment and started as often as one likes: it remembers nothing, and the app decides everything.
"""

import argparse
import asyncio
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import httpx
import structlog

from app import telemetry
from app.connections import open_http
from app.settings import BadSettings, SchedulerSettings, load_scheduler
from scheduler.jobs import Job, jobs_for, paced, ticking
from scheduler.relay import KEEP_SECONDS, Relay

LAST_SECONDS = 0.5

log = structlog.get_logger()


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m scheduler", description="OpenCord's clock and ear.")
    arguments.add_argument(
        "--every", type=pace, metavar="SECONDS", help="ask for every job so often, to try things out with short times"
    )
    every = arguments.parse_args().every
    settings = load_settings()
    telemetry.configure(settings.log_level, settings.log_pretty, settings.secrets())
    # It calls a tick that we cancel a failure, and one that is skipped while the last is at work worth a warning.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    jobs = jobs_for(settings.relay_mode)
    asyncio.run(run(settings, jobs if every is None else paced(jobs, every)))


def pace(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds, 0.01 at least")
    return seconds


def load_settings() -> SchedulerSettings:
    try:
        return load_scheduler(os.environ)
    except BadSettings as bad:
        stop(*bad.problems)


def stop(*problems: str) -> NoReturn:
    print(*problems, sep="\n", file=sys.stderr)
    raise SystemExit(2)


async def run(settings: SchedulerSettings, jobs: Sequence[Job]) -> None:
    """Until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with open_http(KEEP_SECONDS) as http:
        relay = Relay(http, settings.app_url, settings.relay_seed())
        async with ticking(jobs, relay.ask):
            log.info("scheduler.started", app=settings.app_url, mode=settings.relay_mode)
            async with listening(settings, http, relay):
                await told.wait()
            end_soon()
    log.info("scheduler.ended")


@asynccontextmanager
async def listening(settings: SchedulerSettings, http: httpx.AsyncClient, relay: Relay) -> AsyncIterator[None]:
    """To the Gateway, where that is what is wanted. At the end it takes leave, which takes up to five seconds."""
    if settings.relay_mode != "gateway":
        yield
        return
    # Only here: it brings a websocket library, and who polls need not pay for it.
    from scheduler.gateway.fleet import Fleet

    token = settings.discord_token.get_secret_value()
    fleet = Fleet(http, settings.discord_api_base_url, token, relay)
    listener = asyncio.create_task(fleet.listen())
    try:
        yield
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


def end_soon() -> None:
    """A look-up of the app's name may hang in a thread that nothing can end, and Python would wait for it."""
    last = threading.Timer(LAST_SECONDS, os._exit, (0,))
    last.daemon = True
    last.start()


if __name__ == "__main__":
    main()
