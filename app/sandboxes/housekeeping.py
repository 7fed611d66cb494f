"""What the clock asks for: machines that nobody uses are stopped, those that nobody came back to are deleted, and what
is written down is compared with what its provider has.

Every round may be run by anybody at any time, also by two at once: each change is a compare-and-set on the row that was
seen, and a machine that a turn needs is passed by. Rounds return counts; what failed for one machine is counted, and
the next round meets it again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import structlog

from app.sandboxes.keeper import Keeper
from app.sandboxes.machine import PASSING, State
from app.sandboxes.ports import Sandbox, Shelf
from app.sandboxes.provider import Condition, Instance, Provider
from app.turns.errors import Refused, Retriable

log = structlog.get_logger()

Counts = Mapping[str, int]
AT_ONCE = 10
T = TypeVar("T")


class Housekeeping:
    def __init__(
        self,
        keeper: Keeper,
        provider: Provider,
        shelf: Shelf,
        clock: Callable[[], float],
        *,
        idle_seconds: float,
        paused_seconds: float,
    ) -> None:
        self._keeper = keeper
        self._provider = provider
        self._shelf = shelf
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._paused_seconds = paused_seconds

    async def pause_idle(self) -> Counts:
        """Stop what has not been used for so long."""
        before = self._clock() - self._idle_seconds
        idle = [one for one in await self._shelf.standing() if one.state is State.ACTIVE and one.active_at <= before]
        return await each(idle, self._paused)

    async def destroy_expired(self) -> Counts:
        """Delete what has been stopped for so long, what has failed for so long, and what is doomed."""
        now, standing = self._clock(), await self._shelf.standing()
        doomed = [one for one in standing if one.doomed_at is not None and one.doomed_at <= now]
        left = [one for one in standing if one.state in {State.PAUSED, State.ERROR} and one not in doomed]
        expired = [one for one in left if one.changed_at <= now - self._paused_seconds]
        return Counter(await each(doomed, self._doomed)) + Counter(await each(expired, self._destroyed))

    async def reconcile(self) -> Counts:
        """Compare the rows with the machines. The list may lag behind: whatever it says against a row is looked at
        before anything is done about it."""
        # Before the rows: a machine that is made meanwhile is not in the list, and one that is in it has had its row.
        try:
            listed = {one.name: one for one in await self._provider.list() if one.labels.get("app") == "opencord"}
        except (Retriable, Refused) as failure:
            log.warning("sandbox.unlisted", reason=str(failure))
            return {"failed": 1}
        standing = await self._shelf.standing()
        counts = Counter(await each(standing, lambda one: self._reconciled(one, listed.get(one.name))))
        counts.update(
            await self._strays_deleted([listed[name] for name in listed.keys() - {one.name for one in standing}])
        )
        return counts

    async def _strays_deleted(self, unknown: Sequence[Instance]) -> Counts:
        """Ours by the label alone, and never one that another store has put its name on: two apps may share an
        account. One whose thread is known goes by way of its row, for it may be wanted again just now."""
        store = await self._shelf.store()
        strays = {one.name: one for one in unknown if one.labels.get("store", store) == store}
        destroyed = await self._shelf.named(strays.keys())
        counts = Counter(await each(destroyed, self._left_over_deleted))
        nobodys = strays.keys() - {one.name for one in destroyed}
        counts.update(await each([strays[name] for name in nobodys], self._stray_deleted))
        return counts

    async def _paused(self, sandbox: Sandbox) -> str | None:
        return "paused" if await self._keeper.stop(sandbox) else None

    async def _destroyed(self, sandbox: Sandbox) -> str | None:
        return "destroyed" if await self._keeper.remove(sandbox) else None

    async def _doomed(self, sandbox: Sandbox) -> str | None:
        """Its thread is gone, so no turn can need it."""
        return "destroyed" if await self._keeper.destroy(sandbox.thread) else None

    async def _left_over_deleted(self, sandbox: Sandbox) -> str | None:
        return "strays" if sandbox.state is State.DESTROYED and await self._keeper.remove(sandbox) else None

    async def _stray_deleted(self, stray: Instance) -> str | None:
        await self._provider.delete(stray.ref)
        log.warning("sandbox.stray", sandbox=stray.name)
        return "strays"

    async def _reconciled(self, sandbox: Sandbox, listed: Instance | None) -> str | None:
        if sandbox.is_held(self._clock()):
            return None
        if sandbox.state in PASSING:
            return await self._taken_over(sandbox)
        if agrees(sandbox, listed):
            return None
        return await self._corrected(sandbox, await self._provider.find(sandbox.name))

    async def _taken_over(self, sandbox: Sandbox) -> str | None:
        """Whoever was at work on it is gone. What was coming up, and what no turn waits for, is put to rest."""
        half_made = sandbox.state in {State.CREATING, State.DESTROYING}
        done = await (self._keeper.remove(sandbox) if half_made else self._keeper.stop(sandbox))
        return "taken_over" if done else None

    async def _corrected(self, sandbox: Sandbox, found: Instance | None) -> str | None:
        if found is None:
            return "vanished" if await self._shelf.note(sandbox, State.DESTROYED, self._clock()) else None
        if sandbox.state is State.ACTIVE and found.condition is Condition.STOPPED:
            return "found_paused" if await self._shelf.note(sandbox, State.PAUSED, self._clock()) else None
        if sandbox.state is not State.ACTIVE and found.condition is Condition.RUNNING:
            return await self._paused(sandbox)
        return None


def agrees(sandbox: Sandbox, listed: Instance | None) -> bool:
    if listed is None:
        return False
    return (listed.condition is Condition.RUNNING) == (sandbox.state is State.ACTIVE)


async def each(them: Iterable[T], act: Callable[[T], Awaitable[str | None]]) -> Counts:
    """Several at once; how often each outcome came out."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(it: T) -> str | None:
        async with room:
            try:
                return await act(it)
            except (Retriable, Refused) as failure:
                log.warning("sandbox.neglected", reason=str(failure))
            except Exception:  # a defect over one machine must not keep the others from their turn
                log.exception("sandbox.defect")
            return "failed"

    outcomes = await asyncio.gather(*(one(it) for it in them))
    return Counter(outcome for outcome in outcomes if outcome is not None)
