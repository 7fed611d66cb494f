"""Keeps one machine for every thread, and OpenCode answering in it.

The mapping from thread to machine to session is written down and authoritative: what exists is resumed, and something
new is made only where nothing is left. Before anything is done to a machine its row is moved to a passing state by
compare-and-set, and held for as long as the work lasts; whoever loses that race waits and looks again. A hold runs out
by itself when its holder dies, and what is left is taken over: every piece of work is idempotent by the machine's name.

A turn's way is `ensure`; `rouse` is for whoever looks back at what a machine has done. `stop` and `remove` are for
whoever keeps house; they pass by a machine that a turn needs.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from app.ids import SessionId, ThreadId
from app.sandboxes.holds import Holds
from app.sandboxes.machine import PASSING, State
from app.sandboxes.ports import Errand, Machine, Project, Projects, Sandbox, Server, Shelf
from app.sandboxes.provider import Condition, Endpoint, Labels, Provider, Unclear
from app.sandboxes.waking import Patience, Waking
from app.turns.errors import Refused, Retriable

T = TypeVar("T", Machine, Machine | None)
EMPTY = frozenset({State.CREATING, State.DESTROYING, State.DESTROYED})  # nothing that was done lies there
TIDY_SECONDS = 2.0  # for what was at work when the process is told to end


class Keeper:
    def __init__(
        self,
        provider: Provider,
        server: Server,
        shelf: Shelf,
        clock: Callable[[], float],
        patience: Patience,
        projects: Projects | None = None,
        *,
        recreate: bool = False,
    ) -> None:
        """`projects` tells what a thread works on. With `recreate` a machine that has been stopped is replaced
        instead of being resumed."""
        self._projects = projects
        self._provider = provider
        self._server = server
        self._shelf = shelf
        self._clock = clock
        self._holds = Holds(shelf, clock)
        self._waking = Waking(provider, server, clock, patience, recreate=recreate)
        self._tasks: dict[ThreadId, asyncio.Task[Machine]] = {}  # of those that are being woken
        self._rousing: dict[ThreadId, asyncio.Task[Machine | None]] = {}  # the same, for a look back
        self._known: dict[ThreadId, Machine] = {}  # as they were when last looked at
        self._errands: dict[ThreadId, Errand] = {}  # what is being done for them
        self._closed = False

    async def ensure(self, thread: ThreadId, labels: Labels, *, trusting: bool = False) -> Machine:
        """The thread's machine, awake and answering. Raises Retriable and Refused. `trusting` takes one that is written
        down as active at its word, without asking it."""
        known = self._known.get(thread)
        if trusting and known is not None:
            sandbox = await self._shelf.sandbox_of(thread)
            if sandbox is not None and sandbox.state is State.ACTIVE and sandbox.password == known.password:
                return replace(known, session=sandbox.session)
        return await shared(self.begin(thread, labels))

    def begin(self, thread: ThreadId, labels: Labels) -> "asyncio.Task[Machine]":
        """Have it woken or made, beside whatever else is done. Whoever comes while that lasts gets the same. Raises
        Retriable once the keeper is closed."""
        if self._closed:
            raise Retriable("the app is ending")
        task = self._tasks.get(thread)
        if task is None:
            task = self._tasks[thread] = asyncio.create_task(self._wake(thread, labels), name=f"machine of {thread}")
            task.add_done_callback(lambda ended: self._woken(self._tasks, thread, ended))
        return task

    async def rouse(self, thread: ThreadId) -> Machine | None:
        """The machine that the thread has, awake and answering; None where nothing is left of it. None is made for
        that, and none replaced, also where a stopped one would be for a turn. Raises Retriable and Refused."""
        if self._closed:
            raise Retriable("the app is ending")
        task = self._rousing.get(thread)
        if task is None:
            task = self._rousing[thread] = asyncio.create_task(self._rouse(thread), name=f"old machine of {thread}")
            task.add_done_callback(lambda ended: self._woken(self._rousing, thread, ended))
        return await shared(task)

    def errand(self, thread: ThreadId) -> Errand | None:
        """What is being done so that its machine comes up, if that is done here."""
        return self._errands.get(thread)

    async def awake(self, thread: ThreadId) -> Machine | None:
        """The thread's machine if it answers now; nothing is started for it."""
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.state is not State.ACTIVE:
            return None
        with suppress(Unclear):
            endpoint = await self._waking.answering(sandbox)
            return machine_of(sandbox, endpoint) if endpoint else None
        return None

    async def is_active(self, thread: ThreadId) -> bool:
        """Whether it is written down as awake, though it may answer nobody now."""
        sandbox = await self._shelf.sandbox_of(thread)
        return sandbox is not None and sandbox.state is State.ACTIVE

    async def remember_session(self, thread: ThreadId, session: SessionId) -> None:
        await self._shelf.remember_session(thread, session)

    async def touch(self, thread: ThreadId) -> None:
        """It was used just now."""
        await self._shelf.touch(thread, self._clock())

    async def keep_awake(self, thread: ThreadId) -> None:
        """It is in use, though nobody may be talking to it: its provider hears of it too, as well as can be."""
        await self.touch(thread)
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is not None and sandbox.ref is not None:
            with suppress(Retriable, Refused):
                await self._provider.touch(sandbox.ref)

    async def unsaved(self, thread: ThreadId) -> bool | None:
        """Whether its workspace holds work that exists nowhere else; None when it cannot be asked now."""
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.state is not State.ACTIVE or sandbox.ref is None:
            return None
        try:
            return await self._server.has_unsaved(self._provider, sandbox.ref)
        except (Retriable, Refused):
            return None

    async def pause(self, thread: ThreadId) -> bool:
        """Stop it now. False when a turn needs it, or it is not awake."""
        sandbox = await self._shelf.sandbox_of(thread)
        return sandbox is not None and sandbox.state is State.ACTIVE and await self.stop(sandbox)

    async def destroy(self, thread: ThreadId, first: Callable[[], Awaitable[None]] | None = None) -> bool:
        """Delete it with its files, whoever needs it; what is waking it here ends. `first` is done when nobody can get
        to it any more. False when there is none."""
        self._stop_waking(thread)
        while True:
            sandbox = await self._holds.at_rest(thread)
            if sandbox is None or sandbox.state is State.DESTROYED:
                return False
            if await self.remove(sandbox, spare=False, first=first):
                return True

    def _stop_waking(self, thread: ThreadId) -> None:
        for task in (self._tasks.get(thread), self._rousing.get(thread)):
            if task is not None:
                task.cancel()

    async def stop(self, seen: Sandbox) -> bool:
        """Stop it, unless a turn needs it or it is no more as it was seen."""
        held = await self._holds.take(seen, State.PAUSING, spare=True)
        if held is None:
            return False
        self._known.pop(held.thread, None)
        async with self._holds.at_work(held):
            instance = await self._provider.find(held.name)
            if instance is None:
                return await self._holds.settle(held, State.DESTROYED)
            if instance.condition is Condition.BROKEN:
                return await self._holds.settle(held, State.ERROR)
            await self._holds.assure(held)
            await self._provider.stop(instance.ref)
            return await self._holds.settle(held, State.PAUSED)

    async def remove(
        self, seen: Sandbox, *, spare: bool = True, first: Callable[[], Awaitable[None]] | None = None
    ) -> bool:
        """Delete it, unless it is no more as it was seen; with `spare`, unless a turn needs it."""
        held = await self._holds.take(seen, State.DESTROYING, spare=spare)
        if held is None:
            return False
        self._known.pop(held.thread, None)
        async with self._holds.at_work(held):
            if first is not None:
                await first()
                self._stop_waking(held.thread)  # whoever was waiting for this to end may have been stopped by it
            instance = await self._provider.find(held.name)
            if instance is not None:
                await self._holds.assure(held)
                await self._provider.delete(instance.ref)
            return await self._holds.settle(held, State.DESTROYED)

    async def close(self) -> None:
        """Nothing is woken any more, and what was at it is handed back: within a few seconds, for what tidies up after
        one cancellation is cut short by another, and then left to whoever reconciles."""
        self._closed = True
        tasks: set[asyncio.Task[Any]] = {*self._tasks.values(), *self._rousing.values()}
        for _ in range(2):
            for task in tasks:
                task.cancel()
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=TIDY_SECONDS)

    async def _wake(self, thread: ThreadId, labels: Labels) -> Machine:
        await self._shelf.shelve(thread, name_of(thread), labels, self._clock())
        while True:
            sandbox = await self._holds.at_rest(thread)
            assert sandbox is not None
            if sandbox.state is State.ACTIVE and (endpoint := await self._waking.answering(sandbox)):
                return machine_of(sandbox, endpoint)
            if sandbox.state is State.DESTROYING:
                await self.remove(sandbox, spare=False)
                continue
            passing = State.CREATING if sandbox.state in {State.DESTROYED, State.CREATING} else State.RESUMING
            # Written down before a server is started with it, so that whoever comes after a crash can talk to it.
            held = await self._holds.take(sandbox, passing, password=secrets.token_urlsafe(24))
            if held is not None:
                return await self._bring_up(held, labels)

    async def _rouse(self, thread: ThreadId) -> Machine | None:
        while True:
            sandbox = await self._holds.at_rest(thread)
            if sandbox is None or sandbox.state in EMPTY:
                return None
            if sandbox.state is State.ACTIVE and (endpoint := await self._waking.answering(sandbox)):
                return machine_of(sandbox, endpoint)
            if not await self._is_left(sandbox):
                return None
            held = await self._holds.take(sandbox, State.RESUMING, password=secrets.token_urlsafe(24))
            if held is not None:
                return await self._bring_up(held, None)

    async def _is_left(self, sandbox: Sandbox) -> bool:
        """Whether there is something to be woken; that there is nothing is written down."""
        found = await self._provider.find(sandbox.name)
        if found is None and sandbox.state not in PASSING:
            await self._shelf.note(sandbox, State.DESTROYED, self._clock())
        return found is not None and found.condition is not Condition.BROKEN

    def _woken(self, tasks: dict[ThreadId, "asyncio.Task[T]"], thread: ThreadId, ended: "asyncio.Task[T]") -> None:
        del tasks[thread]
        self._errands.pop(thread, None)
        machine = None if ended.cancelled() or ended.exception() is not None else ended.result()
        if machine is None:
            self._known.pop(thread, None)  # whoever waited for it has the reason
        else:
            self._known[thread] = machine

    async def _bring_up(self, held: Sandbox, labels: Labels | None) -> Machine:
        async with self._holds.at_work(held):
            if labels is not None:
                labels = {**labels, "store": await self._shelf.store()}
            note = partial(self._errands.__setitem__, held.thread)
            project = await self._projects(held.thread) if self._projects else Project()
            ref, endpoint = await self._waking.up(held, labels, project, partial(self._holds.assure, held), note)
            await self._holds.settle(held, State.ACTIVE, ref)
        return machine_of(held, endpoint)


async def shared(task: "asyncio.Task[T]") -> T:
    """What it comes to, for one of several who wait for it. Raises Retriable when it was cancelled."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled() and not asyncio.current_task().cancelling():  # type: ignore[union-attr]
            raise Retriable("the machine is thrown away, or the app is ending", after=0.5) from None
        raise


def name_of(thread: ThreadId) -> str:
    """Unique, and the same for ever: the key by which a machine is found again after a crash."""
    return f"opencord-{thread}"


def machine_of(sandbox: Sandbox, endpoint: Endpoint) -> Machine:
    assert sandbox.password is not None
    return Machine(sandbox.thread, endpoint, sandbox.password, sandbox.session)
