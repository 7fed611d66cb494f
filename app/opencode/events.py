"""What an event of OpenCode's stream means for whoever waits for one session.

Events are hints. They are not replayed after a gap, `session.idle` comes twice or never, and `session.error` is not
always the end: so an event only says when to look, and never what became of a turn. A server has one session at work
at a time, and those that this one has begun: what these ask and do concerns it too. An event may have any shape: one
that makes no sense says that the server is alive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.opencode.transcript import Fault, fault_of, fields


@dataclass(frozen=True, slots=True)
class Wake:
    """Something has changed that is worth a look at once: it may be over, or wait for somebody."""


@dataclass(frozen=True, slots=True)
class Stir:
    """There is more to see. Thousands of these may come in a turn."""


@dataclass(frozen=True, slots=True)
class Troubled:
    """Something went wrong, for good or not."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Alive:
    """The server is there; nothing else."""


Meaning = Wake | Stir | Troubled | Alive

FOR_ALL = frozenset({"server.connected", "server.instance.disposed", "global.disposed"})
ASKING = frozenset(
    {"permission.asked", "permission.replied", "question.asked", "question.replied", "question.rejected"}
)


def meaning_of(event: Mapping[str, Any], session: str) -> Meaning:
    """For the session with this id."""
    kind, properties = str(event.get("type")), fields(event.get("properties"))
    if kind in FOR_ALL or kind in ASKING:
        return Wake()
    part = fields(properties.get("part"))
    if kind == "message.part.updated" and _is_used(part):
        return Stir()
    if properties.get("sessionID") != session:
        return Alive()
    match kind:
        case "session.error":
            return Troubled(fault_of(properties.get("error")))
        case "session.idle" | "session.deleted":
            return Wake()
        case "session.status":
            return Stir() if fields(properties.get("status")).get("type") == "busy" else Wake()
        case "todo.updated":
            return Stir()
        case "message.part.updated" if part.get("type") == "text" and fields(part.get("time")).get("end"):
            return Stir()  # it is complete
        case "message.updated" if fields(fields(properties.get("info")).get("time")).get("completed"):
            return Stir()
    return Alive()


def _is_used(part: Mapping[str, Any]) -> bool:
    """It begins or ends; not all that it prints in between."""
    state = fields(part.get("state"))
    running = state.get("status") == "running" and not fields(state.get("metadata")).get("output")
    return part.get("type") == "tool" and (running or state.get("status") in ("completed", "error"))
