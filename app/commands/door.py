"""Who may use a command or a button, and from where: the same for all, and known from the interaction and the store."""

from dataclasses import dataclass, replace

from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.notation import escape
from app.discord.text import shorten
from app.ids import ChannelId, ThreadId
from app.turns.records import Asker, Place
from app.turns.routing import Refusal, gate
from app.words.door import NO_THREAD, NOT_HERE

LONGEST_NAME = 80  # characters


class TurnedAway(Exception):
    """The text is for the person."""


@dataclass(frozen=True, slots=True)
class Visitor:
    place: Place
    asker: Asker

    @property
    def at(self) -> ThreadId | ChannelId:
        """The thread or the channel that they are in."""
        return self.place.thread or self.place.channel

    @property
    def thread(self) -> ThreadId:
        """Raises TurnedAway outside of one."""
        if self.place.thread is None:
            raise TurnedAway(NO_THREAD)
        return self.place.thread


async def let_in(interaction: Interaction, room: Room) -> Visitor:
    """Raises TurnedAway. A thread's category is that of its channel, which Discord does not say and the store may not
    know yet: the place is vague then, and whoever works on what was asked looks it up."""
    place, asker = interaction.place, interaction.member
    if place is None or asker is None:
        raise TurnedAway(NOT_HERE)
    if place.thread is not None:
        category = await room.places.known_category(place.channel)
        vague = room.policy.category is not None and not await room.places.is_located(place.channel)
        place = replace(place, category=category, vague=vague)
    refusal = gate(place, asker, room.policy)
    if isinstance(refusal, Refusal):
        raise TurnedAway(refusal.value)
    return Visitor(place, asker)


def bold(name: str) -> str:
    """Somebody's name, as it is said to others."""
    return f"**{escape(shorten(name, LONGEST_NAME))}**"
