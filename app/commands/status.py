"""`/opencord status`: what is going on here, from what is written down. Only the asker sees it."""

from collections.abc import Sequence

from app.commands.answers import Answer
from app.commands.door import let_in
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.payloads import Payload, told
from app.discord.text import shorten
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.preferences import Preference
from app.turns.records import Place, Turn
from app.words.amounts import lasting, plural
from app.words.machine import STATES
from app.words.status import (
    AT_WORK,
    AT_WORK_AND_MORE,
    AT_WORK_AND_ONE,
    DOING,
    IDLE,
    LAST_ERROR,
    MACHINE,
    MACHINE_GONE,
    MODEL,
    NO_MACHINE_YET,
    NO_SESSION,
    NOTHING_YET,
    RESUME_FAILURES,
    SANDBOX,
    SERVER_AT_WORK,
    SESSION,
    SESSION_ENDED,
)

REGISTRATION: Payload = {
    "type": 1,
    "name": "status",
    "description": "What OpenCode is doing: in a thread about that thread and its machine, elsewhere about this server",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    place = (await let_in(interaction, room)).place
    about = of_guild(place, room) if place.thread is None else of_thread(place, place.thread, room)
    return Answer(told(shorten("\n".join(await about), CONTENT)))


async def of_guild(place: Place, room: Room) -> list[str]:
    turns = await room.ledger.live_turns(guild=place.guild)
    threads = len({turn.thread or turn.id for turn in turns})
    at_work = SERVER_AT_WORK.format(questions=plural(len(turns), "question"), threads=plural(threads, "thread"))
    return [at_work, await model_in(place, room)]


async def of_thread(place: Place, thread: ThreadId, room: Room) -> list[str]:
    sandbox, turns = await room.shelf.sandbox_of(thread), await room.ledger.live_turns(thread=thread)
    model = await model_in(place, room)
    if sandbox is None and not turns:
        return [NOTHING_YET, model]
    doing = doing_of(turns, room.clock())
    if sandbox is None:
        return [doing, NO_MACHINE_YET, model]
    return [doing, machine_of(sandbox, room.clock()), model, *particulars(sandbox)]


async def model_in(place: Place, room: Room) -> str:
    return MODEL.format(model=(await room.preferences.settled(place)).value(Preference.MODEL))


def doing_of(turns: Sequence[Turn], now: float) -> str:
    if not turns:
        return IDLE
    first, waiting = turns[0], len(turns) - 1
    words = AT_WORK_AND_MORE if waiting > 1 else AT_WORK_AND_ONE if waiting else AT_WORK
    return words.format(doing=DOING[first.stage], lasting=lasting(now - first.admitted_at), number=waiting)


def machine_of(sandbox: Sandbox, now: float) -> str:
    # Discord shows every reader the time in their own zone.
    # https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
    lasted, since = lasting(now - sandbox.changed_at), int(sandbox.changed_at)
    words = MACHINE_GONE if sandbox.state is State.DESTROYED else MACHINE
    return words.format(state=STATES[sandbox.state], lasting=lasted, since=since)


def particulars(sandbox: Sandbox) -> list[str]:
    """For whoever looks closer, in the log or at the provider."""
    is_gone = sandbox.state is State.DESTROYED
    session = NO_SESSION if not sandbox.session else SESSION_ENDED if is_gone else SESSION
    lines = [SANDBOX.format(name=sandbox.name), session.format(id=sandbox.session)]
    if sandbox.resume_failures:
        lines.append(RESUME_FAILURES.format(number=sandbox.resume_failures))
    if sandbox.last_error is not None:
        lines.append(LAST_ERROR.format(error=sandbox.last_error))
    return lines
