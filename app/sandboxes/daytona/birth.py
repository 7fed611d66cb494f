"""Making a sandbox at Daytona, so that whatever happens there is one of its name in the end, or none.

A request to create may fail and take effect all the same: Daytona holds it until the sandbox runs, proxies grow tired
of that, and a sandbox that does not come up is answered with 400 and stays. So after every failure the name is looked
up, and what is found is taken.

https://www.daytona.io/docs/en/sandboxes
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import structlog

from app.sandboxes.daytona.calls import Pace, once
from app.sandboxes.daytona.cloud import Cloud
from app.sandboxes.daytona.errors import Failed, Inactive, Unauthorised
from app.sandboxes.daytona.life import LEAVING, MOST_FAILURES, away, condition_of, state_of, unborn, up
from app.sandboxes.daytona.snapshots import activate
from app.sandboxes.provider import Condition
from app.turns.errors import Refused, Retriable

if TYPE_CHECKING:
    from daytona import AsyncDaytona, AsyncSandbox

log = structlog.get_logger()


class Birth:
    """One attempt to have a running sandbox of a name. `order` is what the SDK calls parameters."""

    def __init__(self, cloud: Cloud, name: str, order: Any, pace: Pace) -> None:
        self._cloud = cloud
        self._name = name
        self._order = order
        self._pace = pace
        self._sent = False  # something may exist that nobody has looked at
        self._made: str | None = None  # the id of what was made here

    async def run(self) -> "AsyncSandbox":
        sandbox = await self._made_or_found()
        self._cloud.keep(sandbox)
        try:
            await up(sandbox, self._pace)
        except Retriable:
            if condition_of(sandbox) is Condition.BROKEN:
                await away(sandbox, self._pace)
                self._cloud.forget(sandbox.id)
                self._made = None
            raise
        return sandbox

    async def undo(self) -> None:
        """Delete what was made here and did not come up; also when cancelled, within a limited time. A sandbox that
        was there before is left alone: somebody's work may be in it."""
        if not self._sent and self._made is None:
            return
        with anyio.move_on_after(self._pace.tidy, shield=True) as scope:
            try:
                found = await self._cloud.named(self._name)
                if found is not None and (found.id == self._made or unborn(found)):
                    await away(found, self._pace)
                    self._cloud.forget(found.id)
                return
            except (Retriable, Refused) as failure:
                log.warning("sandbox.left_running", sandbox=self._name, reason=str(failure))
        if scope.cancelled_caught:
            log.warning("sandbox.left_running", sandbox=self._name, reason="it could not be deleted in time")

    async def _made_or_found(self) -> "AsyncSandbox":
        client = await self._cloud.client()
        failures = 0
        while True:
            try:
                return await self._make(client)
            except Inactive:
                await activate(client, self._order.snapshot, self._pace)
                wait = 0.0
            except Unauthorised:
                self._sent = False
                raise
            except (Failed, Refused) as failure:
                found = await self._cloud.named(self._name)
                self._sent = False
                if found is not None and state_of(found) not in LEAVING:
                    return self._adopted(found)
                if isinstance(failure, Refused):
                    raise
                allowed = self._pace.look if failure.busy else failure.wait(self._pace.look)
                if allowed is None:
                    raise
                wait = allowed
            failures += 1
            if failures > MOST_FAILURES:
                raise Failed("Daytona could not create a sandbox, again and again")
            await asyncio.sleep(wait)

    async def _make(self, client: "AsyncDaytona") -> "AsyncSandbox":
        self._sent = True
        create = partial(client.create, self._order, timeout=self._pace.create)
        made = await once(create, "create a sandbox", self._pace.create + self._pace.call)
        self._sent, self._made = False, made.id
        return made

    def _adopted(self, found: "AsyncSandbox") -> "AsyncSandbox":
        if unborn(found):
            self._made = found.id
        return found
