"""Brings webhook events to the app: signed, POSTed, and again after longer and longer pauses until it says 204.

They are late, and in no order: nobody may wait for one to learn of another.
https://docs.discord.com/developers/events/webhook-events#responding-to-events
"""

from datetime import UTC, datetime

import httpx

from scripts.playground.discord.courier import Courier
from scripts.playground.discord.errors import Json
from scripts.playground.discord.records import EVENTS_ON
from scripts.playground.discord.world import World


class Notice:
    """One event on its way. `answers` has a status for every try, 0 where there was none in time."""

    def __init__(self, world: World, name: str, content: Json) -> None:
        self.url = world.application.events_url or ""
        happened = datetime.fromtimestamp(world.clock.now(), UTC).replace(tzinfo=None).isoformat()
        self.body: Json = {
            "version": 1,
            "application_id": world.application.id,
            "type": 1,
            "event": {"type": name, "timestamp": happened, "data": content},
        }
        self.answers: list[int] = []

    @property
    def taken(self) -> bool:
        return 204 in self.answers


class Herald:
    def __init__(self, world: World, courier: Courier) -> None:
        self.world, self.courier = world, courier

    def wanted(self, name: str) -> bool:
        application = self.world.application
        on = application.events_url is not None and application.events_status == EVENTS_ON
        return on and name in application.event_types

    async def deliver(self, notice: Notice) -> None:
        """Until it is taken, or has been tried often enough. Never raises."""
        for pause in (0.0, *self.world.rules.event_pauses):
            await self.world.clock.sleep(pause)
            if await self._try(notice) == 204:
                break
        else:
            self.world.accuse(f"webhook event {notice.body['event']['type']}: answered {notice.answers}, never 204")
            return
        if self.world.faults.take_duplicate_notice():
            await self._try(notice)

    async def _try(self, notice: Notice) -> int:
        try:
            status = (await self.courier.post(notice.url, notice.body)).status_code
        except httpx.HTTPError:
            status = 0
        notice.answers.append(status)
        self.world.touch()
        return status
