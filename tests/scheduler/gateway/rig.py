"""A real shim between the simulator and a small app, in one loop over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from app.connections import open_http
from scheduler.gateway.fleet import Fleet
from scheduler.gateway.pace import PACE, Pace
from scheduler.relay import KEEP_SECONDS, Relay
from scripts.playground.discord import Simulator
from tests.scheduler.gateway.inbox import Inbox, served
from tests.web.doorway import SEED

QUICK = replace(
    PACE, beat=0.1, beat_again=0.05, standby=0.05, retry=0.01, longest_retry=0.05, reconnect=0.01,
    longest_reconnect=0.05, lasting=0.01, restart=0.01, calm=0.01, spacing=0.05, refused=0.2, stopped=0.2, drain=0.5,
)  # fmt: skip


@asynccontextmanager
async def shim(url: str, api_url: str, token: str, pace: Pace = QUICK) -> AsyncIterator[None]:
    """As a process would have it: another holder each time. At the end it takes leave."""
    async with open_http(KEEP_SECONDS) as http:
        fleet = Fleet(http, api_url, token, Relay(http, url, SEED), pace, jitter=lambda: 0.1)
        listening = asyncio.get_running_loop().create_task(fleet.listen())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


@dataclass(slots=True)
class Rig:
    discord: Simulator
    inbox: Inbox
    url: str

    @asynccontextmanager
    async def shim(self, pace: Pace = QUICK, api_url: str = "") -> AsyncIterator[None]:
        async with shim(self.url, api_url or self.discord.api_url, self.discord.token, pace):
            yield

    @property
    def identifies(self) -> int:
        return self.discord.world.identifies

    async def connected(self, sessions: int = 1) -> None:
        """So many sessions were begun, and the connection is up."""
        await self.inbox.until(lambda: len(self.inbox.named("READY")) >= sessions and self.inbox.problem is None)

    async def heard(self, *texts: str) -> None:
        """Exactly these, in this order."""
        await self.inbox.until(lambda: len(self.inbox.said()) >= len(texts))
        assert self.inbox.said() == list(texts)

    async def ask(self, *texts: str) -> list[Any]:
        """Somebody mentions the bot in #general; the texts as they arrive."""
        ada = next(iter(self.discord.people.values()), None) or self.discord.add_person("ada")
        general = self.discord.channel("general").id
        return [(await ada.write(general, f"<@{self.discord.application_id}> {text}"))["content"] for text in texts]


@asynccontextmanager
async def rigged(discord: Simulator, inbox: Inbox | None = None) -> AsyncIterator[Rig]:
    inbox = inbox or Inbox()
    async with discord, served(inbox) as url:
        yield Rig(discord, inbox, url)
