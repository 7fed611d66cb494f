"""`/opencord resume`: wakes the thread's machine, so that the next question need not wait for it."""

from app.commands.answers import Answer, Result
from app.commands.door import let_in
from app.commands.ports import Room
from app.commands.session import machine_of
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, deferred
from app.ids import ThreadId
from app.turns.records import Place
from app.words.machine import AWAKE

REGISTRATION: Payload = {
    "type": 1,
    "name": "resume",
    "description": "Wake this thread's machine, so that the next question need not wait for it",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    thread = (await machine_of(visitor.thread, room)).thread
    # Also one that is written down as awake: it may have stopped by itself.
    return Answer(deferred(ephemeral=True), lambda: resumed(thread, visitor.place, room), is_private=False)


async def resumed(thread: ThreadId, place: Place, room: Room) -> Result:
    await room.machines.ensure(thread, place.labels)
    await room.machines.touch(thread)  # it may have been awake, and about to fall asleep
    return Result(AWAKE)
