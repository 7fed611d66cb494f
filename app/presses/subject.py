"""What a press is about: the turn that the component's id names, if it is one of the thread that was pressed in."""

from dataclasses import dataclass

from app.commands.door import TurnedAway, Visitor, let_in
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.ids import ThreadId, TurnId
from app.turns.records import Turn
from app.words.door import UNKNOWN_BUTTON

LONGEST_ID = 20  # digits of a snowflake


@dataclass(frozen=True, slots=True)
class Subject:
    visitor: Visitor
    thread: ThreadId
    turn: Turn
    rest: tuple[str, ...]  # what the id says behind the turn

    @property
    def by(self) -> str:
        """The name of who presses."""
        return self.visitor.asker.name


async def subject_of(interaction: Interaction, room: Room) -> Subject:
    """Raises TurnedAway: not everybody may press, and not every button still means something."""
    visitor = await let_in(interaction, room)
    words = (interaction.custom_id or "").split(":")
    turn_id = words[1] if len(words) > 1 else ""
    turn = await room.ledger.turn(TurnId(turn_id)) if is_id(turn_id) else None
    if turn is None or turn.thread is None or turn.thread != visitor.place.thread:
        raise TurnedAway(UNKNOWN_BUTTON)
    return Subject(visitor, turn.thread, turn, tuple(words[2:]))


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID
