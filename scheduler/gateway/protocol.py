"""What is said over one Gateway connection, and what comes after it. No I/O, no clock, no randomness.

    HELLO ─▶ IDENTIFY ─▶ READY ───┐
      └────▶ RESUME ─▶ replay ─▶ RESUMED ─▶ events … ─▶ closed

A Conversation is fed with frames (`receive`), the passing of time (`tick`, at the latest when it is `due`) and at last
the closing (`closed`). It answers with actions for the socket, and in the end with a Verdict: how to go on. Whoever
drives it carries out every action in order, and closes with CLOSE alone: 1000 and 1001 would end the session.

What we send stays below 120 frames a minute and 4,096 bytes by construction, so nothing counts it.

https://docs.discord.com/developers/events/gateway
"""

import json
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any

from scheduler.gateway.closings import Move, Verdict, verdict_on
from scheduler.gateway.session import Session, is_count, is_websocket

CLOSE = 4000
PATIENCE_SECONDS = 20.0  # for HELLO, READY and RESUMED; servers exist that never answer a RESUME
SHORTEST_BEAT_SECONDS = 1.0
ANSWERS_PER_MINUTE = 50  # to heartbeats that are asked for

GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 15
INTENTS = GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT


class Op(IntEnum):
    """https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes"""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


@dataclass(frozen=True, slots=True)
class Identity:
    token: str
    shard: tuple[int, int]
    intents: int = INTENTS
    platform: str = "linux"

    def __repr__(self) -> str:
        return f"Identity(shard={self.shard}, intents={self.intents})"


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is where we are after it."""

    at: Session
    name: str
    body: Any


@dataclass(frozen=True, slots=True, repr=False)
class Send:
    """`text` may hold the token: it has no place in a log."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """With code CLOSE."""


Action = Send | Event | Close


class Phase(StrEnum):
    GREETING = "greeting"  # waits for HELLO
    OPENING = "opening"  # IDENTIFY or RESUME is sent
    OPEN = "open"
    ENDED = "ended"


class Conversation:
    """`session` None: a new one is begun. `jitter` is from 0 to 1; times are seconds by a clock that never goes
    back."""

    def __init__(self, identity: Identity, session: Session | None, now: float, jitter: float) -> None:
        self.identity, self.session, self.jitter = identity, session, jitter
        self.resuming = session is not None
        self.asked = False  # whether IDENTIFY or RESUME was sent
        self.progress = False  # whether it brought anything that we had not had, or RESUMED
        self.silent = False  # whether RESUME was given up without a single frame since
        self.phase = Phase.GREETING
        self.verdict: Verdict | None = None
        self._patience_ends = now + PATIENCE_SECONDS
        self._beat_at, self._beat_seconds, self._acked = float("inf"), 0.0, True
        self._minute_ends, self._answers = now, 0
        self._heard = False  # anything since IDENTIFY or RESUME

    @property
    def due(self) -> float:
        """When to call `tick` at the latest."""
        return self._beat_at if self.phase is Phase.OPEN else min(self._patience_ends, self._beat_at)

    def receive(self, text: str | bytes, now: float) -> list[Action]:
        if self.phase is Phase.ENDED:
            return []
        frame = parse(text)
        if frame is None:
            return self._lose("an unreadable frame")
        self._heard = self.asked
        match frame["op"]:
            case Op.DISPATCH:
                return self._dispatch(frame, now)
            case Op.HEARTBEAT:
                return self._answer(now)
            case Op.RECONNECT:
                return self._lose("Discord asked for it")
            case Op.INVALID_SESSION:
                return self._invalidate(resumable=frame.get("d") is True)
            case Op.HELLO:
                return self._greet(frame, now)
            case Op.HEARTBEAT_ACK:
                self._acked = True
        return []

    def tick(self, now: float) -> list[Action]:
        if self.phase in (Phase.GREETING, Phase.OPENING) and now >= self._patience_ends:
            return self._give_up()
        if self.phase is Phase.ENDED or now < self._beat_at:
            return []
        if not self._acked:
            return self._lose("heartbeats were not answered")
        self._acked, self._beat_at = False, now + self._beat_seconds
        return [self._beat()]

    def leave(self, why: str) -> list[Action]:
        """We have reasons of our own to end this connection, and will be back."""
        return self._lose(why) if self.phase is not Phase.ENDED else []

    def closed(self, code: int | None) -> Verdict:
        """The connection is gone. `code` is the one that the server closed with, None when it gave none."""
        if self.verdict is None:
            self._end(verdict_on(code, content=bool(self.identity.intents & MESSAGE_CONTENT)))
        assert self.verdict is not None
        return self.verdict

    def _end(self, verdict: Verdict) -> list[Action]:
        if verdict.move is not Move.RESUME:
            self.session = None
        elif self.session is None:
            verdict = replace(verdict, move=Move.IDENTIFY)
        self.phase, self.verdict = Phase.ENDED, verdict
        return [Close()]

    def _lose(self, why: str) -> list[Action]:
        return self._end(Verdict(Move.RESUME, why))

    def _give_up(self) -> list[Action]:
        if self.phase is Phase.GREETING:
            return self._lose("no HELLO came")
        if self.resuming and not self._heard:
            self.silent = True  # perhaps the network, not the server: that says nothing against the session
            return self._lose("nothing came after RESUME")
        # It may be the session that is beyond help: only a new one is sure to go on.
        return self._end(Verdict(Move.IDENTIFY, f"{'RESUME' if self.resuming else 'IDENTIFY'} was not answered"))

    def _greet(self, frame: dict[str, Any], now: float) -> list[Action]:
        body = frame.get("d")
        interval = body.get("heartbeat_interval") if isinstance(body, dict) else None
        if isinstance(interval, bool) or not isinstance(interval, int | float) or not 0 < interval < 1e7:
            return self._lose("an unreadable frame")
        if self.phase is not Phase.GREETING:
            return []
        self._beat_seconds = max(interval / 1000, SHORTEST_BEAT_SECONDS)
        self._beat_at = now + self._beat_seconds * self.jitter
        self.phase, self.asked, self._patience_ends = Phase.OPENING, True, now + PATIENCE_SECONDS
        return [self._resume(self.session) if self.session else self._identify()]

    def _identify(self) -> Send:
        us = self.identity
        properties = {"os": us.platform, "browser": "opencord", "device": "opencord"}
        body = {"token": us.token, "intents": us.intents, "properties": properties, "shard": us.shard}
        return frame_of(Op.IDENTIFY, body)

    def _resume(self, session: Session) -> Send:
        return frame_of(Op.RESUME, {"token": self.identity.token, "session_id": session.id, "seq": session.s})

    def _beat(self) -> Send:
        return frame_of(Op.HEARTBEAT, self.session.s if self.session else None)

    def _answer(self, now: float) -> list[Action]:
        if now >= self._minute_ends:
            self._minute_ends, self._answers = now + 60, 0
        self._answers += 1
        return [self._beat()] if self._answers <= ANSWERS_PER_MINUTE else []

    def _invalidate(self, *, resumable: bool) -> list[Action]:
        # https://docs.discord.com/developers/events/gateway#resuming: wait between one and five seconds.
        move, pause = Move.RESUME if resumable else Move.IDENTIFY, 1 + 4 * self.jitter
        return self._end(Verdict(move, "Discord declared the session invalid", pause))

    def _dispatch(self, frame: dict[str, Any], now: float) -> list[Action]:
        name, s, body = frame.get("t"), frame.get("s"), frame.get("d")
        if name == "RESUMED" and self.session and self.phase is Phase.OPENING:
            # It says that we are connected, whatever its number, and be it none or an old one.
            return self._advance(name, max(s, self.session.s) if is_count(s) else self.session.s, body)
        if not isinstance(name, str) or not is_count(s):
            return self._lose("an unreadable frame")
        if name == "READY" and not self.resuming and self.session is None:
            self.session = self._begun(body)
            if self.session is None:
                return self._lose("an unreadable READY")
        if self.session is None:
            return []
        self._patience_ends = now + PATIENCE_SECONDS
        return self._advance(name, s, body) if s > self.session.s else []

    def _advance(self, name: str, s: int, body: Any) -> list[Action]:
        assert self.session is not None
        if name in ("READY", "RESUMED"):
            self.phase = Phase.OPEN
        self.progress = True
        self.session = replace(self.session, s=s)
        return [Event(self.session, name, body)]

    def _begun(self, ready: Any) -> Session | None:
        given = ready if isinstance(ready, dict) else {}
        id, url = given.get("session_id"), given.get("resume_gateway_url")
        if not (isinstance(id, str) and id and isinstance(url, str) and is_websocket(url)):
            return None
        # -1: the events of a session are counted from 1, or from 0 by whoever counts like that.
        return Session(id, url, -1, content=bool(self.identity.intents & MESSAGE_CONTENT))


def parse(text: str | bytes) -> dict[str, Any] | None:
    """None when it is nothing that Discord would send."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    sound = isinstance(frame, dict) and isinstance(frame.get("op"), int) and not isinstance(frame["op"], bool)
    return frame if sound else None


def frame_of(op: Op, body: Any) -> Send:
    return Send(json.dumps({"op": op.value, "d": body}))
