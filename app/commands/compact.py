"""`/opencord compact`: a summary takes the place of what was said in this thread's session, so that the model has room
again. Files stay as they are, and so does what stands in the thread."""

import asyncio
from contextlib import suppress

import structlog

from app.background import meanwhile
from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, Visitor, bold, let_in
from app.commands.ports import Room
from app.commands.session import is_idle, session_of, woken
from app.discord.interactions import Interaction
from app.discord.notation import SUBTEXT
from app.discord.payloads import Payload, deferred
from app.ids import SessionId, ThreadId
from app.turns.errors import Retriable
from app.turns.preferences import Preference
from app.turns.workbench import Compacted
from app.words.session import COMPACTED, COMPACTED_BY, NOT_COMPACTED, OTHERS_AT_WORK

log = structlog.get_logger()

REGISTRATION: Payload = {
    "type": 1,
    "name": "compact",
    "description": "Make room in the model's window: go on with a summary of this session",
}

TOUCH_SECONDS = 10.0


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    session = await session_of(visitor.thread, room)
    if not await is_idle(visitor.thread, room):
        raise TurnedAway(OTHERS_AT_WORK)
    return Answer(deferred(ephemeral=True), lambda: compacted(visitor, session, room), is_private=False)


async def compacted(visitor: Visitor, session: SessionId, room: Room) -> Result:
    machine = await woken(visitor.thread, session, room)
    if not await is_idle(visitor.thread, room):  # by now
        return Result(OTHERS_AT_WORK)
    model = (await room.preferences.settled(visitor.place)).value(Preference.MODEL)
    async with meanwhile(keep_awake(visitor.thread, room)):
        came = await room.bench.compact(machine, session, model)
    if came is not Compacted.DONE:
        return Result(NOT_COMPACTED[came])
    log.info("session.compacted", thread=visitor.thread, by=visitor.asker.id)
    return Result(COMPACTED, aloud=SUBTEXT + COMPACTED_BY.format(name=bold(visitor.asker.name)))


async def keep_awake(thread: ThreadId, room: Room) -> None:
    """A model may take longer than a machine is left awake that nobody uses."""
    while True:
        await asyncio.sleep(TOUCH_SECONDS)
        with suppress(Retriable):
            await room.machines.touch(thread)
