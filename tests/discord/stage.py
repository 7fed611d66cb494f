"""A Discord that keeps its rules and accuses whoever breaks them, and what a turn deals with there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from app.discord import payloads
from app.discord.chat import DiscordChat
from app.discord.downloads import Downloads
from app.discord.identity import Application, Identity
from app.discord.interactions import parse
from app.discord.rest import Rest
from app.discord.speech import Speech
from app.discord.threads import DiscordThreads
from app.discord.transport import Transport
from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.turns.records import Asker, Place, Request, Source, Turn
from app.turns.status import Phase, Status
from scripts.playground.discord import Rules, Simulator
from scripts.playground.discord.errors import Json
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.people import Person
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Overwrite
from tests.samples import accepted

AT_WORK = Status(Phase.THINKING, 1_700_000_000.0)


@dataclass(frozen=True, slots=True)
class Scene:
    discord: Simulator
    ada: Person
    rest: Rest
    speech: Speech
    threads: DiscordThreads
    chat: DiscordChat
    pauses: list[float]
    channel: ChannelId

    async def ask(self, prompt: str = "list the files", *, answered: bool = True) -> tuple[Interaction, Turn]:
        """Ada asks by a command, and Discord has our deferred answer."""
        options = [{"type": 1, "name": "ask", "options": [{"type": 3, "name": "prompt", "value": prompt}]}]
        asked = await self.ada.command(self.channel, "opencord", options, checked=False)
        if answered:
            asked.answer(payloads.deferred())
        return asked, turn_of(asked)

    async def write(self, content: str) -> Turn:
        message = await self.ada.write(self.channel, content)
        place = Place(GuildId(self.discord.guild), self.channel)
        return turn(message["id"], Source.MESSAGE, place, Asker(UserId(self.ada.id), "Ada"), content)

    async def thread(self) -> ThreadId:
        message = await self.ada.write(self.channel, "let us talk")
        return await self.threads.start_thread(self.channel, message["id"], "talk")

    async def ask_in_thread(self) -> Turn:
        """A message in a thread that hangs on another one."""
        thread = await self.thread()
        message = await self.ada.write(thread, "and now?")
        place = Place(GuildId(self.discord.guild), self.channel, thread)
        asked = turn(message["id"], Source.MESSAGE, place, Asker(UserId(self.ada.id), "Ada"), "and now?")
        return replace(asked, opener=MessageId(asked.id))

    def deny(self, permission: May) -> None:
        """To everybody, in the channel and its threads."""
        everybody = Overwrite(self.discord.guild, 0, deny=int(permission))
        self.discord.channel("general").overwrites[everybody.id] = everybody

    def message(self, channel: str, id: str) -> Json:
        (found,) = (message for message in self.ada.messages(channel) if message["id"] == id)
        return found

    def texts(self, channel: str) -> list[str]:
        return [message["content"] for message in self.ada.messages(channel) if message["content"]]

    def called(self, method: str, part: str) -> int:
        return sum(called == method and part in path for called, path, _ in self.discord.requests)


@asynccontextmanager
async def scene(rules: Rules | None = None) -> AsyncIterator[Scene]:
    async with Simulator(rules=rules or Rules(window=0.02)) as discord, httpx.AsyncClient() as http:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)

        async def asked() -> Application:
            return Application(discord.application_id, discord.public_key, discord.application_id)

        rest = Rest(Transport(http, discord.api_url, discord.token))
        identity = Identity(asked, discord.clock.now, discord.application_id, discord.public_key)
        speech = Speech(rest, identity, clock=discord.clock.now, sleep=pause)
        chat = DiscordChat(rest, identity, Downloads(http, discord.api_url, rest), speech)
        threads = DiscordThreads(rest, identity, speech)
        ada = discord.add_person("Ada")
        yield Scene(discord, ada, rest, speech, threads, chat, pauses, ChannelId(discord.channel("general").id))


def turn_of(asked: Interaction) -> Turn:
    interaction = parse(asked.payload)
    assert interaction.place is not None
    assert interaction.member is not None
    prompt = str(interaction.options["prompt"])
    return turn(interaction.id, Source.COMMAND, interaction.place, interaction.member, prompt, interaction.token)


def turn(
    turn_id: str, source: Source, place: Place, asker: Asker, prompt: str, interaction_token: str | None = None
) -> Turn:
    return accepted(Request(TurnId(turn_id), source, place, asker, prompt, interaction_token))


def repeated(turn: Turn) -> Turn:
    """As somebody takes it up who does not know what came of the first attempt."""
    return replace(turn, attempts=1)
