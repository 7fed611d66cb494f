"""What a test of the relay needs of any Discord: people who write, what can be read in the end, and a Gateway that can
be disturbed. `Strict` gives our own simulator this face, `tests.peers.simcord` SimCord.

Messages are Discord's own objects, oldest first.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from scripts.playground.discord import Person, Simulator

Json = dict[str, Any]
POLL_SECONDS = 0.1
ALL = 1_000_000


class Writer(Protocol):
    @property
    def id(self) -> str: ...

    async def write(self, channel: str, content: str) -> Json: ...

    async def start_thread(self, channel: str, name: str) -> Json: ...


class Discordlike(Protocol):
    @property
    def api_url(self) -> str: ...

    @property
    def token(self) -> str: ...

    @property
    def bot(self) -> str:
        """The id of the bot's user."""
        ...

    @property
    def violations(self) -> list[str]:
        """Everything of the bot's that was refused."""
        ...

    @property
    def identifies(self) -> int:
        """How many sessions were begun."""
        ...

    def add_person(self, name: str) -> Writer: ...

    def add_channel(self, name: str) -> str:
        """Its id."""
        ...

    def threads(self) -> list[str]:
        """The ids of all there are."""
        ...

    def messages(self, channel: str) -> list[Json]: ...

    def listener(self) -> object | None:
        """The connection that hears what happens, while there is one: every connection is another."""
        ...

    def drop(self, code: int | None) -> None:
        """Close every connection; None cuts them without a word."""
        ...

    def reconnect(self) -> None:
        """Op 7."""
        ...

    def invalidate(self, *, resumable: bool) -> None:
        """Op 9."""
        ...


class Strict:
    """The simulator."""

    def __init__(self, discord: Simulator) -> None:
        self._discord = discord
        self._reader = discord.add_person("reader")

    @property
    def api_url(self) -> str:
        return self._discord.api_url

    @property
    def token(self) -> str:
        return self._discord.token

    @property
    def bot(self) -> str:
        return self._discord.world.bot.id

    @property
    def violations(self) -> list[str]:
        return self._discord.violations

    @property
    def identifies(self) -> int:
        return self._discord.world.identifies

    def add_person(self, name: str) -> Person:
        return self._discord.add_person(name)

    def add_channel(self, name: str) -> str:
        return self._discord.add_channel(name).id

    def threads(self) -> list[str]:
        return [thread.id for thread in self._discord.world.threads()]

    def messages(self, channel: str) -> list[Json]:
        return self._reader.messages(channel, limit=ALL)

    def listener(self) -> object | None:
        outs = (session.out for session in self._discord.gateway.sessions.values())
        return next((out for out in outs if out is not None), None)

    def drop(self, code: int | None) -> None:
        if code is not None:
            self._discord.gateway.drop(code)
            return
        for connection in list(self._discord.gateway.connections):
            cut(connection.send)

    def reconnect(self) -> None:
        self._discord.gateway.reconnect()

    def invalidate(self, *, resumable: bool) -> None:
        self._discord.gateway.invalidate(resumable=resumable)


def cut(send: object) -> None:
    """End a websocket without a closing frame. ASGI has no such message: this reaches for uvicorn's transport."""
    getattr(send, "__self__").transport.abort()  # noqa: B009


async def until(condition: Callable[[], object], within: float, what: str = "") -> None:
    """Raises AssertionError when it has not come true `within` so many seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not condition():
        assert loop.time() < end, f"not within {within:g} s: {what or condition}"
        await asyncio.sleep(POLL_SECONDS)
