"""The websocket under a conversation: open it, carry frames to and fro, close it so that the session lives on."""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from scheduler.gateway.closings import Verdict
from scheduler.gateway.protocol import CLOSE, Action, Close, Conversation, Event, Phase, Send

OPEN_SECONDS = 20.0
SEND_SECONDS = 10.0
CLOSE_SECONDS = 0.4
MOST_BYTES = 64 * 1024 * 1024  # GUILD_CREATE of a large server is megabytes

# At debug, websockets logs every frame, and IDENTIFY holds the token.
quiet = logging.getLogger("scheduler.gateway.websocket")
quiet.setLevel(logging.WARNING)

Clock = Callable[[], float]
# Takes an event; a sentence when the connection must be given up for now.
Take = Callable[[Event], str | None]


class Unreachable(Exception):
    """No connection could be opened."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[ClientConnection]:
    """At the end it is closed with CLOSE, whatever happened, in well under a second. Raises Unreachable."""
    try:
        # websockets leaves the address of a proxy to the environment, which may name one for loopback too.
        socket = await connect(
            url, compression=None, max_size=MOST_BYTES, ping_interval=None, open_timeout=OPEN_SECONDS, logger=quiet,
            close_timeout=CLOSE_SECONDS, proxy=None if is_loopback(url) else True,
        )  # fmt: skip
    except (OSError, TimeoutError, ImportError, ValueError, WebSocketException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    try:
        yield socket
    finally:
        # The library's own leave-taking would be 1000, and with that the session would end.
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await socket.close(CLOSE)
        socket.transport.abort()


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Line:
    """One conversation over one socket."""

    def __init__(self, socket: ClientConnection, conversation: Conversation, take: Take, clock: Clock) -> None:
        self._socket, self._conversation, self._take, self._clock = socket, conversation, take, clock

    async def run(self, *, greeting: bool = False) -> Verdict | None:
        """Until it has ended; with `greeting`, None as soon as IDENTIFY or RESUME is sent."""
        conversation = self._conversation
        try:
            while not (greeting and conversation.phase is not Phase.GREETING):
                for action in await self._next():
                    await self._carry_out(action)
                if conversation.phase is Phase.ENDED:
                    return conversation.closed(None)
        except ConnectionClosed as closed:
            # Where we closed first, the conversation knows why, and the code is our own.
            return conversation.closed(code_of(closed))
        except TimeoutError:
            return conversation.closed(None)
        return None

    async def _next(self) -> list[Action]:
        pause = self._conversation.due - self._clock()
        if pause <= 0:  # before any frame: they may come so fast that nothing else is ever due
            return self._conversation.tick(self._clock())
        try:
            async with asyncio.timeout(pause):
                frame = await self._socket.recv()
        except TimeoutError:
            return self._conversation.tick(self._clock())
        return self._conversation.receive(frame, self._clock())

    async def _carry_out(self, action: Action) -> None:
        match action:
            case Send(text):
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.send(text)
            case Event() as event:
                if why := self._take(event):
                    self._conversation.leave(why)
            case Close():
                return  # the conversation is over, and `opened` closes whatever it opened


def code_of(closed: ConnectionClosed) -> int | None:
    """The server's, unless it only echoes ours."""
    if closed.rcvd is None or (closed.sent is not None and not closed.rcvd_then_sent):
        return None
    return closed.rcvd.code
