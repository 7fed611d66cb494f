"""The stream of state events: as much of Socket.IO as Daytona's SDK speaks, over one websocket.

Without it the SDK looks once a second whether a sandbox has started, with it at once.
https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/
"""

import asyncio
import json
import secrets
from contextlib import suppress

from starlette.types import Receive, Scope, Send

from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.records import Json

PING_SECONDS = 25.0
# Packets: the first digit is Engine.IO's, the second Socket.IO's.
OPEN, PING, CONNECT, EVENT, REFUSED = "0", "2", "40", "42", "44"


class Events:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        times = {"pingInterval": int(PING_SECONDS * 1000), "pingTimeout": 20000, "maxPayload": 1000000}
        await _say(send, OPEN + json.dumps({"sid": secrets.token_hex(8), "upgrades": [], **times}))
        if not self._is_let_in(await _hear(receive)):
            await _say(send, REFUSED + json.dumps({"message": "Unauthorized"}))
            await send({"type": "websocket.close"})
            return
        await _say(send, CONNECT + json.dumps({"sid": secrets.token_hex(8)}))
        await self._stream(receive, send)

    def _is_let_in(self, packet: str) -> bool:
        try:
            return packet.startswith(CONNECT) and json.loads(packet[2:])["token"] == self.cloud.api_key
        except (ValueError, LookupError, TypeError):
            return False

    async def _stream(self, receive: Receive, send: Send) -> None:
        """Until the client goes away; what it says meanwhile, pongs, matters to nobody."""
        news: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()
        self.cloud.watchers.add(news)
        telling = self.cloud.spawn(_tell(news, send))
        try:
            while await _hear(receive):
                pass
        finally:
            telling.cancel()
            self.cloud.watchers.discard(news)


async def _tell(news: asyncio.Queue[tuple[str, Json]], send: Send) -> None:
    while True:
        try:
            # Not wait_for: it may swallow a cancellation, before Python 3.12.
            async with asyncio.timeout(PING_SECONDS):
                event = await news.get()
        except TimeoutError:
            await _say(send, PING)
        else:
            await _say(send, EVENT + json.dumps(event))


async def _say(send: Send, packet: str) -> None:
    with suppress(OSError):  # the client has gone: who listens to it finds out
        await send({"type": "websocket.send", "text": packet})


async def _hear(receive: Receive) -> str:
    """Empty when the client has gone."""
    message = await receive()
    return str(message.get("text") or "") if message["type"] == "websocket.receive" else ""
