"""`/opencord stop`: ends what is at work in the thread, as the button on its status message does. What waits goes on
waiting, and begins next.

It is only written down here that somebody wants it; whoever works on the turn stops it, and its status message says so.
"""

import structlog

from app.commands.answers import Answer
from app.commands.door import TurnedAway, let_in
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told
from app.ids import ThreadId
from app.turns.machine import Stage
from app.turns.records import Turn
from app.words.queue import ANSWER_ON_ITS_WAY, NOTHING_TO_STOP, STOPPING

log = structlog.get_logger()

REGISTRATION: Payload = {
    "type": 1,
    "name": "stop",
    "description": "Stop what OpenCode is doing in this thread",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    current = await current_in(visitor.thread, room)
    if current is None:
        raise TurnedAway(NOTHING_TO_STOP)
    if current.stage is Stage.ANSWERED:
        raise TurnedAway(ANSWER_ON_ITS_WAY)
    turn, by = current.id, visitor.asker.name
    if not await room.ledger.halt(turn, by):
        raise TurnedAway(NOTHING_TO_STOP)
    log.info("turn.stopped", turn=turn, thread=visitor.thread, by=visitor.asker.id)
    return Answer(told(STOPPING))


async def current_in(thread: ThreadId, room: Room) -> Turn | None:
    """What is at work; else what begins next, for nothing is in its way."""
    return await room.ledger.at_work(thread) or next(iter(await room.ledger.queue(thread)), None)
