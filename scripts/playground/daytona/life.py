"""How a sandbox moves from state to state, by itself, by request, or because its time is up.

A request only sets the course: it is refused at once or accepted at once, and a task of the sandbox's own gets there.
While that is under way the sandbox is in a pending state, and every other request to change it is refused.

    creating ─▶ started ─▶ stopping ─▶ stopped ─▶ starting ─▶ started
                                          └─▶ archiving ─▶ archived ─▶ restoring ─▶ started
    any that is not pending ─▶ destroying ─▶ gone
"""

import asyncio
import secrets
import time
from collections.abc import Coroutine
from typing import Any

from scripts.playground.daytona import inside
from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.errors import ERRORED, IN_PROGRESS, NOT_STOPPABLE, Refusal
from scripts.playground.daytona.records import ASLEEP, FAILED, PENDING, Sandbox, State

LOOKS_PER_MINUTE = 30


class Life:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._changes: dict[str, asyncio.Task[None]] = {}  # by sandbox: what is under way

    # By request: each raises Refusal

    async def create(self, sandbox: Sandbox) -> None:
        """Returns when it has started or failed, or after as long as Daytona holds such a request."""
        self.cloud.add(sandbox)
        if sandbox.state == State.PENDING_BUILD:
            self._begin(sandbox, self._build(sandbox))
            return
        change = self._begin(sandbox, self._boot(sandbox))
        await asyncio.wait([change], timeout=self.cloud.hold_seconds)
        if sandbox.state in FAILED:
            raise Refusal(400, f"Sandbox failed to start: {sandbox.error_reason}")

    def start(self, sandbox: Sandbox) -> None:
        if sandbox.state in FAILED:
            raise Refusal(400, ERRORED)
        if sandbox.state == State.STARTED:
            return
        if sandbox.state != State.ARCHIVING:
            self._need_settled(sandbox)
        stored = sandbox.state in (State.ARCHIVED, State.ARCHIVING)
        self._boot_from(sandbox, State.RESTORING if stored else State.STARTING)

    def recover(self, sandbox: Sandbox) -> None:
        self._need_settled(sandbox)
        if sandbox.state not in FAILED:
            raise Refusal(400, "Sandbox must be in error state to be recovered")
        if not sandbox.recoverable:
            raise Refusal(400, "Sandbox is not recoverable")
        sandbox.error_reason, sandbox.recoverable = None, False
        self._boot_from(sandbox, State.STARTING)

    def stop(self, sandbox: Sandbox) -> None:
        self._need_settled(sandbox)
        if sandbox.state != State.STARTED:
            raise Refusal(400, NOT_STOPPABLE)
        sandbox.desired_state = State.STOPPED
        self.cloud.move(sandbox, State.STOPPING)
        self._begin(sandbox, self._halt(sandbox))

    def archive(self, sandbox: Sandbox) -> None:
        self._need_settled(sandbox)
        if sandbox.state != State.STOPPED:
            raise Refusal(400, "Sandbox is not stopped")
        sandbox.desired_state = State.ARCHIVED
        self.cloud.move(sandbox, State.ARCHIVING)
        self._begin(sandbox, self._store(sandbox))

    def delete(self, sandbox: Sandbox) -> None:
        self._need_settled(sandbox)
        sandbox.desired_state = State.DESTROYED
        sandbox.name = f"DESTROYED_{sandbox.name}_{int(time.time() * 1000)}"  # the name is free at once
        self.cloud.move(sandbox, State.DESTROYING)
        self._begin(sandbox, self._destroy(sandbox))

    # As if its runner had done it

    def force(self, sandbox: Sandbox, state: State, error_reason: str | None, recoverable: bool) -> None:
        self._abandon(sandbox)
        sandbox.error_reason, sandbox.recoverable = error_reason, recoverable
        self.cloud.move(sandbox, state)
        if state != State.STARTED:
            self.kill(sandbox)

    def lose(self, sandbox: Sandbox) -> None:
        self._abandon(sandbox)
        del self.cloud.records[sandbox.id]
        self.kill(sandbox)
        inside.remove(sandbox.path)
        self.cloud.touch()

    def kill(self, sandbox: Sandbox) -> None:
        """Blocks for the moment that this takes."""
        self._cut(sandbox)
        inside.end_all([sandbox], 0)

    # Because its time is up

    async def clock(self) -> None:
        while True:
            await asyncio.sleep(self.cloud.minute / LOOKS_PER_MINUTE)
            for sandbox in list(self.cloud.records.values()):
                if sandbox.state not in PENDING:
                    self._look_at(sandbox, self.cloud.now())

    def _look_at(self, sandbox: Sandbox, now: float) -> None:
        if sandbox.in_use:
            sandbox.last_activity = now
        idle = (now - sandbox.last_activity) / self.cloud.minute
        if 0 < sandbox.ttl <= (now - sandbox.created) / self.cloud.minute:
            self.delete(sandbox)
        elif sandbox.state == State.STARTED and 0 < sandbox.auto_stop <= idle:
            self.stop(sandbox)
        elif sandbox.state in ASLEEP and 0 <= sandbox.auto_delete <= idle:
            self.delete(sandbox)
        elif sandbox.state == State.STOPPED and 0 < sandbox.auto_archive <= idle:
            self.archive(sandbox)

    # On the way

    def _need_settled(self, sandbox: Sandbox) -> None:
        if sandbox.state in PENDING:
            raise Refusal(409, IN_PROGRESS)

    def _begin(self, sandbox: Sandbox, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._changes[sandbox.id] = self.cloud.spawn(work)
        return self._changes[sandbox.id]

    def _abandon(self, sandbox: Sandbox) -> None:
        if (change := self._changes.pop(sandbox.id, None)) is not None:
            change.cancel()

    def _boot_from(self, sandbox: Sandbox, state: State) -> None:
        self._abandon(sandbox)
        sandbox.desired_state = State.STARTED
        self.cloud.move(sandbox, state)
        self._begin(sandbox, self._boot(sandbox))

    async def _build(self, sandbox: Sandbox) -> None:
        await asyncio.sleep(self.cloud.build_seconds)
        self.cloud.move(sandbox, State.BUILDING)
        await asyncio.sleep(self.cloud.build_seconds)
        assert sandbox.build_info is not None
        if self.cloud.build_error is not None:
            sandbox.error_reason = self.cloud.build_error
            self.cloud.move(sandbox, State.BUILD_FAILED)
            return
        self.cloud.built.add(sandbox.build_info["dockerfileContent"])
        self.cloud.move(sandbox, State.CREATING)
        await self._boot(sandbox)

    async def _boot(self, sandbox: Sandbox) -> None:
        await asyncio.sleep(self.cloud.boot_seconds)
        sandbox.port = inside.free_port({other.port for other in self.cloud.records.values()})
        sandbox.token = secrets.token_hex(16)
        inside.make(sandbox)
        self.cloud.move(sandbox, State.STARTED)

    async def _halt(self, sandbox: Sandbox) -> None:
        self._cut(sandbox)
        await self._end(sandbox)
        self.cloud.move(sandbox, State.STOPPED)
        if sandbox.auto_delete == 0:
            self.delete(sandbox)

    async def _store(self, sandbox: Sandbox) -> None:
        await asyncio.sleep(self.cloud.stop_seconds)
        self.cloud.move(sandbox, State.ARCHIVED)

    async def _destroy(self, sandbox: Sandbox) -> None:
        self._cut(sandbox)
        await self._end(sandbox)
        await asyncio.to_thread(inside.remove, sandbox.path)
        self.cloud.records.pop(sandbox.id, None)
        self.cloud.move(sandbox, State.DESTROYED)

    async def _end(self, sandbox: Sandbox) -> None:
        ending = asyncio.to_thread(inside.end_all, [sandbox], self.cloud.stop_grace)
        await asyncio.gather(asyncio.sleep(self.cloud.stop_seconds), ending)

    def _cut(self, sandbox: Sandbox) -> None:
        """Nothing of it can be reached from now on, and what is under way breaks off."""
        for request in list(sandbox.traffic):
            request.cancel()
        sandbox.sessions.clear()
