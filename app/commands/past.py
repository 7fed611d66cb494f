"""A turn that is over, as somebody looks back on it: by the buttons below its summary, or by a command, which is about
the newest turn of its thread."""

from dataclasses import dataclass

from app.commands.door import TurnedAway, Visitor, let_in
from app.commands.ports import Room
from app.commands.session import machine_of
from app.discord.interactions import Interaction
from app.ids import MessageId, SessionId, ThreadId
from app.turns.machine import LIVE
from app.turns.records import Turn
from app.words.machine import MACHINE_GONE, MACHINE_REPLACED
from app.words.session import NOTHING_ASKED, OTHERS_AT_WORK, UNCHANGED


@dataclass(frozen=True, slots=True)
class Past:
    """`summary` is the message that says how it ended; None where that is not known."""

    visitor: Visitor
    thread: ThreadId
    turn: Turn
    summary: MessageId | None

    @property
    def by(self) -> str:
        """The name of who looks back."""
        return self.visitor.asker.name


async def newest(interaction: Interaction, room: Room) -> Past:
    """The last that was worked on in the thread. Raises TurnedAway, as the next does."""
    visitor = await let_in(interaction, room)
    turn = await room.ledger.newest(visitor.thread)
    if turn is None:
        raise TurnedAway(NOTHING_ASKED)
    if turn.stage in LIVE:
        raise TurnedAway(OTHERS_AT_WORK)
    return Past(visitor, visitor.thread, turn, turn.status)


async def session_of(past: Past, room: Room) -> SessionId:
    """Where it was worked on, as long as that exists."""
    session = past.turn.session
    if session is None:
        raise TurnedAway(UNCHANGED)
    if (await machine_of(past.thread, room, MACHINE_GONE)).session != session:
        raise TurnedAway(MACHINE_REPLACED)
    return session
