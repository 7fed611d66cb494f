"""Rows of the database, and the records they stand for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.ids import AskId, ChannelId, GuildId, MessageId, SessionId, ThreadId, TurnId, UserId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.asks import Asked, AskState
from app.turns.machine import Ending, Stage
from app.turns.preferences import Preference
from app.turns.progress import Allowed, Answered, Ask, Decision, Denied, Option, Permission, Question
from app.turns.records import (
    About,
    Addressed,
    Asker,
    Attachment,
    Content,
    File,
    Fork,
    Origin,
    Parcel,
    Place,
    Request,
    Source,
    Turn,
)

Row = Mapping[str, Any]


def sound(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What SQLite can hold: half a surrogate pair, which JSON may smuggle in, becomes a question mark."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in columns.items()
    }


def row_of_request(request: Request, now: float) -> dict[str, Any]:
    place, asker = request.place, request.asker
    return {
        "id": request.id,
        "source": request.source.value,
        "guild": place.guild,
        "channel": place.channel,
        "thread": place.thread,
        "category": place.category,
        "vague": place.vague,
        "addressed": request.addressed.value,
        "asker": asker.id,
        "asker_name": asker.name,
        "asker_roles": json.dumps(asker.roles),
        "prompt": request.prompt,
        "attachments": json_of_attachments(request.attachments),
        "wishes": json.dumps(dict(request.wishes)),
        "private": request.private,
        "about": json_of_about(request.about),
        "fork": None if request.fork is None else json.dumps(asdict(request.fork)),
        "interaction_token": request.interaction_token,
        "follows": request.follows,
        "plain": request.plain,
        "stage": Stage.ADMITTED.value,
        "admitted_at": now,
        "due_at": now,
    }


def turn_of_row(row: Row) -> Turn:
    return Turn(
        id=TurnId(row["id"]),
        position=row["position"],
        source=Source(row["source"]),
        place=Place(
            guild=GuildId(row["guild"]),
            channel=ChannelId(row["channel"]),
            thread=row["thread"] and ThreadId(row["thread"]),
            category=row["category"] and ChannelId(row["category"]),
            vague=bool(row["vague"]),
        ),
        asker=Asker(UserId(row["asker"]), row["asker_name"], tuple(json.loads(row["asker_roles"]))),
        prompt=row["prompt"],
        interaction_token=row["interaction_token"],
        stage=Stage(row["stage"]),
        admitted_at=row["admitted_at"],
        due_at=row["due_at"],
        attempts=row["attempts"],
        losses=row["losses"],
        failing_since=row["failing_since"],
        interruptions=row["interruptions"],
        opener=row["opener"] and MessageId(row["opener"]),
        session=row["session"] and SessionId(row["session"]),
        answer=row["answer"],
        failure=row["failure"],
        addressed=Addressed(row["addressed"]),
        starts_thread=bool(row["starts"]),
        attachments=tuple(Attachment(**one) for one in json.loads(row["attachments"])),
        private=bool(row["private"]),
        about=about_of_json(row["about"]),
        status=row["status"] and MessageId(row["status"]),
        begun_at=row["begun_at"],
        ended_at=row["ended_at"],
        stopped_by=row["stopped_by"],
        ending=row["ending"] and Ending(row["ending"]),
        gave_up=bool(row["gave_up"]),
        expired=bool(row["expired"]),
        reopened=row["reopened"],
        follows=row["follows"] and TurnId(row["follows"]),
        fork=row["fork"] and Fork(**json.loads(row["fork"])),
        plain=bool(row["plain"]),
        wishes={Preference(name): value for name, value in json.loads(row["wishes"]).items()},
    )


def json_of_attachments(attachments: Sequence[Attachment]) -> str:
    return json.dumps([asdict(one) for one in attachments])


def json_of_about(about: About | None) -> str | None:
    return None if about is None else json.dumps(asdict(about))


def about_of_json(said: str | None) -> About | None:
    return None if said is None else About(**json.loads(said))


def parcel_of_row(row: Row, files: Sequence[File] = ()) -> Parcel:
    return Parcel(
        ordinal=row["ordinal"],
        content=Content(row["content"], tuple(files)),
        nonce=row["nonce"],
        notify=row["notify"] and UserId(row["notify"]),
        part=row["part"],
        named=tuple(Origin(**one) for one in json.loads(row["named"])),
        message=row["message"] and MessageId(row["message"]),
    )


def file_of_row(row: Row) -> File:
    origin = None if row["path"] is None else Origin(row["path"], row["mark"])
    return File(row["name"], row["content"], origin)


def row_of_ask(turn: TurnId, ask: Ask, now: float, until: float) -> dict[str, Any]:
    return {
        "turn": turn,
        "id": ask.id,
        "about": json.dumps(
            asdict(ask.about) if isinstance(ask.about, Permission) else [asdict(question) for question in ask.about]
        ),
        "state": AskState.OPEN.value,
        "asked_at": now,
        "expires_at": until,
    }


def asked_of_row(row: Row) -> Asked:
    return Asked(
        turn=TurnId(row["turn"]),
        ask=Ask(AskId(row["id"]), _about(json.loads(row["about"]))),
        state=AskState(row["state"]),
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        message=row["message"] and MessageId(row["message"]),
        answers=_answers(json.loads(row["answers"])),
        decision=row["decision"] and decision_of_json(row["decision"]),
        by=row["decided_by"],
        shown=row["shown"],
    )


def _about(said: Any) -> Permission | tuple[Question, ...]:
    if isinstance(said, dict):
        return Permission(**{**said, "always": tuple(said["always"])})
    return tuple(Question(**{**one, "options": tuple(Option(**it) for it in one["options"])}) for one in said)


def _answers(said: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one) for one in said)


def json_of_decision(decision: Decision) -> str:
    return json.dumps({"kind": type(decision).__name__.lower(), **asdict(decision)})


def decision_of_json(said: str) -> Decision:
    match json.loads(said):
        case {"kind": "allowed", "always": always}:
            return Allowed(always)
        case {"kind": "denied", "reason": reason}:
            return Denied(reason)
        case {"kind": "answered", "answers": answers}:
            return Answered(_answers(answers))
    raise ValueError("no decision is written like this")


def sandbox_of_row(row: Row) -> Sandbox:
    return Sandbox(
        thread=ThreadId(row["thread"]),
        name=row["name"],
        state=State(row["state"]),
        ref=row["ref"],
        password=row["password"],
        session=row["session"] and SessionId(row["session"]),
        resume_failures=row["resume_failures"],
        last_error=row["last_error"],
        changed_at=row["changed_at"],
        active_at=row["active_at"],
        holder=row["holder"],
        held_until=row["held_until"],
        doomed_at=row["doomed_at"],
    )
