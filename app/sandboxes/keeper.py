"""Keeps one machine for every thread, and OpenCode answering in it.

The mapping from thread to machine to session is written down and authoritative: what exists is resumed, and something
new is made only where nothing is left. Before anything is done to a machine its state is moved to a passing one, by
compare-and-set; whoever loses that race looks again.

Only the holder of a turn's lease calls `ensure`, and a thread has one such turn: so a machine found CREATING or
RESUMING was left behind by somebody who died, and is taken over at once.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import (
    PORT,
    Condition,
    Endpoint,
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


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a machine must answer."""

    creation: float = 180.0
    resumption: float = 120.0

    def of(self, state: State) -> float:
        return self.creation if state is State.CREATING else self.resumption


TOO_SLOW = "Sorry, the machine did not come up in time. Please try again later, or tell whoever runs this bot."


class Keeper:
    def __init__(
        self, provider: Provider, server: Server, shelf: Shelf, clock: Callable[[], float], patience: Patience
    ) -> None:
        self._provider = provider
        self._server = server
        self._shelf = shelf
        self._clock = clock
        self._patience = patience

    async def ensure(self, thread: ThreadId, labels: Labels) -> Machine:
        """The thread's machine, awake and answering. Raises Retriable and Refused."""
        sandbox = await self._shelf.shelve(thread, name_of(thread), self._clock())
        if sandbox.state is State.ACTIVE:
            endpoint = await self._answering(sandbox)
            if endpoint is not None:
                return machine_of(sandbox, endpoint)
        sandbox = await self._take(sandbox)
        endpoint = await self._bring_up(sandbox, labels)
        return machine_of(sandbox, endpoint)

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
        """It was used just now."""
        await self._shelf.touch(thread, self._clock())

    async def take_stock(self) -> None:
        """Write down what became of the machines while nobody looked. Only while no turn is at work."""
        found = {instance.name: instance for instance in await self._provider.list()}
        for sandbox in await self._shelf.sandboxes():
            instance = found.get(sandbox.name)
            if sandbox.state is State.ACTIVE and (instance is None or instance.condition is Condition.STOPPED):
                rest = State.DESTROYED if instance is None else State.PAUSED
                await self._shelf.move(sandbox.thread, sandbox.state, rest, self._clock())

    async def sweep(self) -> None:
        """Delete the instances that are ours by their label, and that no thread knows."""
        try:
            instances = await self._provider.list()  # before the threads: whoever is made meanwhile is on the shelf
            known = {sandbox.name for sandbox in await self._shelf.sandboxes()}
            if instances and not known:
                # A store that knows nothing is likelier to be the wrong one than right about all of them.
                log.warning("sandbox.unknown", instances=len(instances))
                return
            strays = [one for one in instances if one.labels.get("app") == "opencord" and one.name not in known]
            for stray in strays:
                await self._provider.delete(stray.ref)
                log.warning("sandbox.stray", sandbox=stray.name)
        except (Retriable, Refused) as failure:
            log.warning("sandbox.unswept", reason=str(failure))

    async def _answering(self, sandbox: Sandbox) -> Endpoint | None:
        assert sandbox.ref is not None
        assert sandbox.password is not None
        try:
            endpoint = await self._provider.endpoint(sandbox.ref, PORT)
        except Retriable:
            return None
        return endpoint if await self._server.answers(endpoint, sandbox.password) else None

    async def _take(self, sandbox: Sandbox) -> Sandbox:
        """Move it to the passing state in which it is brought up. The password of the server that is going to be
        started is written down first, so that whoever comes after a crash can talk to it."""
        if sandbox.state in {State.CREATING, State.RESUMING}:
            return sandbox
        if sandbox.state in {State.PAUSING, State.DESTROYING}:
            raise Retriable(f"the machine is {sandbox.state}", after=1.0)
        passing = State.CREATING if sandbox.state is State.DESTROYED else State.RESUMING
        password = secrets.token_urlsafe(24)
        if not await self._shelf.move(sandbox.thread, sandbox.state, passing, self._clock(), password=password):
            raise Retriable("somebody else moved the machine", after=0.5)
        taken = await self._shelf.sandbox_of(sandbox.thread)
        assert taken is not None
        return taken

    async def _bring_up(self, sandbox: Sandbox, labels: Labels) -> Endpoint:
        began, within = self._clock(), self._patience.of(sandbox.state)
        try:
            async with asyncio.timeout(within):
                instance, endpoint = await self._booted(sandbox, labels, within)
        except TimeoutError as error:
            raise Retriable(f"the machine was not up within {within:g} s", tell=TOO_SLOW) from error
        except Refused as error:
            await self._put_down(sandbox.name)
            await self._shelf.move(sandbox.thread, sandbox.state, State.ERROR, self._clock(), error=error.tell)
            raise
        now = self._clock()
        if not await self._shelf.move(sandbox.thread, sandbox.state, State.ACTIVE, now, ref=instance.ref):
            raise Retriable("the machine was taken away while it came up", after=0.5)
        log.info("sandbox.active", sandbox=sandbox.name, was=sandbox.state, seconds=round(now - began, 2))
        return endpoint

    async def _put_down(self, name: str) -> None:
        """Nothing that cannot serve goes on running."""
        try:
            instance = await self._provider.find(name)
            if instance is not None:
                await self._provider.stop(instance.ref)
        except (Retriable, Refused) as failure:
            log.warning("sandbox.left_running", sandbox=name, reason=str(failure))

    async def _booted(self, sandbox: Sandbox, labels: Labels, within: float) -> tuple[Instance, Endpoint]:
        assert sandbox.password is not None
        instance = await self._running_instance(sandbox.name, labels)
        return instance, await self._server.boot(self._provider, instance, sandbox.password, within)

    async def _running_instance(self, name: str, labels: Labels) -> Instance:
        instance = await self._provider.find(name)
        if instance is not None and instance.condition is Condition.BROKEN:
            await self._provider.delete(instance.ref)
            instance = None
        if instance is None:
            return await self._provider.create(name, labels)
        if instance.condition is Condition.CHANGING:
            raise Retriable("the machine is changing", after=1.0)
        if instance.condition is Condition.STOPPED:
            await self._provider.start(instance.ref)
        return instance


def name_of(thread: ThreadId) -> str:
    """Unique, and the same for ever: the key by which a machine is found again after a crash."""
    return f"opencord-{thread}"


def machine_of(sandbox: Sandbox, endpoint: Endpoint) -> Machine:
    assert sandbox.password is not None
    return Machine(sandbox.thread, endpoint, sandbox.password, sandbox.session)
