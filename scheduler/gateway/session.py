"""Where we are in what Discord tells us: the session, and the sequence number of the last event.

A position is a Session: two of them say "everything up to here". The app keeps the one that is committed, and gives it
back to whoever takes the shard over; the shim itself keeps nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard
from urllib.parse import urlsplit, urlunsplit

QUERY = "v=10&encoding=json"
# A session that was begun without MESSAGE_CONTENT stays without when it is resumed, by whatever process. The app keeps
# three things about a session, and this is our note in one of them: a fragment is never sent to a server.
BLIND = "no-message-content"


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    url: str  # where it is resumed, as Discord gave it
    s: int  # the last event of it
    content: bool = True  # whether we see what people write

    @property
    def noted_url(self) -> str:
        """`url` with our note in it: what the app keeps."""
        return self.url if self.content else urlunsplit((*urlsplit(self.url)[:4], BLIND))


def parse_position(position: Mapping[str, object]) -> Session | None:
    """What the app kept. None when it knows of no session, or not enough to resume it."""
    id, url, s = (position.get(name) for name in ("session_id", "resume_gateway_url", "s"))
    if not (isinstance(id, str) and id and isinstance(url, str) and is_count(s) and is_websocket(url)):
        return None
    parts = urlsplit(url)
    return Session(id, urlunsplit((*parts[:4], "")), s, content=parts.fragment != BLIND)


def is_count(number: object) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def address(url: str) -> str:
    """Where to connect: plain JSON, version 10.

    https://docs.discord.com/developers/events/gateway#connecting
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", QUERY, ""))
