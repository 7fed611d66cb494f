"""The Gateway: websocket connections, their handshake, heartbeats and closing, and the sessions behind them.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
import json
import zlib
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from scripts.playground.discord import render
from scripts.playground.discord.errors import Json
from scripts.playground.discord.records import Event
from scripts.playground.discord.sessions import ALL_INTENTS, Session, forbidden
from scripts.playground.discord.world import World

PAYLOAD_BYTES = 4096
SENDS_PER_MINUTE = 120
ENDING = (1000, 1001)  # a client that closes with these is done with its session
QUIET = (3, 4, 31)  # presence, voice, soundboard: taken and ignored


class Gateway:
    """An ASGI websocket app, and what a test does to it: `drop`, `reconnect`, `invalidate`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self._held: list[Event] = []
        world.listeners.append(self._hear)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if not scope["path"].startswith("/gateway"):
            await send({"type": "websocket.close"})
            return
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        await send({"type": "websocket.accept"})
        connection = Connection(self, query, receive, send)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
            self.world.touch()

    # what a test does

    def drop(self, code: int = 4000) -> None:
        """Close every connection. The sessions can be resumed."""
        for connection in self.connections:
            connection.out.put_nowait(code)

    def reconnect(self) -> None:
        """Op 7: come back at once."""
        for connection in self.connections:
            connection.out.put_nowait({"op": 7, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9."""
        if not resumable:
            self.sessions.clear()
        for connection in self.connections:
            connection.out.put_nowait({"op": 9, "d": resumable})

    def close(self) -> None:
        self.world.listeners.remove(self._hear)
        self.drop(1001)

    # the news

    def _hear(self, event: Event) -> None:
        faults = self.world.faults
        events = [event, event] if self._matters(event) and faults.take_duplicate_event() else [event]
        if faults.reorder_gateway and self._matters(event):
            self._held += events
            if len(self._held) < faults.reorder_gateway:
                return
            events, self._held, faults.reorder_gateway = self._held[::-1], [], 0
        if faults.delay_gateway:
            asyncio.get_running_loop().call_later(faults.delay_gateway, self._tell, events)
        else:
            self._tell(events)

    def _matters(self, event: Event) -> bool:
        return any(session.wants(event) for session in self.sessions.values())

    def _tell(self, events: list[Event]) -> None:
        for session in list(self.sessions.values()):
            for event in events:
                if session.wants(event):
                    session.tell(event)

    def alive(self, session_id: object) -> Session | None:
        session = self.sessions.get(str(session_id))
        if session is None or session.left_at is None:
            return session
        return session if self.world.clock.now() - session.left_at <= self.world.rules.resume_seconds else None


class Shut(Exception):
    """This connection is closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """One websocket. What is to be sent waits in `out`: frames, or the code to close with."""

    def __init__(self, gateway: Gateway, query: dict[str, str], receive: Receive, send: Send) -> None:
        self.gateway, self.world, self.query = gateway, gateway.world, query
        self.receive, self.send = receive, send
        self.out: asyncio.Queue[Json | int] = asyncio.Queue()
        self.session: Session | None = None
        self.heard, self.minute_ends = 0, 0.0
        self.zlib = zlib.compressobj() if query.get("compress") == "zlib-stream" else None

    async def run(self) -> None:
        """Until either side closes."""
        self.out.put_nowait({"op": 10, "d": {"heartbeat_interval": self.world.rules.heartbeat_ms, "_trace": []}})
        async with asyncio.TaskGroup() as group:
            writer, reader = group.create_task(self._write()), group.create_task(self._read())
            done, _ = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            writer.cancel()
            reader.cancel()
        code = next(iter(done)).result()
        self._detach()
        if code is not None:
            await self.send({"type": "websocket.close", "code": code})

    def _detach(self) -> None:
        if self.session and self.session.out is self.out:
            self.session.out, self.session.left_at = None, self.world.clock.now()

    async def _write(self) -> int | None:
        """The code that somebody wants it closed with; None when the other side is gone."""
        while not isinstance(frame := await self.out.get(), int):
            text = json.dumps(frame)
            message: Json = {"type": "websocket.send", "text": text}
            if self.zlib:
                packed = self.zlib.compress(text.encode()) + self.zlib.flush(zlib.Z_SYNC_FLUSH)
                message = {"type": "websocket.send", "bytes": packed}
            try:
                await self.send(message)
            except OSError:
                return None
        return frame

    async def _read(self) -> int | None:
        """The code that it must be closed with; None when the client has closed it."""
        try:
            if self.query.get("v", "10") != "10" or self.query.get("encoding", "json") != "json":
                raise Shut(4012)
            while True:
                await self._take(await self._frame())
        except Shut as shut:
            if shut.code in (4007, 4009) and self.session:
                self.gateway.sessions.pop(self.session.id, None)
            return shut.code or None

    async def _frame(self) -> Json:
        patience = self.world.rules.heartbeat_ms / 1000 * 1.5
        try:
            # Discord waits for heartbeats; any frame will do here, because every client that lives sends them.
            message = await asyncio.wait_for(self.receive(), patience)
        except TimeoutError:
            raise Shut(4009) from None
        if message["type"] == "websocket.disconnect":
            if message.get("code") in ENDING and self.session:
                self.gateway.sessions.pop(self.session.id, None)
            raise Shut(0)
        return self._parsed(message)

    def _parsed(self, message: Any) -> Json:
        raw = message.get("bytes") or (message.get("text") or "").encode()
        if (now := self.world.clock.now()) >= self.minute_ends:
            self.heard, self.minute_ends = 0, now + 60
        self.heard += 1
        if self.heard > SENDS_PER_MINUTE:
            raise Shut(4008)
        try:
            frame = json.loads(raw)
        except ValueError:
            raise Shut(4002) from None
        if len(raw) > PAYLOAD_BYTES or not isinstance(frame, dict) or "op" not in frame:
            raise Shut(4002)
        return frame

    async def _take(self, frame: Json) -> None:
        op, body = frame["op"], frame.get("d")
        if op == 1:
            self.out.put_nowait({"op": 11})
        elif op in (2, 6):
            if self.session:
                raise Shut(4005)
            if not isinstance(body, dict):
                raise Shut(4002)
            self._identify(body) if op == 2 else self._resume(body)
        elif self.session is None:
            raise Shut(4003)
        elif op == 8 and isinstance(body, dict):
            self._send_members(self.session, body)
        elif op not in QUIET:
            raise Shut(4001)

    def _identify(self, body: Json) -> None:
        shard, intents = body.get("shard"), body.get("intents")
        if body.get("token") != self.world.application.token:
            raise Shut(4004)
        if not isinstance(body.get("properties"), dict):
            raise Shut(4002)
        if not isinstance(intents, int) or not 0 <= intents <= ALL_INTENTS:
            raise Shut(4013)
        if forbidden(self.world, intents):
            raise Shut(4014)
        if shard is not None and not (isinstance(shard, list) and len(shard) == 2 and 0 <= shard[0] < shard[1]):
            raise Shut(4010)
        self.world.identifies += 1
        session = self.session = Session(self.world, intents, shard)
        self.gateway.sessions[session.id] = session
        session.out = self.out
        session.begin()
        self.world.touch()

    def _resume(self, body: Json) -> None:
        if body.get("token") != self.world.application.token:
            raise Shut(4004)
        session, seq = self.gateway.alive(body.get("session_id")), body.get("seq")
        if session and isinstance(seq, int) and seq > session.seq:
            raise Shut(4007)
        missed = session.since(seq) if session and isinstance(seq, int) else None
        if session is None or missed is None:
            self.out.put_nowait({"op": 9, "d": False})
            return
        if session.out is not None:
            session.out.put_nowait(4000)
        self.session, session.out, session.left_at = session, self.out, None
        for frame in missed:
            self.out.put_nowait(frame)
        session.dispatch("RESUMED", {"_trace": []})
        self.world.touch()

    def _send_members(self, session: Session, body: Json) -> None:
        members = [render.member(member) for member in self.world.members.values()]
        chunk = {"guild_id": self.world.guild, "members": members, "chunk_index": 0, "chunk_count": 1}
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk | ({"nonce": body["nonce"]} if "nonce" in body else {}))
