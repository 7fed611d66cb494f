"""Machines that exist on the shelf alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Machine, Sandbox
from app.sandboxes.provider import Endpoint, Labels
from app.store.shelf import SqliteShelf

PAUSE, ENSURE, ROUSE, AWAKE = "pause", "ensure", "rouse", "awake"
DESTROY, UNSAVED = "destroy", "unsaved"


@dataclass(slots=True)
class FakeMachines:
    """Every call is written into `log`. `failure` is what the next one that changes anything meets."""

    shelf: SqliteShelf
    log: list[str]
    holds_unsaved: bool | None = False  # what it says of one that is awake
    failure: Exception | None = None
    labels: Labels | None = None
    session: SessionId | None = None  # the one that it had last
    now: float = 1_000.0
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def make(self, thread: str, state: State = State.ACTIVE) -> None:
        """One is there before the test begins."""
        await self._settle(await self._seen(thread), State.CREATING, State.ACTIVE)
        if state is State.PAUSED:
            await self._settle(await self._seen(thread), State.PAUSING, State.PAUSED)
        elif state is not State.ACTIVE:
            await self._broken_at(await self._seen(thread), state)

    async def ensure(self, thread: ThreadId, labels: Labels) -> Machine:
        self._note(ENSURE)
        self.labels = labels
        sandbox = await self._seen(thread)
        if sandbox.state is not State.ACTIVE:
            passing = State.CREATING if sandbox.state is State.DESTROYED else State.RESUMING
            await self._settle(sandbox, passing, State.ACTIVE)
        return Machine(thread, Endpoint("http://machine"), "password", self.session)

    async def rouse(self, thread: ThreadId) -> Machine | None:
        self._note(ROUSE)
        sandbox = await self._seen(thread)
        if sandbox.state is State.DESTROYED:
            return None
        if sandbox.state is not State.ACTIVE:
            await self._settle(sandbox, State.RESUMING, State.ACTIVE)
        return Machine(thread, Endpoint("http://machine"), "password", self.session)

    async def awake(self, thread: ThreadId) -> Machine | None:
        self.log.append(AWAKE)
        is_awake = (await self._seen(thread)).state is State.ACTIVE
        return Machine(thread, Endpoint("http://machine"), "password", self.session) if is_awake else None

    async def touch(self, thread: ThreadId) -> None:
        await self.shelf.touch(thread, self.now)

    async def pause(self, thread: ThreadId) -> bool:
        self._note(PAUSE)
        sandbox = await self._seen(thread)
        return sandbox.state is State.ACTIVE and await self._settle(sandbox, State.PAUSING, State.PAUSED, spare=True)

    async def destroy(self, thread: ThreadId, first: Callable[[], Awaitable[None]] | None = None) -> bool:
        sandbox = await self._seen(thread)
        if first is not None and sandbox.state is not State.DESTROYED:
            await first()
        self._note(DESTROY)
        return sandbox.state is not State.DESTROYED and await self._settle(sandbox, State.DESTROYING, State.DESTROYED)

    async def unsaved(self, thread: ThreadId) -> bool | None:
        self.log.append(UNSAVED)
        return self.holds_unsaved if (await self._seen(thread)).state is State.ACTIVE else None

    def _note(self, call: str) -> None:
        self.log.append(call)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    async def _seen(self, thread: str) -> Sandbox:
        return await self.shelf.shelve(ThreadId(thread), f"opencord-{thread}", {}, self.now)

    async def _settle(self, seen: Sandbox, passing: State, rest: State, *, spare: bool = False) -> bool:
        until = self.now + 60
        taken = await self.shelf.take(seen, passing, "fake", self.now, until, password="password", spare=spare)
        if taken is None:
            return False
        ref = f"ref-{next(self._numbers)}" if passing is State.CREATING else None
        return await self.shelf.settle(seen.thread, "fake", rest, self.now, ref=ref)

    async def _broken_at(self, seen: Sandbox, state: State) -> None:
        """In error, or left in a passing state by somebody who holds it."""
        passing = State.RESUMING if state is State.ERROR else state
        assert await self.shelf.take(seen, passing, "fake", self.now, self.now + 60) is not None
        if state is State.ERROR:
            error = "OpenCode is not installed there."
            await self.shelf.let_go(seen.thread, "fake", self.now, error=error, state=State.ERROR)
