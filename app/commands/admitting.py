"""A question that was asked by a command or a press: written down, once for every interaction. What is told of it each
says in its own way; who works on it is woken by whoever received the interaction.
"""

import structlog

from app.commands.door import Visitor
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.ids import TurnId
from app.turns.records import Request, Source

log = structlog.get_logger()


def request_of(interaction: Interaction, visitor: Visitor, prompt: str) -> Request:
    """Where and by whom it was asked. Discord may send an interaction twice: it is the same request then."""
    return Request(TurnId(interaction.id), Source.COMMAND, visitor.place, visitor.asker, prompt)


async def admit(request: Request, room: Room) -> bool:
    """False if it was known already, or another live turn follows the same one, or is about to open the same fork."""
    is_new = await room.ledger.admit(request, room.clock())
    if is_new:
        log.info("turn.admitted", turn=request.id, thread=request.place.thread)
        log.debug("turn.asked", turn=request.id, prompt=request.prompt)
    return is_new
