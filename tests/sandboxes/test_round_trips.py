"""How many round trips lie one behind the other between a message and its prompt, with the whole app wired up: what a
person waits for when the vendors are far away. docs/sandboxes.md names them.

Requests that overlap count once. So does what is asked again until it is ready (the health of a server, the state of a
sandbox), and whether a server that boots still lives is not counted: how often depends on the vendor, not on us.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from app.ids import ChannelId, GuildId, ThreadId, TurnId, UserId
from app.parts import TOOLS
from app.settings import load
from app.turns.records import Asker, Place, Request, Source
from app.web.front import Front
from app.wiring import wired
from scripts.playground.daytona import DaytonaSimulator
from scripts.playground.discord import Person, Simulator
from scripts.playground.model import MODEL, ScriptedModel
from tests.samples import spoken

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

MOST = {"new": 10, "resumed": 10, "running": 4}
FAR_SECONDS = 0.1  # to everybody: so that what is done side by side overlaps
ONCE = {"GET /global/health", "GET /api/sandbox/ID"}
WHILE_IT_BOOTS = {"GET /api/sandbox/ID/ports/4096/preview-url", "GET /toolbox/ID/process/session"}


@dataclass(frozen=True, slots=True)
class Trip:
    what: str
    began: float
    ended: float


@dataclass(slots=True)
class Wire:
    """Every request that leaves the process."""

    trips: list[Trip] = field(default_factory=list)

    def tap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for client, verb in ((httpx.AsyncClient, "send"), (aiohttp.ClientSession, "_request")):
            monkeypatch.setattr(client, verb, self._tapped(getattr(client, verb)))

    def _tapped(self, request: Any) -> Any:
        async def tapped(client: object, *args: Any, **kwargs: Any) -> Any:
            sent = kwargs.get("request") or args[0]
            method, url = (sent.method, sent.url) if isinstance(sent, httpx.Request) else args[:2]
            what, began = named(f"{method} {httpx.URL(str(url)).path}"), time.monotonic()
            await asyncio.sleep(FAR_SECONDS)
            try:
                return await request(client, *args, **kwargs)
            finally:
                self.trips.append(Trip(what, began, time.monotonic()))

        return tapped

    def sequence(self, since: float) -> list[str]:
        """The longest row of requests of which none began before the one before it had ended, up to the prompt."""
        prompted = min(trip.ended for trip in self.trips if trip.what.endswith("/prompt_async") and trip.began > since)
        row, free = [], since
        for trip in sorted(self.trips, key=lambda trip: trip.ended):
            again = trip.what in WHILE_IT_BOOTS or (trip.what in ONCE and trip.what in row)
            if trip.began >= free and trip.ended <= prompted and not again:
                row.append(trip.what)
                free = trip.ended
        return row


def named(what: str) -> str:
    """Without ids."""
    return re.sub(r"/(\d{10,}|[0-9a-f]{8}-[0-9a-f-]{27}|(?:ses|msg)_\w+|opencord-[\w-]+)", "/ID", what)


@dataclass(slots=True)
class Scene:
    discord: Simulator
    person: Person
    front: Front
    wire: Wire

    async def ask(self, words: str, thread: str | None = None) -> list[str]:
        """A message, as if the relay had brought it; when it is answered, the round trips to its prompt."""
        channel, prompt = str(self.discord.channel("general").id), f"!say {words}"
        posted = str((await self.person.write(thread or channel, prompt))["id"])
        place = Place(GuildId(self.discord.guild), ChannelId(channel), ThreadId(thread) if thread else None)
        asker, since = Asker(UserId(self.person.id), self.person.name), time.monotonic()
        await self.front.room.ledger.admit(
            Request(TurnId(posted), Source.MESSAGE, place, asker, prompt), self.front.room.clock()
        )
        self.front.nudge()
        await self.discord.wait_for(lambda: self.is_over(thread or posted, words), within=60)
        return self.wire.sequence(since)

    def said(self, thread: str) -> list[str]:
        if all(channel["id"] != thread for channel in self.person.channels()):
            return []
        return [spoken(message["content"]) for message in self.person.messages(thread)]

    def is_over(self, thread: str, words: str) -> bool:
        """The answer is there, and the newest status is a summary."""
        if words not in self.said(thread):
            return False
        buttons = [message["components"] for message in self.person.messages(thread) if message["components"]]
        return "Stop" not in str(buttons[-1])

    def thread(self) -> str:
        return next(str(channel["id"]) for channel in self.person.channels() if channel["type"] == 11)


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    async with Simulator() as discord, ScriptedModel() as model, DaytonaSimulator(tmp_path / "cloud", path) as daytona:
        daytona.add_snapshot("agent")
        person = discord.add_person("alice")
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": model.url, "apiKey": "none"},
            "models": {MODEL: {"limit": {"context": 200_000, "output": 8_192}, "tool_call": True}},
        }
        settings = load(
            {
                "DISCORD_TOKEN": discord.token,
                "DISCORD_API_BASE_URL": discord.api_url,
                "DATABASE_PATH": str(tmp_path / "app.sqlite"),
                "DAYTONA_API_KEY": daytona.api_key,
                "DAYTONA_API_URL": daytona.api_url,
                "DAYTONA_SNAPSHOT": "agent",
                "OPENCODE_MODEL": f"scripted/{MODEL}",
                "OPENCODE_CONFIG_JSON": json.dumps({"provider": {"scripted": provider}}),
                "TURN_ROUTING_MODE": "off",
                "RELAY_MODE": "off",
            }
        )
        wire = Wire()
        wire.tap(monkeypatch)
        async with wired(settings) as front:
            await discord.wait_for(lambda: front.identity.last_problem is None, within=20)
            await daytona.wait_for(lambda: any(heard.path == "/sandbox" for heard in daytona.requests), within=20)
            yield Scene(discord, person, front, wire)


async def test_round_trips_to_the_prompt_are_few(scene: Scene) -> None:
    new = await scene.ask("one")
    running = await scene.ask("two", scene.thread())
    assert await scene.front.room.machines.pause(ThreadId(scene.thread()))
    resumed = await scene.ask("three", scene.thread())

    rows = {"new": new, "resumed": resumed, "running": running}
    for name, row in rows.items():
        print(name, len(row), *row, sep="\n  ")
    assert {name: len(row) for name, row in rows.items()} == MOST
