"""`python -m scheduler`: read the environment, tick until told to stop.

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
from collections.abc import Sequence
from typing import NoReturn

import structlog

from app import telemetry
from app.connections import open_http
from app.settings import BadSettings, SchedulerSettings, load_scheduler
from scheduler.jobs import JOBS, Job, paced, ticking
from scheduler.relay import Relay

LAST_SECONDS = 0.5

log = structlog.get_logger()


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m scheduler", description="OpenCord's clock.")
    arguments.add_argument(
        "--every", type=pace, metavar="SECONDS", help="ask for every job so often, to try things out with short times"
    )
    every = arguments.parse_args().every
    settings = load_settings()
    telemetry.configure(settings.log_level, settings.log_pretty, settings.secrets())
    # It calls a tick that we cancel a failure, and one that is skipped while the last is at work worth a warning.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    asyncio.run(run(settings, JOBS if every is None else paced(JOBS, every)))


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
    async with open_http() as http:
        relay = Relay(http, settings.app_url, settings.relay_seed())
        async with ticking(jobs, relay.ask):
            log.info("scheduler.started", app=settings.app_url)
            await told.wait()
            end_soon()
    log.info("scheduler.ended")


def end_soon() -> None:
    """A look-up of the app's name may hang in a thread that nothing can end, and Python would wait for it."""
    last = threading.Timer(LAST_SECONDS, os._exit, (0,))
    last.daemon = True
    last.start()


if __name__ == "__main__":
    main()
