"""Settling preferences for a thread or a channel: what a command changes there, and how everybody hears of it.

What is settled counts from the next question on, because a turn reads it when it begins; a repository and its branch
count from the next machine on, because a workspace that exists is never touched again. A change is told aloud in the
first answer itself, in one line of small print: so nobody can hear of what was not done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from app.commands.answers import Answer
from app.commands.choices import checked, offered, shown
from app.commands.door import TurnedAway, Visitor, bold, let_in
from app.commands.ports import Room
from app.commands.session import standing
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT
from app.discord.payloads import Callback, Flag, Payload, message, told
from app.discord.text import shorten
from app.ids import ChannelId, ThreadId
from app.turns.preferences import Changes, Preference, Scope, Settled, beside_repository
from app.turns.records import Place
from app.words.amounts import series
from app.words.settings import (
    ALREADY_SO,
    BRANCH_ALONE,
    BY_NOBODY,
    BY_SOMEBODY,
    CHANGED,
    CLEARED,
    FROM_NEW_MACHINES,
    FROM_NEXT_MACHINE,
    FROM_NEXT_QUESTION,
    GIVEN_AND_RESET,
    NOT_SETTLED,
    NOW,
    NOW_IS,
    ONE_SETTING,
    ONLY_IN_THREADS,
    PLACE_UNKNOWN,
    SETTLED,
    SOURCES,
    THE,
    THIS_THREAD,
    UNSETTLED,
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is settled: a thread, or a channel for all of its threads."""

    visitor: Visitor
    place: Place

    @property
    def scope(self) -> Scope:
        return Scope.CHANNEL if self.place.thread is None else Scope.THREAD

    @property
    def at(self) -> ThreadId | ChannelId:
        return self.place.channel if self.place.thread is None else self.place.thread

    @property
    def where(self) -> str:
        return THIS_THREAD if self.scope is Scope.THREAD else f"<#{self.place.channel}>"

    def own(self, settled: Settled, preference: Preference) -> str | None:
        """What was settled at this very spot."""
        chosen = settled.chosen.get(preference)
        return chosen.value if chosen and chosen.scope is self.scope else None


def thread_of(visitor: Visitor) -> Spot:
    """Raises TurnedAway outside of a thread."""
    if visitor.place.thread is None:
        raise TurnedAway(ONLY_IN_THREADS)
    return Spot(visitor, visitor.place)


def channel_of(visitor: Visitor) -> Spot:
    return Spot(visitor, replace(visitor.place, thread=None))


async def one(preference: Preference, option: str, interaction: Interaction, room: Room) -> Answer:
    """The whole of a command that is about one preference of a thread: show it, choose it or take it back. An option
    that is empty takes it back, as `reset` does."""
    visitor = await let_in(interaction, room)
    typed, is_reset = interaction.options.get(option), interaction.options.get("reset") is True
    wanted = str(typed).strip() if typed is not None else ""
    if typed is None and not is_reset:
        return Answer(told(await told_of(preference, visitor, room)))
    spot = thread_of(visitor)
    if wanted and is_reset:
        raise TurnedAway(GIVEN_AND_RESET)
    return await settle(spot, {preference: await checked(preference, wanted, room) if wanted else None}, room)


async def suggested(preference: Preference, interaction: Interaction, room: Room) -> Sequence[tuple[str, str]]:
    """What is offered for the option that is being typed, if that is a value of the preference. A repository may be
    given beside a branch; else it is the one that counts."""
    visitor = await let_in(interaction, room)
    typed = str(interaction.options.get(interaction.focused or "", ""))
    given = str(interaction.options.get("repo") or interaction.options.get("repository") or "").strip()
    place = channel_of(visitor).place if interaction.command[-1] == "channel" else visitor.place
    settled = await room.preferences.settled(place)
    repository = given or settled.value(Preference.REPOSITORY)
    return await offered(preference, typed, visitor, room, repository, settled.value(preference))


async def settle(spot: Spot, wanted: Changes, room: Room, more: str = "") -> Answer:
    """Write it down, and say so to everybody, with `more` to it. Raises TurnedAway where it would change nothing, where
    there is nothing to take back, or where we may not be meant to work at all: then nothing at all is changed."""
    if spot.visitor.place.vague:
        raise TurnedAway(PLACE_UNKNOWN)
    before = await room.preferences.settled(spot.place)
    changes = effective(spot, with_repository(wanted, before), before)
    when = await since(spot, changes, room)
    await room.preferences.settle(spot.place.guild, spot.at, changes)
    log.info("preference.settled", at=spot.at, by=spot.visitor.asker.id, names=sorted(changes))
    said = announcement(spot, changes, await room.preferences.settled(spot.place))
    return Answer(aloud(" ".join(filter(None, [said, when, more]))))


def with_repository(wanted: Changes, before: Settled) -> Changes:
    """What goes with a branch. Raises TurnedAway where it would never count."""
    found = beside_repository(wanted, before)
    if found is None:
        raise TurnedAway(BRANCH_ALONE)
    return found


def effective(spot: Spot, wanted: Changes, before: Settled) -> Changes:
    """What of it is a change, and what follows from it. Raises TurnedAway."""
    if any(value is None and spot.own(before, preference) is None for preference, value in wanted.items()):
        raise TurnedAway(NOT_SETTLED.format(where=spot.where))
    changes = {preference: value for preference, value in wanted.items() if value != spot.own(before, preference)}
    if not changes:
        raise TurnedAway(ALREADY_SO)
    if Preference.REPOSITORY in changes and spot.own(before, Preference.BRANCH) is not None:
        return {Preference.BRANCH: None, **changes}  # it was the other repository's
    return changes


def announcement(spot: Spot, changes: Changes, after: Settled) -> str:
    done = [f"{name} {shown(name, value, spot.place.guild)}" for name, value in changes.items() if value is not None]
    back = [name for name, value in changes.items() if value is None]
    gone = [THE.format(name=name) for name in back]
    said = [words.format(values=series(values)) for words, values in ((SETTLED, done), (CLEARED, gone)) if values]
    told = CHANGED.format(by=bold(spot.visitor.asker.name), changes=series(said), where=spot.where)
    now = [NOW_IS.format(name=name, value=standing_value(name, spot.place, after)) for name in back]
    return f"{told} {NOW.format(values='; '.join(now))}" if now else told


async def since(spot: Spot, changes: Changes, room: Room) -> str:
    """From when on it counts. Empty where that goes without saying."""
    if not changes.keys() & {Preference.REPOSITORY, Preference.BRANCH}:
        return FROM_NEXT_QUESTION if changes.keys() - {Preference.APPROVER, Preference.VERBOSITY} else ""
    if spot.place.thread is None:
        return FROM_NEW_MACHINES
    return FROM_NEXT_MACHINE if await standing(spot.place.thread, room) else ""


async def told_of(preference: Preference, visitor: Visitor, room: Room) -> str:
    settled = await room.preferences.settled(visitor.place)
    return ONE_SETTING.format(name=preference.capitalize(), value=standing_value(preference, visitor.place, settled))


def standing_value(preference: Preference, place: Place, settled: Settled) -> str:
    """What counts there, and by whom."""
    chosen = settled.chosen.get(preference)
    if chosen is None:
        return BY_NOBODY.format(value=UNSETTLED[preference])
    return BY_SOMEBODY.format(value=shown(preference, chosen.value, place.guild), source=SOURCES[chosen.scope])


def aloud(text: str) -> Payload:
    """In small print, and without notifying anybody."""
    said = message(shorten(SUBTEXT + text, CONTENT), flags=Flag.SUPPRESS_NOTIFICATIONS)
    return {"type": int(Callback.MESSAGE), "data": said}
