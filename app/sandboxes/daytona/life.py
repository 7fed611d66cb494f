"""How a sandbox of Daytona's is started, stopped and deleted, whatever it was doing.

Each is a loop that ends at the wanted state: look, do what helps from here, look again. Daytona answers 409 while
another change is under way, and a call without an answer may have taken effect: so what the sandbox says counts,
never what a call said. Nothing here has a deadline as a whole: callers set one.

https://www.daytona.io/docs/en/sandboxes#sandbox-lifecycle
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from app.sandboxes.daytona.calls import Pace, once, repeated
from app.sandboxes.daytona.errors import Failed
from app.sandboxes.provider import Condition
from app.turns.errors import Retriable
from app.words.machine import BROKEN

if TYPE_CHECKING:
    from daytona import AsyncSandbox

STARTED = "started"
RESTING = frozenset({"stopped", "archived", "paused"})
FAULTY = frozenset({"error", "build_failed"})
LEAVING = frozenset({"destroying", "destroyed"})
_UNBORN = frozenset({"creating", "pending_build", "building_snapshot", "pulling_snapshot", "unknown"})
MOST_FAILURES = 3


def state_of(sandbox: "AsyncSandbox") -> str:
    """As it was when it was last looked at. Daytona adds states now and then: any word may come."""
    return str(getattr(sandbox.state, "value", sandbox.state))


def repairable(sandbox: "AsyncSandbox") -> bool:
    return state_of(sandbox) == "error" and bool(sandbox.recoverable)


def unborn(sandbox: "AsyncSandbox") -> bool:
    """Whether nobody can have worked in it yet, or ever will."""
    return state_of(sandbox) in _UNBORN or condition_of(sandbox) is Condition.BROKEN


def condition_of(sandbox: "AsyncSandbox") -> Condition:
    """A fault that Daytona can repair counts as stopped: starting it does just that."""
    state = state_of(sandbox)
    if state == STARTED:
        return Condition.RUNNING
    if state in RESTING or repairable(sandbox):
        return Condition.STOPPED
    return Condition.BROKEN if state in FAULTY else Condition.CHANGING


async def look(sandbox: "AsyncSandbox", pace: Pace) -> None:
    await repeated(sandbox.refresh_data, "look at a sandbox", pace)


async def up(sandbox: "AsyncSandbox", pace: Pace) -> None:
    """Returns once it is started, repaired if need be, but only once: what breaks again stays broken."""
    repaired = False

    def next_step() -> Callable[[], Awaitable[None]] | None:
        nonlocal repaired
        if state_of(sandbox) in RESTING:
            return partial(sandbox.start, timeout=pace.change)
        if repairable(sandbox) and not repaired:
            repaired = True
            return partial(sandbox.recover, timeout=pace.change)
        _refuse_to_wait(sandbox)
        return None

    await _until(sandbox, lambda: state_of(sandbox) == STARTED, next_step, "start a sandbox", pace)


async def down(sandbox: "AsyncSandbox", pace: Pace) -> None:
    """Returns once nothing runs in it, also when it is gone."""

    def is_down() -> bool:
        return condition_of(sandbox) is Condition.STOPPED or state_of(sandbox) in LEAVING

    def next_step() -> Callable[[], Awaitable[None]] | None:
        if state_of(sandbox) == STARTED:
            return partial(sandbox.stop, timeout=pace.change)
        _refuse_to_wait(sandbox)
        return None

    try:
        await _until(sandbox, is_down, next_step, "stop a sandbox", pace)
    except Failed as failure:
        if not failure.gone:
            raise


async def away(sandbox: "AsyncSandbox", pace: Pace) -> None:
    """Returns once Daytona has taken the order to delete it, or does not know it. Orders are refused as long as
    another change is under way: it goes on giving them."""
    failures = 0
    while True:
        try:
            await once(partial(sandbox.delete, timeout=pace.call), "delete a sandbox", pace.call)
            return
        except Failed as failure:
            if failure.gone:
                return
            failures += not failure.busy
            wait = pace.look if failure.busy else failure.wait(pace.look)
            if wait is None or failures > MOST_FAILURES:
                raise
        await asyncio.sleep(wait)


async def _until(
    sandbox: "AsyncSandbox",
    reached: Callable[[], bool],
    next_step: Callable[[], Callable[[], Awaitable[None]] | None],
    what: str,
    pace: Pace,
) -> None:
    """`next_step` is what helps from the state it is in, None to wait. Raises Failed after a few failures that say
    more than that it is busy."""
    failures = 0
    while not reached():
        step, wait = next_step(), pace.look
        if step is not None:
            try:
                await once(step, what, pace.change + pace.call)
                continue
            except Failed as failure:
                # 400: it is not in the state that we took it to be in.
                allowed = pace.look if failure.busy or failure.status == 400 else failure.wait(pace.look)
                failures += not failure.busy
                if allowed is None or failures > MOST_FAILURES:
                    raise
                wait = allowed
        await asyncio.sleep(wait)
        await look(sandbox, pace)


def _refuse_to_wait(sandbox: "AsyncSandbox") -> None:
    """Raises for states from which nothing follows by itself."""
    state = state_of(sandbox)
    if state in FAULTY:
        why = " ".join((sandbox.error_reason or "for no given reason").split())[:150]
        raise Retriable(f"Daytona says that a sandbox is broken: {why}", tell=BROKEN)
    if state in LEAVING:
        raise Failed("Daytona is deleting a sandbox", 404)
