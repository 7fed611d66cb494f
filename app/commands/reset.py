"""`/opencord reset`: throws the thread's machine away with everything in it. The thread hears who did that.

Where something would be lost by it, it is asked first, with two buttons: when a question is at work, which ends; and
when the machine holds work that exists nowhere else, or cannot be asked. The buttons carry which machine was meant: one
that was made later is not thrown away by an older question's button.
"""

import re

import structlog

from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, Visitor, bold, let_in
from app.commands.ports import Room
from app.commands.session import standing
from app.discord.interactions import Interaction
from app.discord.notation import SUBTEXT
from app.discord.payloads import Payload, Style, button, deferred, nonce_of, row, told, updated
from app.ids import ThreadId
from app.sandboxes.ports import Sandbox
from app.turns.errors import Refused, Retriable
from app.turns.machine import Stage
from app.words.door import NOT_NOW, UNKNOWN_BUTTON
from app.words.machine import (
    GONE_ALREADY,
    KEEP,
    KEPT,
    NEW_ALREADY,
    NO_MACHINE,
    RESET,
    RESET_AT_WORK,
    RESET_BY,
    RESET_BY_AT_WORK,
    RESET_DONE,
    RESET_UNKNOWN,
    RESET_UNSAVED,
    RESET_UP_AGAIN,
    RESETTING,
    STOPPED_BY,
)

log = structlog.get_logger()

REGISTRATION: Payload = {
    "type": 1,
    "name": "reset",
    "description": "Throw this thread's machine away with everything in it; the next question gets a new one",
}

BUTTON = re.compile(r"reset:(?P<choice>do|keep):(?P<thread>[0-9]{1,20}):(?P<mark>[0-9a-f]{24}|any)")
ANY = "any"  # a machine that its provider has given no handle yet


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    sandbox = await standing(visitor.thread, room)
    if sandbox is None:
        raise TurnedAway(NO_MACHINE)
    if await is_at_work(visitor.thread, room):
        return Answer(told(RESET_AT_WORK, components=choice(sandbox)))
    return Answer(deferred(ephemeral=True), lambda: considered(sandbox, visitor, room), is_private=False)


async def press(interaction: Interaction, room: Room) -> Answer:
    """One of the two buttons; whoever may use the command may press. Raises TurnedAway."""
    visitor = await let_in(interaction, room)
    pressed = BUTTON.fullmatch(interaction.custom_id or "")
    if pressed is None or pressed["thread"] != visitor.place.thread:
        raise TurnedAway(UNKNOWN_BUTTON)
    sandbox = await standing(visitor.thread, room)
    if sandbox is None:
        return Answer(updated(GONE_ALREADY))
    if pressed["choice"] == "keep":
        return Answer(updated(KEPT if pressed["mark"] in (ANY, mark_of(sandbox)) else NEW_ALREADY))
    if pressed["mark"] != mark_of(sandbox):
        if pressed["mark"] == ANY:  # it was still being made when the question was asked, or it is a later one
            return Answer(updated(RESET_UP_AGAIN, components=choice(sandbox)))
        return Answer(updated(NEW_ALREADY))
    return Answer(updated(RESETTING), lambda: reset(visitor, room), is_private=False)


async def considered(sandbox: Sandbox, visitor: Visitor, room: Room) -> Result:
    unsaved = await room.machines.unsaved(sandbox.thread)
    if unsaved is not False:
        return Result(RESET_UNSAVED if unsaved else RESET_UNKNOWN, choice(sandbox))
    if await is_at_work(sandbox.thread, room):  # by now
        return Result(RESET_AT_WORK, choice(sandbox))
    return await reset(visitor, room)


async def reset(visitor: Visitor, room: Room) -> Result:
    """What is at work ends when nobody can get to the machine any more: nothing that waits can begin on it, and goes to
    the new one."""
    stopped = 0

    async def stop_work() -> None:
        nonlocal stopped
        stopped += await room.ledger.cancel(visitor.thread)

    try:
        was_there = await room.machines.destroy(visitor.thread, stop_work)
    except (Retriable, Refused) as failure:
        log.warning("machine.unreset", thread=visitor.thread, stopped=stopped, reason=str(failure))
        return Result(failure.tell or NOT_NOW, aloud=stopping(visitor) if stopped else None)
    if not was_there:
        return Result(GONE_ALREADY)
    log.info("machine.reset", thread=visitor.thread, by=visitor.asker.id, stopped=stopped)
    return Result(RESET_DONE, aloud=announcement(visitor, bool(stopped)))


async def is_at_work(thread: ThreadId, room: Room) -> bool:
    turns = await room.ledger.live_turns(thread=thread)
    return any(turn.stage in {Stage.THREADED, Stage.PROMPTED} for turn in turns)


def choice(sandbox: Sandbox) -> tuple[Payload, ...]:
    subject = f"{sandbox.thread}:{mark_of(sandbox)}"
    return (row(button(RESET, f"reset:do:{subject}", Style.DANGER), button(KEEP, f"reset:keep:{subject}")),)


def mark_of(sandbox: Sandbox) -> str:
    """Short, and another for every machine that the thread ever has."""
    return ANY if sandbox.ref is None else nonce_of(sandbox.ref)


def announcement(visitor: Visitor, has_stopped: bool) -> str:
    return SUBTEXT + (RESET_BY_AT_WORK if has_stopped else RESET_BY).format(name=bold(visitor.asker.name))


def stopping(visitor: Visitor) -> str:
    return SUBTEXT + STOPPED_BY.format(name=bold(visitor.asker.name))
