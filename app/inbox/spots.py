"""Where something may have been said that has not been read: channels and threads, and from where on. Pure.

Discord lists channels and active threads with the id of their newest message, so only those are asked for pages where
something was said. Archived threads are in no list: writing in one makes it active again, for an hour at least. So they
are looked at one by one when the last look is longer ago than that, or when something was asked in them lately.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.discord.snowflakes import at
from app.ids import ChannelId, GuildId, MessageId, ThreadId
from app.inbox.ports import Object
from app.turns.records import Place, Tracked

TEXT_CHANNELS = frozenset({0, 5})  # and announcements; https://docs.discord.com/developers/resources/channel
OLDEST_SECONDS = 7 * 86_400.0
ARCHIVED_SECONDS = 1_800.0  # half of the shortest time after which a silent thread is archived
LATELY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something may have been said."""

    place: Place
    after: int  # the id that has been read up to
    newest: int | None  # the id of its last message; None where no list says it
    is_ours: bool = False  # whether everything there counts, or only what names us

    @property
    def channel(self) -> ChannelId:
        return ChannelId(self.place.thread or self.place.channel)


def spot_of_channel(guild: GuildId, channel: Object) -> Spot:
    return Spot(place_of(guild, channel), 0, newest_of(channel))


def place_of(guild: GuildId, channel: Object) -> Place:
    category = channel.get("parent_id")
    return Place(guild, ChannelId(str(channel["id"])), category=ChannelId(str(category)) if category else None)


def spot_of_thread(
    guild: GuildId, thread: Object, channels: Mapping[str, Object], tracked: Mapping[str, Tracked]
) -> Spot:
    parent = str(thread.get("parent_id"))
    category = channels.get(parent, {}).get("parent_id")
    place = Place(guild, ChannelId(parent), ThreadId(str(thread["id"])), ChannelId(str(category)) if category else None)
    ours = tracked.get(str(thread["id"]))
    return Spot(place, int(ours.first) if ours else 0, newest_of(thread), is_ours=ours is not None)


def unlisted(tracked: Mapping[str, Tracked], listed: set[str], now: float, is_thorough: bool) -> list[Spot]:
    """Threads of ours that are archived, or gone."""
    oldest = now - (OLDEST_SECONDS if is_thorough else LATELY_SECONDS)
    return [
        Spot(one.place, int(one.first), None, is_ours=True)
        for thread, one in tracked.items()
        if thread not in listed and one.used_at >= oldest
    ]


def begin(spot: Spot, read_to: MessageId | None, joined: float, since: float, now: float) -> Spot:
    """Where reading begins. `since` is for what was never read; nothing is read from before we `joined`."""
    first = int(read_to) if read_to else spot.after or int(at(since))
    return replace(spot, after=max(first, int(at(joined)), int(at(now - OLDEST_SECONDS))))


def is_behind(spot: Spot) -> bool:
    return spot.newest is None or spot.newest > spot.after


def is_thread(spot: Spot) -> bool:
    return spot.place.thread is not None


def newest_of(channel: Object) -> int:
    """0 where nothing was ever said."""
    newest = channel.get("last_message_id")
    return int(newest) if isinstance(newest, str) and newest.isdigit() else 0
