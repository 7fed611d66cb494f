"""One websocket of the Gateway: its greeting, its heartbeats, its handshake, and the code that it is closed with.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway
"""

import asyncio
import json
import zlib
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Send

from scripts.playground.discord import render
from scripts.playground.discord.errors import Json
from scripts.playground.discord.sessions import ALL_INTENTS, Session, forbidden
from scripts.playground.discord.starts import Verdict

if TYPE_CHECKING:
    from scripts.playground.discord.gateway import Gateway

PAYLOAD_BYTES = 4096
SENDS_PER_MINUTE = 120
ENDING = (1000, 1001)  # a client that closes with these is done with its session
QUIET = (3, 4, 31)  # presence, voice, soundboard: taken and ignored
FAULTS_OF_THE_CLIENT = (4001, 4002, 4003, 4004, 4005, 4008, 4010, 4012, 4013)


class Shut(Exception):
    """This connection is closed with this code; 0 when the other side has closed it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """What is to be sent waits in `out`: frames, or the code to close with."""

    def __init__(self, gateway: "Gateway", path: str, query: dict[str, str], receive: Receive, send: Send) -> None:
        self.gateway, self.world, self.path, self.query = gateway, gateway.world, path, query
        self.receive, self.send = receive, send
        self.out: asyncio.Queue[Json | int] = asyncio.Queue()
        self.session: Session | None = None
        self.frozen = False
        self.heard, self.minute_ends = 0, 0.0
        self.zlib = zlib.compressobj() if query.get("compress") == "zlib-stream" else None

    async def run(self) -> None:
        """Until either side closes."""
        if not self.world.faults.take_lost_hello():
            self.out.put_nowait({"op": 10, "d": {"heartbeat_interval": self.world.rules.heartbeat_ms, "_trace": []}})
        async with asyncio.TaskGroup() as group:
            writer, reader = group.create_task(self._write()), group.create_task(self._read())
            done, _ = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            writer.cancel()
            reader.cancel()
        code = next(iter(done)).result()
        self.detach()
        if code is not None:
            await self.send({"type": "websocket.close", "code": code})

    def detach(self) -> None:
        """The session goes on without this connection."""
        if self.session and self.session.out is self.out:
            self.session.out, self.session.left_at = None, self.world.clock.now()
        self.session = None

    async def _write(self) -> int | None:
        """The code that somebody wants it closed with; None when the other side is gone."""
        while not isinstance(frame := await self.out.get(), int):
            if self.frozen:
                continue
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
                frame = await self._frame()
                if not self.frozen:
                    self._take(frame)
        except Shut as shut:
            if shut.code in (4007, 4009) and self.session:
                self.gateway.sessions.pop(self.session.id, None)
            if shut.code in FAULTS_OF_THE_CLIENT:
                self.world.accuse(f"Gateway: closed with {shut.code}")
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

    def _take(self, frame: Json) -> None:
        op, body = frame["op"], frame.get("d")
        if op == 1:
            self._acknowledge()
        elif op in (2, 6):
            self._begin(op, body)
        elif self.session is None:
            raise Shut(4003)
        elif op == 8 and isinstance(body, dict):
            self._send_members(self.session, body)
        elif op not in QUIET:
            raise Shut(4001)

    def _acknowledge(self) -> None:
        self.world.beats += 1
        self.world.touch()
        if not self.world.faults.lose_acks:
            self.out.put_nowait({"op": 11})

    def _begin(self, op: int, body: object) -> None:
        if self.session:
            raise Shut(4005)
        if not isinstance(body, dict):
            raise Shut(4002)
        if self.world.faults.close_starts:
            self.out.put_nowait(self.world.faults.close_starts.pop(0))
        elif body.get("token") != self.world.application.token:
            raise Shut(4004)
        elif op == 2:
            self._identify(body)
        elif not self.world.faults.take_lost_resume():
            self._resume(body)

    def _identify(self, body: Json) -> None:
        shard, intents = body.get("shard"), body.get("intents")
        if not isinstance(body.get("properties"), dict):
            raise Shut(4002)
        if not isinstance(intents, int) or not 0 <= intents <= ALL_INTENTS:
            raise Shut(4013)
        if forbidden(self.world, intents):
            raise Shut(4014)
        if shard is not None and not _is_shard(shard):
            raise Shut(4010)
        self.world.identifies += 1
        if self._may_start(shard[0] if shard else 0):
            session = self.session = Session(self.world, intents, shard)
            self.gateway.sessions[session.id] = session
            session.out = self.out
            session.begin()
        self.world.touch()

    def _may_start(self, shard: int) -> bool:
        """Too soon is an invalid session; too often costs the token."""
        verdict = self.world.starts.take(shard, self.world.rules, self.world.clock.now())
        if verdict is Verdict.GRANTED:
            return True
        self.world.accuse(f"Gateway: IDENTIFY {verdict}")
        if verdict is Verdict.SPENT:
            self.gateway.revoke_token()
        else:
            self.out.put_nowait({"op": 9, "d": False})
        return False

    def _resume(self, body: Json) -> None:
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
        self.world.resumes += 1
        self.world.touch()

    def _send_members(self, session: Session, body: Json) -> None:
        members = [render.member(member) for member in self.world.members.values()]
        chunk = {"guild_id": self.world.guild, "members": members, "chunk_index": 0, "chunk_count": 1}
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk | ({"nonce": body["nonce"]} if "nonce" in body else {}))


def _is_shard(shard: object) -> bool:
    if not isinstance(shard, list) or len(shard) != 2 or not all(type(number) is int for number in shard):
        return False
    return bool(0 <= shard[0] < shard[1])
