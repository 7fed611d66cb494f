"""Whether a decision has reached the agent, read from the tools that asked. Pure.

OpenCode forgets what it asked as soon as it is decided. What is left is the tool: it has gone on, or it says that
somebody did not want it. A tool is known again by what it was used for, and of several alike the one that asked is the
newest that is older than what it asked: a later one is another attempt. A tool that waits looks as one does that
works, also when its server is long dead; what it has begun to do tells them apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.opencode.tools import Part
from app.opencode.transcript import fields
from app.turns.progress import Allowed, Answered, Ask, Decision, Permission, Question

REJECTED = "The user rejected"
DISMISSED = "The user dismissed"


def was_taken(tools: Sequence[Part], ask: Ask, decision: Decision) -> bool:
    """Of an ask that is not waited for any more. `tools` are those of its session and of the others beside it."""
    alike = [one for one in tools if _is_about(one, ask.about) and _order(one["id"]) < _order(ask.id)]
    if not alike:
        return False
    state = max(alike, key=lambda one: _order(one["id"]))["state"]
    match decision:
        case Allowed():
            return state["status"] == "completed" or _has_begun(state)
        case Answered(answers):
            known = state.get("metadata") or {}
            return bool(known.get("answers") == [list(answer) for answer in answers])
    return str(state.get("error", "")).startswith((REJECTED, DISMISSED))


def _order(id: str) -> str:
    """What is made later has the greater one: behind its kind an id begins with the time."""
    return id.partition("_")[2]


def _has_begun(state: Mapping[str, Any]) -> bool:
    """A command has an output, if an empty one, as soon as it runs; a change of a file is too short for that."""
    return state["status"] == "running" and "output" in (state.get("metadata") or {})


def _is_about(part: Part, about: Permission | tuple[Question, ...]) -> bool:
    given = part["state"].get("input") or {}
    if isinstance(about, Permission):
        return about.subject in (given.get("command"), *_path(given, about.subject))
    asked = given.get("questions") or []
    return part["tool"] == "question" and [fields(one).get("question") for one in asked] == [one.text for one in about]


def _path(given: Mapping[str, Any], subject: str) -> tuple[str, ...]:
    """An edit names the whole path, and asks by that from the workspace."""
    path = str(given.get("filePath", ""))
    return (subject,) if subject and (path == subject or path.endswith(f"/{subject}")) else ()
