"""What OpenCode asks people, and what it is told: its rows read as an `Ask`, a `Decision` written as a request. Pure.

https://opencode.ai/v1/docs/permissions
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.ids import AskId, SessionId
from app.turns.progress import Allowed, Answered, Ask, Decision, Denied, Option, Permission, Question

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """An ask, and where in OpenCode it comes from."""

    ask: Ask
    session: SessionId
    message: str | None  # in which a tool asks; None when it is no tool

    @property
    def order(self) -> str:
        """What comes later has the greater one: behind its kind an id begins with the time."""
        return self.ask.id.partition("_")[2]


def inquiries_of(permissions: Sequence[Row], questions: Sequence[Row]) -> list[Inquiry]:
    """In the order in which they were asked. A row that makes no sense is passed over: it cannot be answered either."""
    found = [*map(_permission, permissions), *map(_questions, questions)]
    return sorted((one for one in found if one is not None), key=lambda one: one.order)


def _permission(row: Row) -> Inquiry | None:
    action, known = row.get("permission"), row.get("metadata") or {}
    if not isinstance(action, str) or not isinstance(known, dict):
        return None
    about = Permission(action, _subject(row, known), str(known.get("diff") or ""), _texts(row.get("always")))
    return _inquiry(row, about)


def _subject(row: Row, known: Row) -> str:
    if known.get("command"):
        return str(known["command"])
    given = known.get("input")
    if isinstance(given, dict):  # a tool that is used over and over again in the same way
        return str(given.get("command") or f"{known.get('tool')} {json.dumps(given, ensure_ascii=False)}")
    return "\n".join(_texts(row.get("patterns")))


def _questions(row: Row) -> Inquiry | None:
    rows = row.get("questions")
    if not isinstance(rows, list) or not rows or not all(isinstance(one, dict) for one in rows):
        return None
    questions = [_question(one) for one in rows]
    return _inquiry(row, tuple(one for one in questions if one is not None)) if all(questions) else None


def _question(row: Row) -> Question | None:
    options = row.get("options") or []
    if not isinstance(options, list) or not all(isinstance(one, dict) for one in options):
        return None
    return Question(
        str(row.get("question", "")),
        str(row.get("header", "")),
        tuple(Option(str(one.get("label", "")), str(one.get("description") or "")) for one in options),
        multiple=row.get("multiple") is True,
        custom=row.get("custom") is not False,
    )


def _inquiry(row: Row, about: Permission | tuple[Question, ...]) -> Inquiry | None:
    id, session, tool = row.get("id"), row.get("sessionID"), row.get("tool")
    if not isinstance(id, str) or not isinstance(session, str):
        return None
    message = tool.get("messageID") if isinstance(tool, dict) else None
    return Inquiry(Ask(AskId(id), about), SessionId(session), message if isinstance(message, str) else None)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Telling:
    path: str
    body: Row | None = None


def telling(ask: Ask, decision: Decision) -> Telling:
    """The request that carries a decision. A denied permission ends the turn, one that is denied with a reason is told
    to the model, which goes on; questions that nobody wants to answer end the turn."""
    if isinstance(ask.about, Permission):
        path = f"/permission/{ask.id}/reply"
        match decision:
            case Allowed(always):
                return Telling(path, {"reply": "always" if always else "once"})
            case Denied(reason):
                return Telling(path, {"reply": "reject", **({"message": reason} if reason else {})})
    else:
        path = f"/question/{ask.id}"
        match decision:
            case Answered(answers):
                return Telling(f"{path}/reply", {"answers": [list(answer) for answer in answers]})
            case Denied():
                return Telling(f"{path}/reject")
    raise ValueError(f"{type(decision).__name__} does not decide {ask.id}")
