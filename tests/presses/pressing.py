"""Presses as Discord sends them, and what they are about: turns of a thread, and what agents ask in it."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from app.discord.status_view import closing
from app.ids import AskId, MessageId, SessionId, TurnId
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.progress import Ask, Option, Permission, Question
from app.turns.records import Place
from app.turns.status import Outcome
from tests.commands.rooms import IN_THREAD, PLACE, work_on
from tests.web.door import Door, used

SUMMARY = "-# ✅ **Done** in 2 s"
DEFERRED_UPDATE = {"type": 6}
THINKING = {"type": 5, "data": {"flags": 64}}
RUN = Ask(AskId("per_1"), Permission("bash", "rm -r build", always=("rm *",)))
COLOUR = Question("Which colour?", "Colour", (Option("Red", "warm"), Option("Blue")))
SIZES = Question("Which sizes?", "Sizes", (Option("S"), Option("M"), Option("L")), multiple=True, custom=False)
WISHES = Ask(AskId("que_1"), (COLOUR, SIZES))
_ids = count(600)


def press(
    custom_id: str,
    by: str = "bob",
    *,
    values: Sequence[str] = (),
    channel: Mapping[str, Any] = IN_THREAD,
) -> dict[str, Any]:
    """Of a component below a message of ours."""
    content = {"component_type": 3 if values else 2, "custom_id": custom_id, "values": list(values)}
    return _used(3, content, by, channel)


def submit(custom_id: str, by: str = "bob", **written: str) -> dict[str, Any]:
    """Of the modal that such a component opened."""
    inputs = [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": name, "value": text}}
        for name, text in written.items()
    ]
    return _used(5, {"custom_id": custom_id, "components": inputs}, by, IN_THREAD)


def _used(kind: int, content: dict[str, Any], by: str, channel: Mapping[str, Any]) -> dict[str, Any]:
    member = {"user": {"id": str(sum(by.encode())), "username": by}, "roles": ["90"], "permissions": "0"}
    message = {"id": "77", "content": SUMMARY, "type": 0}
    shown = {"type": kind, "id": str(next(_ids)), "member": member, "message": message, "data": content}
    return used("", dict(channel)) | shown


async def asking(door: Door, ask: Ask = RUN, number: int = 501) -> TurnId:
    """A turn at the model that waits for a person."""
    turn = await work_on(door, number)
    await door.asks.note(turn, "holder", ask, door.now, door.now + 600)
    await door.asks.note_message(turn, "holder", ask.id, MessageId("77"))
    return turn


async def finished(door: Door, number: int = 501, *, machine: bool = True, place: Place = PLACE) -> TurnId:
    """A turn that was answered, with its summary, and the machine that it was worked on with."""
    if machine and place.thread is not None:
        await door.machines.make(place.thread)
        await door.shelf.remember_session(place.thread, SessionId("ses_1"))
        door.machines.session = SessionId("ses_1")
    turn = await work_on(door, number, place)
    await door.ledger.record(turn, "holder", Event.ANSWER_TAKEN, Facts(answer="yes"))
    await door.ledger.record(turn, "holder", Event.DELIVERED, Facts())
    door.now += 1
    door.edits.shown, door.edits.below = SUMMARY, closing(Outcome.DONE, turn, changed=True)
    return turn


def buttons(answer: Mapping[str, Any]) -> dict[str, str]:
    """Of the message that the answer makes of the one that was pressed: label or placeholder -> custom_id."""
    inside = [one for row in answer["data"].get("components", ()) for one in row["components"]]
    return {one.get("label") or one["placeholder"]: one["custom_id"] for one in inside}
