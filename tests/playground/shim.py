"""A client of the Gateway for the tests of the simulator."""

import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from scripts.playground.discord import Simulator
from tests.playground.world import Json

GUILDS, MESSAGES, CONTENT = 1, 1 << 9, 1 << 15


class Shim:
    """A client that does only what it is told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self) -> Json:
        return dict(json.loads(await self.socket.recv()))

    async def until(self, name: str) -> Json:
        while (frame := await self.next())["t"] != name:
            pass
        return frame

    async def say(self, op: int, body: Any) -> None:
        await self.socket.send(json.dumps({"op": op, "d": body}))

    async def identify(self, discord: Simulator, intents: int = GUILDS | MESSAGES | CONTENT, **more: Any) -> Json:
        properties = {"os": "linux", "browser": "test", "device": "test"}
        await self.say(2, {"token": discord.token, "intents": intents, "properties": properties} | more)
        return await self.until("READY")

    async def resume(self, discord: Simulator, session: str, seq: int) -> None:
        await self.say(6, {"token": discord.token, "session_id": session, "seq": seq})

    async def closed_with(self) -> int:
        with contextlib.suppress(ConnectionClosed):
            async for _ in self.socket:
                pass
        return self.socket.close_code or 0


@asynccontextmanager
async def shim(
    discord: Simulator, url: str | None = None, query: str = "v=10&encoding=json", *, greeted: bool = True
) -> AsyncIterator[Shim]:
    """Connected, and greeted unless nothing of the kind is to be expected. Closed with 1000, which ends the session."""
    url = url or f"ws://127.0.0.1:{discord.port}/gateway"
    async with connect(f"{url}/?{query}", compression=None) as socket:
        client = Shim(socket)
        if greeted:
            hello = await client.next()
            assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, discord.world.rules.heartbeat_ms)
        yield client
