"""`/opencord compact`: a summary takes the place of what was said in this thread's session, so that the model has room
again. Files stay as they are, and so does what stands in the thread."""

import asyncio
from contextlib import suppress

import structlog

from app.background import meanwhile
from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, Visitor, bold, let_in
from app.commands.past import OTHERS_AT_WORK
from app.commands.ports import Room
from app.commands.session import session_of, woken
from app.discord.interactions import Interaction
from app.discord.notation import SUBTEXT
from app.discord.payloads import Payload, deferred
from app.ids import SessionId, ThreadId
from app.turns.errors import Retriable
from app.turns.ports import Compacted
from app.turns.preferences import Preference

log = structlog.get_logger()

REGISTRATION: Payload = {
    "type": 1,
    "name": "compact",
    "description": "Make room in the model's window: go on with a summary of this session",
}

TOUCH_SECONDS = 10.0

DONE = "Done: OpenCode goes on with a summary of this session. Files are as they were."
RESULTS = {
    Compacted.DONE: DONE,
    Compacted.BUSY: "OpenCode is at work in this session just now. Please try again when it is done.",
    Compacted.NOTHING: "Nothing was said in this session yet, so there is nothing to sum up.",
    Compacted.INTERRUPTED: (
        "The summary was interrupted, for instance by a new question, and the session is as it was. "
        "Please try again when nothing is at work."
    ),
    Compacted.FAILED: "Sorry, the model could not sum this session up, and it is as it was. Please try again later.",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    session = await session_of(visitor.thread, room)
    if await is_at_work(visitor.thread, room):
        raise TurnedAway(OTHERS_AT_WORK)
    return Answer(deferred(ephemeral=True), lambda: compacted(visitor, session, room), is_private=False)


async def compacted(visitor: Visitor, session: SessionId, room: Room) -> Result:
    machine = await woken(visitor.thread, session, room)
    if await is_at_work(visitor.thread, room):  # by now
        return Result(OTHERS_AT_WORK)
    model = (await room.preferences.settled(visitor.place)).value(Preference.MODEL)
    async with meanwhile(keep_awake(visitor.thread, room)):
        came = await room.bench.compact(machine, session, model)
    if came is not Compacted.DONE:
        return Result(RESULTS[came])
    log.info("session.compacted", thread=visitor.thread, by=visitor.asker.id)
    return Result(DONE, aloud=f"{SUBTEXT}🗜️ {bold(visitor.asker.name)} had this session summed up, to make room.")


async def keep_awake(thread: ThreadId, room: Room) -> None:
    """A model may take longer than a machine is left awake that nobody uses."""
    while True:
        await asyncio.sleep(TOUCH_SECONDS)
        with suppress(Retriable):
            await room.machines.touch(thread)


async def is_at_work(thread: ThreadId, room: Room) -> bool:
    return bool(await room.ledger.live_turns(thread=thread))
