"""The buttons of a turn that waits or is at work: Stop, Run next, Interrupt now, Cancel.

Nothing is stopped here: it is written down that somebody wants it, and whoever works on the turn stops it and says so
in the message that was pressed. Only that it is next the message says at once; what was next before it keeps its words.
"""

import structlog

from app.commands.answers import Answer
from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import deferred_update, told, updated
from app.discord.status_view import status
from app.presses.subject import Subject, subject_of
from app.turns.display import since_of
from app.turns.machine import LIVE, Stage
from app.turns.status import Phase, Status
from app.words.turn import ALREADY_BEGUN, ALREADY_OVER, NEXT_ANYWAY, NEXT_NOW

log = structlog.get_logger()


async def stop(interaction: Interaction, room: Room) -> Answer:
    """End it, whether it is at work or still waits."""
    subject = await subject_of(interaction, room)
    turn, by = subject.turn.id, subject.by
    if not await room.ledger.halt(turn, by):
        raise TurnedAway(ALREADY_OVER)
    log.info("turn.stopped", turn=turn, thread=subject.thread, by=subject.visitor.asker.id)
    return Answer(deferred_update())


async def run_next(interaction: Interaction, room: Room) -> Answer:
    """Put it before everything else that waits in its thread."""
    turn = (await hastened(interaction, room)).turn
    view = status(Status(Phase.NEXT, since_of(turn)), turn.id)
    return Answer(updated(view.content, components=view.components))


async def interrupt(interaction: Interaction, room: Room) -> Answer:
    """Put it before everything else, and stop what is in its way."""
    subject = await hastened(interaction, room)
    current = await room.ledger.at_work(subject.thread)
    # An answer that is being sent is all but over, and belongs to somebody.
    if current is None or current.id == subject.turn.id or current.stage is Stage.ANSWERED:
        return Answer(told(NEXT_ANYWAY))
    await room.ledger.stop(current.id, subject.by)
    log.info("turn.stopped", turn=current.id, thread=subject.thread, by=subject.visitor.asker.id)
    return Answer(told(NEXT_NOW))


async def cancel(interaction: Interaction, room: Room) -> Answer:
    subject = await subject_of(interaction, room)
    if not await room.ledger.call_off(subject.turn.id, subject.by):
        raise TurnedAway(await too_late(subject, room))
    log.info("turn.stopped", turn=subject.turn.id, thread=subject.thread, by=subject.visitor.asker.id)
    return Answer(deferred_update())


async def hastened(interaction: Interaction, room: Room) -> Subject:
    subject = await subject_of(interaction, room)
    if not await room.ledger.hasten(subject.turn.id):
        raise TurnedAway(await too_late(subject, room))
    return subject


async def too_late(subject: Subject, room: Room) -> str:
    """Why a turn that waited does not wait any more."""
    turn = await room.ledger.turn(subject.turn.id)
    return ALREADY_BEGUN if turn is not None and turn.stage in LIVE else ALREADY_OVER
