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
from app.turns.machine import Stage
from app.turns.preferences import Preference
from app.turns.records import Place, Turn

REGISTRATION: Payload = {
    "type": 1,
    "name": "status",
    "description": "What OpenCode is doing: in a thread about that thread and its machine, elsewhere about this server",
}

DOING = {
    Stage.ADMITTED: "There is a new question",
    Stage.ACCEPTED: "A thread is being opened for a question",
    Stage.THREADED: "The machine is being made ready for a question",
    Stage.PROMPTED: "OpenCode is at work on a question",
    Stage.ANSWERED: "The answer is being sent to a question",
}
MACHINE = {
    State.CREATING: "being made",
    State.ACTIVE: "awake",
    State.PAUSING: "falling asleep",
    State.PAUSED: "asleep",
    State.RESUMING: "waking up",
    State.DESTROYING: "being thrown away",
    State.DESTROYED: "gone",
    State.ERROR: "out of order",
}
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


async def run(interaction: Interaction, room: Room) -> Answer:
    place = (await let_in(interaction, room)).place
    about = of_guild(place, room) if place.thread is None else of_thread(place, place.thread, room)
    return Answer(told(shorten("\n".join(await about), CONTENT)))


async def of_guild(place: Place, room: Room) -> list[str]:
    turns = await room.ledger.live_turns(guild=place.guild)
    threads = len({turn.thread or turn.id for turn in turns})
    at_work = f"{plural(len(turns), 'question')} in {plural(threads, 'thread')}"
    return [f"At work in this server: {at_work}.", await model_in(place, room)]


async def of_thread(place: Place, thread: ThreadId, room: Room) -> list[str]:
    sandbox, turns = await room.shelf.sandbox_of(thread), await room.ledger.live_turns(thread=thread)
    model = await model_in(place, room)
    if sandbox is None and not turns:
        return ["Nothing has been asked in this thread yet. Use /opencord ask to begin.", model]
    doing = doing_of(turns, room.clock())
    if sandbox is None:
        return [doing, "Machine: none yet", model]
    return [doing, machine_of(sandbox, room.clock()), model, *particulars(sandbox)]


async def model_in(place: Place, room: Room) -> str:
    return f"Model: {(await room.preferences.settled(place)).value(Preference.MODEL)}"


def doing_of(turns: Sequence[Turn], now: float) -> str:
    if not turns:
        return "Nothing is being worked on."
    first, waiting = turns[0], len(turns) - 1
    more = f"; {waiting} more wait{'s' * (waiting == 1)}" if waiting else ""
    return f"{DOING[first.stage]} that was asked {lasting(now - first.admitted_at)} ago{more}."


def machine_of(sandbox: Sandbox, now: float) -> str:
    # Discord shows every reader the time in their own zone.
    # https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
    since = f"for {lasting(now - sandbox.changed_at)} (since <t:{int(sandbox.changed_at)}:f>)"
    hint = "; the next question gets a new one" if sandbox.state is State.DESTROYED else ""
    return f"Machine: {MACHINE[sandbox.state]} {since}{hint}"


def particulars(sandbox: Sandbox) -> list[str]:
    """For whoever looks closer, in the log or at the provider."""
    is_gone = sandbox.state is State.DESTROYED
    session = f"`{sandbox.session}`{' (ended)' if is_gone else ''}" if sandbox.session else "none yet"
    lines = [f"Sandbox: `{sandbox.name}`", f"Session: {session}"]
    if sandbox.resume_failures:
        lines.append(f"Resume failures: {sandbox.resume_failures}")
    if sandbox.last_error is not None:
        lines.append(f"Last error: {sandbox.last_error}")
    return lines


def lasting(seconds: float) -> str:
    """In the largest unit of which it is at least one."""
    whole = max(0, round(seconds))
    size, noun = next((unit for unit in UNITS if whole >= unit[0]), UNITS[-1])
    return plural(whole // size, noun)


def plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
