"""The strict simulator of Discord, a real store, and catching up between the two."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.discord.rest import Rest
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId, ThreadId
from app.inbox.catchup import CatchUp
from app.turns.machine import Stage
from app.turns.records import Place
from app.turns.routing import Policy
from scripts.playground.discord import Person, Rules, Simulator
from tests.inbox.desk import OPENED, Desk, desk, mentioning


@dataclass(slots=True)
class Scene:
    discord: Simulator
    desk: Desk
    rest: Rest
    alice: Person
    policy: Policy = field(default_factory=Policy)
    happened: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)  # that must be, and no others
    _catch_up: CatchUp | None = None

    @property
    def channel(self) -> str:
        return str(self.discord.channel("general").id)

    @property
    def mention(self) -> str:
        return f"<@{self.discord.application_id}>"

    async def us(self) -> str:
        return self.discord.application_id

    async def entered(self, guild: GuildId) -> None:
        self.happened.append("entered")
        await self.desk.places.note_guild(guild)

    async def left(self, guild: GuildId) -> None:
        self.happened.append("left")
        await self.desk.places.note_guild_gone(guild, self.discord.clock.now())

    async def gone(self, thread: ThreadId) -> None:
        self.happened.append(f"gone {thread}")
        await self.desk.places.note_gone(ChannelId(thread))

    def catch_up(self) -> CatchUp:
        self._catch_up = self._catch_up or CatchUp(
            self.rest,
            self.desk.places,
            self.desk.asks,
            self.us,
            self.policy,
            self.discord.clock.now,
            entered=self.entered,
            left=self.left,
            gone=self.gone,
        )
        return self._catch_up

    async def read(self) -> list[str]:
        """What it brought, in the order of admission."""
        known = {turn.id for turn in await self.desk.ledger.live_turns()}
        await self.catch_up().run()
        return [turn.prompt for turn in await self.desk.ledger.live_turns() if turn.id not in known]

    async def write(self, content: str, channel: str | None = None) -> str:
        return str((await self.alice.write(channel or self.channel, content))["id"])

    async def ask(self, content: str, channel: str | None = None) -> str:
        return await self.write(f"{self.mention} {content}", channel)

    async def thread(self, name: str = "talk") -> str:
        """Somebody's own."""
        return str((await self.alice.start_thread(self.channel, name))["id"])

    async def own(self, thread: str, first: str) -> None:
        """The message in it was heard, and taken."""
        body = mentioning(first, "start", channel=thread, channel_type=11, guild_id=self.discord.guild)
        self.desk.us = "900"
        await self.desk.hear("MESSAGE_CREATE", body)
        now = self.discord.clock.now()
        turn = await self.desk.ledger.claim("mine", now, now + 15, [Stage.ADMITTED])
        assert turn is not None
        place = Place(turn.place.guild, ChannelId(self.channel), ThreadId(thread))
        await self.desk.ledger.note_place(turn.id, "mine", place)
        await self.desk.bring(turn.id, *OPENED)

    def pages(self) -> int:
        return sum(path.endswith("/messages") for method, path, _ in self.discord.requests if method == "GET")


async def at_once(seconds: float) -> None:
    """Nobody waits for the next try."""


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with Simulator(rules=Rules(rates=None)) as discord, httpx.AsyncClient() as http, desk(folder) as here:
        here.clock = discord.clock.now
        here.now = discord.clock.now()
        rest = Rest(Transport(http, discord.api_url, discord.token, sleep=at_once))
        yield Scene(discord, here, rest, discord.add_person("alice"))
