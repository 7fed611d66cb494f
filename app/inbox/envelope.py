"""What the scheduler wraps around an event of the Gateway. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.relay import Beat, Position, Shard

HEARTBEAT = "HEARTBEAT"  # the scheduler's own, and no event of Discord's
LARGEST = 2**53


class Unreadable(ValueError):
    """Not an envelope."""


@dataclass(frozen=True, slots=True)
class Event:
    shard: Shard
    position: Position | None  # None in a heartbeat before anything was taken
    name: str
    body: Mapping[str, Any]

    @property
    def beat(self) -> Beat:
        """What a heartbeat says. One without a number tells of life alone."""
        number, holder = self.body.get("beat"), _text(self.body.get("holder"))
        return Beat(
            holder if isinstance(number, int) else None,
            number if isinstance(number, int) and 0 <= number < LARGEST else 0,
            _text(self.body.get("problem")),
            _text(self.body.get("notice")),
            self.body.get("leaving") is True,
        )


def parse(said: object) -> Event:
    """Raises Unreadable."""
    root = said if isinstance(said, dict) else {}
    name, body = root.get("t"), root.get("d")
    if not isinstance(name, str) or not name:
        raise Unreadable("no name")
    return Event(_shard(root.get("shard")), _position(root), name, body if isinstance(body, dict) else {})


def shard(number: object, count: object) -> Shard:
    """Raises Unreadable."""
    if type(number) is not int or type(count) is not int or not 0 <= number < count <= LARGEST:
        raise Unreadable("no such shard")
    return Shard(number, count)


def _shard(said: object) -> Shard:
    if not isinstance(said, list) or len(said) != 2:
        raise Unreadable("no shard")
    return shard(*said)


def _position(root: Mapping[str, Any]) -> Position | None:
    session, seq = root.get("session_id"), root.get("s")
    if session is None or seq is None:
        return None
    if _text(session) is None or type(seq) is not int or not 0 <= seq < LARGEST:
        raise Unreadable("no position")
    return Position(session, _text(root.get("resume_gateway_url")), seq)


def _text(said: object) -> str | None:
    """Raises Unreadable for half a surrogate pair, which JSON can hold and nobody can store."""
    try:
        return said if isinstance(said, str) and said.encode() else None
    except UnicodeEncodeError:
        raise Unreadable("broken text") from None
