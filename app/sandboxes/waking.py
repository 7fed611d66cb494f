"""How a machine comes up: the instance is started, made or replaced, and OpenCode booted in it. Who may do that, and
when, is the keeper's.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Errand, Note, Project, Sandbox, Server
from app.sandboxes.provider import PORT, Condition, Endpoint, Gone, Instance, Labels, Provider, Unclear
from app.turns.errors import Refused, Retriable
from app.words.machine import TOO_SLOW

log = structlog.get_logger()

Assure = Callable[[], Awaitable[None]]  # raises Retriable when the machine was taken away
DOUBT_SECONDS = 120.0  # that a server may be out of reach, and is believed to be at work all the same
FORGET_SECONDS = 90.0  # a doubt that is not renewed in this time is another one: turns look once a minute at least


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a machine must answer."""

    creation: float = 180.0
    resumption: float = 120.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Since when a server is out of reach, and when it was last found so; epoch seconds."""

    since: float
    last: float


class Waking:
    def __init__(
        self, provider: Provider, server: Server, clock: Callable[[], float], patience: Patience, *, recreate: bool
    ) -> None:
        self._provider = provider
        self._server = server
        self._clock = clock
        self._patience = patience
        self._recreate = recreate
        self._doubted: dict[ThreadId, Doubt] = {}

    async def answering(self, sandbox: Sandbox) -> Endpoint | None:
        """Where its server answers; None when only another start helps. Raises Unclear when nobody can get to it, for a
        while: a server that works must not be ended for that."""
        assert sandbox.ref is not None
        assert sandbox.password is not None
        try:
            endpoint = await self._provider.endpoint(sandbox.ref, PORT)
        except Retriable as failure:
            self._doubted.pop(sandbox.thread, None)
            if isinstance(failure, Unclear):
                raise
            return None
        try:
            is_there = await self._server.answers(endpoint, sandbox.password)
        except Unclear:
            if self._is_long(sandbox.thread):
                return None
            raise
        self._doubted.pop(sandbox.thread, None)  # not before: whoever looks may leave off in the middle
        return endpoint if is_there else None

    def _is_long(self, thread: ThreadId) -> bool:
        """Whether it has been out of reach for too long, now included."""
        now, doubt = self._clock(), self._doubted.get(thread)
        since = doubt.since if doubt is not None and now - doubt.last <= FORGET_SECONDS else now
        self._doubted[thread] = Doubt(since, now)
        return now - since >= DOUBT_SECONDS

    async def up(
        self, held: Sandbox, labels: Labels | None, project: Project, assure: Assure, note: Note
    ) -> tuple[str, Endpoint]:
        """The ref of its instance, and where OpenCode answers in it. Without `labels` none is made, and none replaced.
        `assure` is asked before what cannot be undone, `note` hears what is being done. Raises Retriable; and Refused,
        and then nothing that cannot serve goes on running."""
        self._doubted.pop(held.thread, None)
        try:
            return await self._booted(held, labels, project, assure, note)
        except Retriable as failure:
            raise Retriable(str(failure), failure.after, failure.tell or TOO_SLOW) from failure.__cause__
        except Refused:
            await self._put_down(held.name, assure)
            raise

    async def _booted(
        self, held: Sandbox, labels: Labels | None, project: Project, assure: Assure, note: Note
    ) -> tuple[str, Endpoint]:
        assert held.password is not None
        began = self._clock()
        note(Errand.WAKING if held.state is State.RESUMING else Errand.CREATING)
        ref, fresh = await self._running(held, labels, assure)
        within = self._patience.resumption
        if fresh:
            within = max(within, self._patience.creation - (self._clock() - began))
        endpoint = await self._server.boot(
            self._provider, ref, held.password, project=project, within=within, fresh=fresh, note=note
        )
        return ref, endpoint

    async def _running(self, held: Sandbox, labels: Labels | None, assure: Assure) -> tuple[str, bool]:
        """The ref of its instance, which runs, and whether it is a new one. What is written down is believed at first;
        after a failure it is looked up."""
        keeps = labels is None or not self._recreate
        if held.ref is not None and not held.resume_failures and keeps:
            with suppress(Gone):
                await self._provider.start(held.ref, within=self._patience.resumption)
                return held.ref, False
        if held.state is State.RESUMING and (found := await self._provider.find(held.name)):
            if labels is None or not self._is_spent(found):
                await self._provider.start(found.ref, within=self._patience.resumption)
                return found.ref, False
            await assure()
            await self._provider.delete(found.ref)
        if labels is None:
            raise Retriable("nothing is left of the machine")
        created = await self._provider.create(held.name, labels, within=self._patience.creation)
        return created.ref, True

    def _is_spent(self, instance: Instance) -> bool:
        if instance.condition is Condition.BROKEN:
            return True
        return self._recreate and instance.condition is not Condition.RUNNING

    async def _put_down(self, name: str, assure: Assure) -> None:
        try:
            instance = await self._provider.find(name)
            if instance is not None:
                await assure()
                await self._provider.stop(instance.ref)
        except (Retriable, Refused) as failure:
            log.warning("sandbox.left_running", sandbox=name, reason=str(failure))
