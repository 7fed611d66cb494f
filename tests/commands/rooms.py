"""A thread in a channel, and turns of it at every stage."""

from typing import Any

from app.ids import ChannelId, GuildId, SessionId, ThreadId, TurnId, UserId
from app.sandboxes.machine import State
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.records import Asker, Place, Request, Source
from tests.web.door import Door

THREAD = ThreadId("210")
IN_THREAD: dict[str, Any] = {"id": "210", "type": 11, "parent_id": "200"}
PLACE = Place(GuildId("100"), ChannelId("200"), THREAD)


async def state(door: Door) -> State | None:
    """Of the thread's machine, as it is written down."""
    sandbox = await door.shelf.sandbox_of(THREAD)
    return sandbox.state if sandbox is not None else None


async def wait(door: Door, number: int, place: Place = PLACE) -> TurnId:
    """A question in the thread's queue."""
    turn = TurnId(str(number))
    await door.ledger.admit(Request(turn, Source.MESSAGE, place, Asker(UserId("300"), "alice"), "go"), door.now)
    claimed = await door.ledger.claim(f"opening {number}", door.now, door.now + 15)
    assert claimed is not None
    assert claimed.id == turn
    await door.ledger.record(turn, f"opening {number}", Event.ACCEPTED, Facts())
    await door.ledger.record(turn, f"opening {number}", Event.THREAD_OPENED, Facts())
    return turn


async def work_on(door: Door, number: int, place: Place = PLACE) -> TurnId:
    """A question of the thread at the model, in the hands of "holder"."""
    turn = await wait(door, number, place)
    claimed = await door.ledger.claim("holder", door.now, door.now + 15)
    assert claimed is not None
    await door.ledger.record(turn, "holder", Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))
    return turn
