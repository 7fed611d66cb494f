"""Keeps one machine for every thread, and OpenCode answering in it.

The mapping from thread to machine to session is written down and authoritative: what exists is resumed, and something
new is made only where nothing is left. Before anything is done to a machine its row is moved to a passing state by
compare-and-set, and held for as long as the work lasts; whoever loses that race waits and looks again. A hold runs out
by itself when its holder dies, and what is left is taken over: every piece of work is idempotent by the machine's name.

A turn's way is `ensure`. `stop` and `remove` are for whoever keeps house; they pass by a machine that a turn needs.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from app.ids import SessionId, ThreadId
from app.sandboxes.holds import Holds
from app.sandboxes.machine import State
from app.sandboxes.ports import (
    PORT,
    Condition,
    Endpoint,
    Gone,
    Instance,
    Labels,
    Machine,
    Provider,
    Sandbox,
    Server,
    Shelf,
)
from app.turns.errors import Refused, Retriable

log = structlog.get_logger()

TOO_SLOW = "Sorry, the machine did not come up in time. Please try again later, or tell whoever runs this bot."


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a machine must answer."""

    creation: float = 180.0
    resumption: float = 120.0


class Keeper:
    def __init__(
        self,
        provider: Provider,
        server: Server,
        shelf: Shelf,
        clock: Callable[[], float],
        patience: Patience,
        *,
        recreate: bool = False,
    ) -> None:
        """With `recreate` a machine that has been stopped is replaced instead of being resumed."""
        self._provider = provider
        self._server = server
        self._shelf = shelf
        self._holds = Holds(shelf, clock)
        self._clock = clock
        self._patience = patience
        self._recreate = recreate
        self._waking: dict[ThreadId, asyncio.Task[Machine]] = {}
        self._known: dict[ThreadId, Machine] = {}  # as they were when last looked at

    async def ensure(self, thread: ThreadId, labels: Labels, *, trusting: bool = False) -> Machine:
        """The thread's machine, awake and answering. Raises Retriable and Refused. `trusting` takes one that is written
        down as active at its word, without asking it."""
        known = self._known.get(thread)
        if trusting and known is not None:
            sandbox = await self._shelf.sandbox_of(thread)
            if sandbox is not None and sandbox.state is State.ACTIVE and sandbox.password == known.password:
                return replace(known, session=sandbox.session)
        return await asyncio.shield(self.begin(thread, labels))

    def begin(self, thread: ThreadId, labels: Labels) -> "asyncio.Task[Machine]":
        """Have it woken or made, beside whatever else is done. Whoever comes while that lasts gets the same."""
        task = self._waking.get(thread)
        if task is None:
            task = self._waking[thread] = asyncio.create_task(self._wake(thread, labels), name=f"machine of {thread}")
            task.add_done_callback(lambda ended: self._woken(thread, ended))
        return task

    async def awake(self, thread: ThreadId) -> Machine | None:
        """The thread's machine if it answers now; nothing is started for it."""
        sandbox = await self._shelf.sandbox_of(thread)
        if sandbox is None or sandbox.state is not State.ACTIVE:
            return None
        endpoint = await self._answering(sandbox)
        return machine_of(sandbox, endpoint) if endpoint else None

    async def remember_session(self, thread: ThreadId, session: SessionId) -> None:
        await self._shelf.remember_session(thread, session)

    async def touch(self, thread: ThreadId) -> None:
        """It is in use. As well as can be: what its provider hears of it."""
        await self._shelf.touch(thread, self._clock())
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

    async def destroy(self, thread: ThreadId) -> bool:
        """Delete it with its files, whoever needs it. False when there is none."""
        while True:
            sandbox = await self._holds.at_rest(thread)
            if sandbox is None or sandbox.state is State.DESTROYED:
                return False
            if await self.remove(sandbox, spare=False):
                return True

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
            await self._provider.stop(instance.ref)
            return await self._holds.settle(held, State.PAUSED)

    async def remove(self, seen: Sandbox, *, spare: bool = True) -> bool:
        """Delete it, unless it is no more as it was seen; with `spare`, unless a turn needs it."""
        held = await self._holds.take(seen, State.DESTROYING, spare=spare)
        if held is None:
            return False
        self._known.pop(held.thread, None)
        async with self._holds.at_work(held):
            instance = await self._provider.find(held.name)
            if instance is not None:
                await self._provider.delete(instance.ref)
            return await self._holds.settle(held, State.DESTROYED)

    async def close(self) -> None:
        """Nothing is woken any more; what was at it is handed back."""
        for task in (tasks := list(self._waking.values())):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wake(self, thread: ThreadId, labels: Labels) -> Machine:
        await self._shelf.shelve(thread, name_of(thread), self._clock())
        while True:
            sandbox = await self._holds.at_rest(thread)
            assert sandbox is not None
            if sandbox.state is State.ACTIVE and (endpoint := await self._answering(sandbox)):
                return machine_of(sandbox, endpoint)
            if sandbox.state is State.DESTROYING:
                await self.remove(sandbox, spare=False)
                continue
            passing = State.CREATING if sandbox.state in {State.DESTROYED, State.CREATING} else State.RESUMING
            # Written down before a server is started with it, so that whoever comes after a crash can talk to it.
            held = await self._holds.take(sandbox, passing, password=secrets.token_urlsafe(24))
            if held is not None:
                return await self._bring_up(held, labels)

    def _woken(self, thread: ThreadId, ended: "asyncio.Task[Machine]") -> None:
        del self._waking[thread]
        if ended.cancelled() or ended.exception() is not None:
            self._known.pop(thread, None)  # whoever waited for it has the reason
        else:
            self._known[thread] = ended.result()

    async def _answering(self, sandbox: Sandbox) -> Endpoint | None:
        assert sandbox.ref is not None
        assert sandbox.password is not None
        try:
            endpoint = await self._provider.endpoint(sandbox.ref, PORT)
        except Retriable:
            return None
        return endpoint if await self._server.answers(endpoint, sandbox.password) else None

    async def _bring_up(self, held: Sandbox, labels: Labels) -> Machine:
        async with self._holds.at_work(held):
            try:
                ref, endpoint = await self._booted(held, labels)
            except Retriable as failure:
                raise Retriable(str(failure), failure.after, failure.tell or TOO_SLOW) from failure.__cause__
            except Refused:
                await self._put_down(held.name)
                raise
            await self._holds.settle(held, State.ACTIVE, ref)
        return machine_of(held, endpoint)

    async def _put_down(self, name: str) -> None:
        """Nothing that cannot serve goes on running."""
        try:
            instance = await self._provider.find(name)
            if instance is not None:
                await self._provider.stop(instance.ref)
        except (Retriable, Refused) as failure:
            log.warning("sandbox.left_running", sandbox=name, reason=str(failure))

    async def _booted(self, held: Sandbox, labels: Labels) -> tuple[str, Endpoint]:
        assert held.password is not None
        began = self._clock()
        ref, fresh = await self._running(held, labels)
        within = self._patience.resumption
        if fresh:
            within = max(within, self._patience.creation - (self._clock() - began))
        return ref, await self._server.boot(self._provider, ref, held.password, within=within, fresh=fresh)

    async def _running(self, held: Sandbox, labels: Labels) -> tuple[str, bool]:
        """The ref of its instance, which runs, and whether it is a new one. What is written down is believed at first;
        after a failure it is looked up."""
        if held.ref is not None and not held.resume_failures and not self._recreate:
            with suppress(Gone):
                await self._provider.start(held.ref, within=self._patience.resumption)
                return held.ref, False
        if held.state is State.RESUMING and (found := await self._provider.find(held.name)):
            if not self._is_spent(found):
                await self._provider.start(found.ref, within=self._patience.resumption)
                return found.ref, False
            await self._provider.delete(found.ref)
        labels = {**labels, "store": await self._shelf.store()}
        created = await self._provider.create(held.name, labels, within=self._patience.creation)
        return created.ref, True

    def _is_spent(self, instance: Instance) -> bool:
        return instance.condition is Condition.BROKEN or (
            self._recreate and instance.condition is not Condition.RUNNING
        )


def name_of(thread: ThreadId) -> str:
    """Unique, and the same for ever: the key by which a machine is found again after a crash."""
    return f"opencord-{thread}"


def machine_of(sandbox: Sandbox, endpoint: Endpoint) -> Machine:
    assert sandbox.password is not None
    return Machine(sandbox.thread, endpoint, sandbox.password, sandbox.session)
