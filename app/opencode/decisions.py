"""Whether a decision has reached the agent, read from the tools that asked. Pure.

OpenCode forgets what it asked as soon as it is decided. What is left is the tool: it has gone on, or it says that
somebody did not want it. A tool is known again by what it was used for, so of several alike the newest counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.opencode.tools import Part
from app.opencode.transcript import fields
from app.turns.progress import Allowed, Answered, Ask, Decision, Permission, Question

REJECTED = "The user rejected"
DISMISSED = "The user dismissed"


def was_taken(tools: Sequence[Part], ask: Ask, decision: Decision) -> bool:
    """Of an ask that is not waited for any more."""
    about = ask.about
    state = next((one["state"] for one in reversed(tools) if _is_about(one, about)), None)
    if state is None:
        return False
    match decision:
        case Allowed():
            return state["status"] in ("running", "completed")
        case Answered(answers):
            known = state.get("metadata") or {}
            return bool(known.get("answers") == [list(answer) for answer in answers])
    return str(state.get("error", "")).startswith((REJECTED, DISMISSED))


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
