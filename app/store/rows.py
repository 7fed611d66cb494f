"""Rows of the database, and the records they stand for."""

import json
from collections.abc import Mapping
from typing import Any

from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId, TurnId, UserId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.machine import Stage
from app.turns.records import Addressed, Asker, Parcel, Place, Request, Source, Turn

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
        "interaction_token": request.interaction_token,
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
    )


def parcel_of_row(row: Row) -> Parcel:
    message = row["message"]
    return Parcel(row["ordinal"], row["content"], row["nonce"], message and MessageId(message))


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
