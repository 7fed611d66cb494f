"""What an event of OpenCode's stream means for whoever waits for one session.

Events are hints. They are not replayed after a gap, `session.idle` comes twice or never, and `session.error` is not
always the end: so an event only says when to look at the messages, and never what became of a turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.opencode.transcript import Fault, fault_of


@dataclass(frozen=True, slots=True)
class Wake:
    """Something has changed that is worth a look."""


@dataclass(frozen=True, slots=True)
class Troubled:
    """Something went wrong, for good or not."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Alive:
    """The server is there; nothing else."""


Meaning = Wake | Troubled | Alive


def meaning_of(event: Mapping[str, Any], session: str) -> Meaning:
    """For the session with this id; what concerns others only shows that the server is alive."""
    kind, properties = event.get("type"), event.get("properties") or {}
    if kind in ("server.connected", "server.instance.disposed", "global.disposed"):
        return Wake()
    if properties.get("sessionID") != session:
        return Alive()
    if kind == "session.error":
        return Troubled(fault_of(properties.get("error") or {}))
    if kind in ("session.idle", "session.status", "session.deleted"):
        return Wake()
    if kind == "message.updated" and (properties.get("info") or {}).get("time", {}).get("completed"):
        return Wake()
    return Alive()
