"""`/opencord pause`: puts the thread's machine to sleep now, instead of when nobody has used it for a while."""

from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, let_in
from app.commands.ports import Room
from app.commands.session import machine_of
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, deferred
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.errors import Refused, Retriable
from app.turns.machine import Stage
from app.words.door import NOT_NOW
from app.words.machine import (
    ASLEEP_ALREADY,
    CHANGING,
    NOT_WHILE_AT_WORK,
    NOT_WHILE_BUSY,
    OUT_OF_ORDER,
    PAUSED,
    STATES,
)

REGISTRATION: Payload = {
    "type": 1,
    "name": "pause",
    "description": "Put this thread's machine to sleep now; the next question wakes it",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    thread = (await let_in(interaction, room)).thread
    await check(await machine_of(thread, room), room)
    return Answer(deferred(ephemeral=True), lambda: paused(thread, room), is_private=False)


async def paused(thread: ThreadId, room: Room) -> Result:
    if await is_busy(thread, room):
        return Result(NOT_WHILE_BUSY)
    has_paused = await room.machines.pause(thread)
    try:
        sandbox = await machine_of(thread, room)
        if has_paused and sandbox.state is State.PAUSED:  # it may have been found gone or broken instead
            return Result(PAUSED)
        await check(sandbox, room)
    except TurnedAway as obstacle:
        return Result(str(obstacle))
    return Result(NOT_NOW)


async def is_busy(thread: ThreadId, room: Room) -> bool:
    """With something that is no turn, such as a summary. One that cannot be asked is put to sleep like any other."""
    try:
        machine = await room.machines.awake(thread)
        if machine is None or machine.session is None:
            return False
        return await room.bench.is_busy(machine, machine.session)
    except (Retriable, Refused):
        return False


async def check(sandbox: Sandbox, room: Room) -> None:
    """Raises TurnedAway when something is known that speaks against pausing it."""
    if sandbox.state is State.PAUSED:
        raise TurnedAway(ASLEEP_ALREADY)
    # An answer that is being sent needs no machine any more.
    if any(turn.stage is not Stage.ANSWERED for turn in await room.ledger.live_turns(thread=sandbox.thread)):
        raise TurnedAway(NOT_WHILE_AT_WORK)
    if sandbox.state is State.ERROR:
        raise TurnedAway(OUT_OF_ORDER)
    if sandbox.state is not State.ACTIVE:
        state = STATES[sandbox.state]
        raise TurnedAway(CHANGING.format(state=state))
