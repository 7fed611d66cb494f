"""A websocket Gateway before SimCord's events: the framing that it has none of.

SimCord says what happens, which intent an event needs, and what the bot may not read. Here are HELLO, heartbeats,
IDENTIFY, RESUME with everything that was missed, and the ways a connection ends. One shard.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
import copy
import json
import secrets
from collections.abc import Mapping
from typing import Any

import discord
from simcord import intents
from simcord.backend import Backend, serializers
from starlette.types import Receive, Scope, Send

from tests.peers.discordlike import Json, cut

HEARTBEAT_MS = 41_250
PATIENCE = 1.5  # heartbeats
ENDING = (1000, 1001)  # a client that closes with these is done with its session
LOSING = (4007, 4009)  # and so is one that is told these
QUIET = (3, 4, 8)  # presence, voice, members: taken and ignored

Frame = Json | int | None  # to send; or the code to close with; or None to cut it without a word


class Session:
    """`out` is the connection's queue while there is one. Everything that was dispatched is kept for a RESUME."""

    def __init__(self, backend: Backend, wanted: int) -> None:
        self.id = secrets.token_hex(16)
        self.kept: list[Json] = []
        self.out: asyncio.Queue[Frame] | None = None
        self._backend = backend
        self._intents = discord.Intents.none()
        self._intents.value = wanted

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """If it wants to hear that, and without what it may not read."""
        needed = intents.required_intent(event, payload)
        if needed is not None and not getattr(self._intents, needed):
            return
        body = copy.deepcopy(dict(payload))  # SimCord's own state, which goes on changing
        bot = self._backend.bot_user.id
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not self._intents.message_content:
            intents.censor_message(body, bot, backend=self._backend)
        if event == "GUILD_CREATE":
            intents.prune_guild_create(body, self._intents, bot)
        self.dispatch(event, body)

    def dispatch(self, name: str, body: Json) -> None:
        frame = {"op": 0, "t": name, "s": len(self.kept) + 1, "d": body}
        self.kept.append(frame)
        if self.out is not None:
            self.out.put_nowait(frame)


class Gateway:
    """A raw ASGI app, and what a test does to it: `drop`, `reconnect`, `invalidate`. `url` is where it is found."""

    def __init__(self, backend: Backend, token: str) -> None:
        self.backend, self.token, self.url = backend, token, ""
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.identifies = 0
        backend.subscribers.append(self._hear)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        connection = Connection(self, receive, send)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    def _hear(self, event: str, payload: Mapping[str, Any]) -> None:
        for session in self.sessions.values():
            session.tell(event, payload)

    def drop(self, code: int | None) -> None:
        for connection in self.connections:
            connection.out.put_nowait(code)

    def reconnect(self) -> None:
        for connection in self.connections:
            connection.out.put_nowait({"op": 7, "d": None})

    def invalidate(self, *, resumable: bool) -> None:
        """The connections stay open, and are without a session."""
        if not resumable:
            self.sessions.clear()
        for connection in self.connections:
            connection.detach()
            connection.out.put_nowait({"op": 9, "d": resumable})

    def begin(self, identify: Json, out: asyncio.Queue[Frame]) -> Session:
        """A new session: READY, then every guild."""
        self.identifies += 1
        session = Session(self.backend, int(identify["intents"]))
        session.out = out
        self.sessions[session.id] = session
        ready: Json = {
            "v": 10,
            "user": dict(serializers.user_payload(self.backend.bot_user)),
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self.backend.guilds],
            "session_id": session.id,
            "resume_gateway_url": f"{self.url}/resume",
            "application": {"id": str(self.backend.application_id), "flags": 0},
        }
        session.dispatch("READY", ready | ({"shard": identify["shard"]} if "shard" in identify else {}))
        for guild in self.backend.guilds.values():
            session.tell("GUILD_CREATE", serializers.guild_create_payload(self.backend, guild))
        return session


class Shut(Exception):
    """This connection is closed with this code; with None it is gone."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """One websocket. What is to be sent waits in `out`."""

    def __init__(self, gateway: Gateway, receive: Receive, send: Send) -> None:
        self._gateway, self._receive, self._send = gateway, receive, send
        self.out: asyncio.Queue[Frame] = asyncio.Queue()
        self._session: Session | None = None

    async def run(self) -> None:
        """Until either side closes."""
        self.out.put_nowait({"op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        async with asyncio.TaskGroup() as group:
            both = [group.create_task(self._write()), group.create_task(self._read())]
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
        self._leave(next(iter(done)).result())

    def _leave(self, code: int | None) -> None:
        session = self._session
        if session is not None and session.out is self.out:
            session.out = None
            if code in (*ENDING, *LOSING):
                self._gateway.sessions.pop(session.id, None)

    def detach(self) -> None:
        """The session goes on without this connection."""
        if self._session is not None and self._session.out is self.out:
            self._session.out = None

    async def _write(self) -> int | None:
        """The code that it was closed with."""
        while isinstance(frame := await self.out.get(), dict):
            await self._say({"type": "websocket.send", "text": json.dumps(frame)})
        if frame is None:
            cut(self._send)
        else:
            await self._say({"type": "websocket.close", "code": frame})
        return frame

    async def _say(self, message: Json) -> None:
        try:
            await self._send(message)
        except OSError:  # the other side has gone, as the reader learns too
            await asyncio.Event().wait()

    async def _read(self) -> int | None:
        """The code that the client closed it with, or was told."""
        try:
            while True:
                self._take(await self._frame())
        except Shut as shut:
            if shut.code is not None and shut.code not in ENDING:
                await self._say({"type": "websocket.close", "code": shut.code})
            return shut.code

    async def _frame(self) -> Json:
        try:
            message = await asyncio.wait_for(self._receive(), HEARTBEAT_MS / 1000 * PATIENCE)
        except TimeoutError:
            raise Shut(4009) from None
        if message["type"] == "websocket.disconnect":
            raise Shut(message.get("code") if message.get("code") in ENDING else None)
        try:
            frame: Json = json.loads(message.get("text") or message.get("bytes") or "")
        except ValueError:
            raise Shut(4002) from None
        return frame

    def _take(self, frame: Json) -> None:
        match frame.get("op"):
            case 1:
                self.out.put_nowait({"op": 11})
            case 2:
                self._identify(frame["d"])
            case 6:
                self._resume(frame["d"])
            case op if op not in QUIET:
                raise Shut(4001)

    def _identify(self, given: Json) -> None:
        if self._session is not None:
            raise Shut(4005)
        if given.get("token") != self._gateway.token:
            raise Shut(4004)
        if given.get("shard", [0, 1]) != [0, 1]:
            raise Shut(4010)
        self._session = self._gateway.begin(given, self.out)

    def _resume(self, given: Json) -> None:
        """A sequence number that was never sent is as good as no session."""
        session = self._gateway.sessions.get(given.get("session_id", ""))
        if given.get("token") != self._gateway.token:
            raise Shut(4004)
        if session is None or given.get("seq", 0) > len(session.kept):
            self.out.put_nowait({"op": 9, "d": False})
            return
        if session.out is not None:
            session.out.put_nowait(None)
        for missed in session.kept[given["seq"] :]:
            self.out.put_nowait(missed)
        self._session, session.out = session, self.out
        session.dispatch("RESUMED", {})
