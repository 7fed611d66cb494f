"""What runs how often: one table, and the clock that goes by it.

A job is a name: the app knows what it means. Every job has its own second of the minute, so that the app is asked for
one thing at a time. A tick that finds the last one of its job still at work is skipped, and any number of ticks that a
sleeping machine missed are one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from app.settings import POLL_SECONDS, REVIEW_SECONDS

Mode = Literal["gateway", "poll", "off"]


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    every: float  # seconds
    first: float  # seconds after the start


JOBS = (
    Job("recover-turns", every=30, first=4),
    Job("pause-idle", every=30, first=8),
    Job("destroy-expired", every=60, first=12),
    Job("reconcile", every=60, first=16),
    Job("prune", every=3600, first=20),
)

CATCH_UP = "catch-up"  # looks for messages that nobody told the app of


def jobs_for(mode: Mode) -> tuple[Job, ...]:
    """`poll` hears of messages by no other way; beside the Gateway it only makes sure that none was missed."""
    match mode:
        case "poll":
            return (*JOBS, Job(CATCH_UP, every=POLL_SECONDS, first=2))
        case "gateway":
            return (*JOBS, Job(CATCH_UP, every=REVIEW_SECONDS, first=60))
        case "off":
            return JOBS


def paced(jobs: Sequence[Job], every: float) -> tuple[Job, ...]:
    """The same jobs, each every so many seconds, evenly apart."""
    return tuple(Job(job.name, every, every * (place + 1) / len(jobs)) for place, job in enumerate(jobs))


@asynccontextmanager
async def ticking(jobs: Sequence[Job], work: Callable[[str], Awaitable[None]]) -> AsyncIterator[None]:
    """Call `work` with every job's name when it is due. When the block ends, whatever is at work then is cancelled, and
    has ended. `work` must not raise."""
    at_work: set[asyncio.Task[None]] = set()

    async def tick(name: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        task.add_done_callback(at_work.discard)
        await work(name)

    clock = AsyncIOScheduler(
        timezone=UTC, job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    )
    start = datetime.now(UTC)
    for job in jobs:
        due = start + timedelta(seconds=job.first)
        trigger = IntervalTrigger(seconds=job.every, timezone=UTC)
        clock.add_job(tick, trigger, args=[job.name], id=job.name, next_run_time=due)
    clock.start()
    try:
        yield
    finally:
        clock.shutdown()  # cancels its ticks, but in the loop's next round, and waits for none
        await asyncio.sleep(0)
        await asyncio.gather(*at_work, return_exceptions=True)
