"""Calling Daytona: every call has a deadline of its own, since most of the SDK's have none; it is repeated where that
may help and does no harm; and what it raises is translated.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from app.sandboxes.daytona.errors import Failed, translate
from app.turns.errors import Retriable
from app.words.machine import DAYTONA_UNREACHABLE

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient we are. Everything in seconds."""

    call: float = 10.0  # for the answer to one request
    transfer: float = 60.0  # for a file to get there, or here
    pauses: tuple[float, ...] = (0.3, 1.0)  # before each repetition of a call
    look: float = 0.5  # between two looks at a sandbox that is changing
    create: float = 45.0  # for one request to create, which Daytona holds for up to thirty
    change: float = 30.0  # for one request to start or stop, and the change
    stop: float = 90.0  # for a stop, whatever comes between
    delete: float = 60.0  # the same for a deletion
    tidy: float = 30.0  # for undoing what came to nothing


async def once(work: Callable[[], Awaitable[T]], what: str, within: float) -> T:
    """Raises Failed or Refused. `what` completes "Daytona could not"."""
    task = asyncio.current_task()
    cancelled = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(within):
            return await work()
    except Exception as error:  # The SDK lets through whatever its clients raise, in some methods.
        # When a time limit of the SDK falls together with ours, it makes a timeout of its own of our cancellation.
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError from error
        raise translate(error, what) from error


async def repeated(work: Callable[[], Awaitable[T]], what: str, pace: Pace, within: float | None = None) -> T:
    """Like `once`, for what may be done twice: it is tried again, a few times, after failures that pass by."""
    for pause in pace.pauses:
        try:
            return await once(work, what, within or pace.call)
        except Failed as failure:
            wait = failure.wait(pause)
            if wait is None:
                raise
        await asyncio.sleep(wait)
    return await once(work, what, within or pace.call)


@asynccontextmanager
async def deadline(within: float, what: str) -> AsyncIterator[None]:
    """Around several calls. Raises Retriable."""
    try:
        async with asyncio.timeout(within):
            yield
    except TimeoutError as error:
        raise Retriable(f"Daytona could not {what} within {within:g} s", tell=DAYTONA_UNREACHABLE) from error


async def both(first: Awaitable[T], second: Awaitable[U]) -> tuple[T, U]:
    """Side by side and both to the end, then raises what the first one raised, or else the second."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    return _value(one), _value(other)


async def every(*works: Awaitable[object]) -> None:
    """The same for any number."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        _value(result)


def _value(result: T | BaseException) -> T:
    if isinstance(result, BaseException):
        raise result
    return result
