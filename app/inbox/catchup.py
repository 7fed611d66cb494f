"""What was said while nobody listened, read over REST: in every text channel and thread that may be talked in.

A channel is read from where its last page ended, page by page, oldest first, and each page is admitted together with
the new end. Whatever was heard otherwise in the meantime is known by its id. A channel that was never read begins when
we came into its server, a thread of ours with its first question; and nothing is read that is more than a week old:
nobody waits for that answer any more.

Discord lists channels and active threads with the id of their newest message, so only those are asked for pages where
something was said. Archived threads are in no list: writing in one makes it active again, for an hour at least. So they
are looked at one by one when the last look is longer ago than that, or when something was asked in them lately.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from app.discord.interactions import THREADS, Malformed
from app.discord.messages import Message, parse
from app.discord.snowflakes import at
from app.ids import ChannelId, GuildId, MessageId, ThreadId
from app.inbox.messages import request_of
from app.inbox.ports import Counts, Discord, Object, Places
from app.turns.errors import Refused, Retriable
from app.turns.records import Addressed, Place, Request, Tracked
from app.turns.routing import Policy, is_open_to

log = structlog.get_logger()

TEXT_CHANNELS = frozenset({0, 5})  # and announcements; https://docs.discord.com/developers/resources/channel
PAGE = 100
AT_ONCE = 6
OLDEST_SECONDS = 7 * 86_400.0
ARCHIVED_SECONDS = 1_800.0  # half of the shortest time after which a silent thread is archived
LATELY_SECONDS = 86_400.0
CLOSED_SECONDS = 900.0  # before a channel that we may not read is tried again


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


class CatchUp:
    def __init__(
        self,
        discord: Discord,
        places: Places,
        us: Callable[[], Awaitable[str]],
        policy: Policy,
        clock: Callable[[], float],
        *,
        entered: Callable[[GuildId], Awaitable[object]],
        left: Callable[[GuildId], Awaitable[object]],
        gone: Callable[[ThreadId], Awaitable[object]],
    ) -> None:
        """`entered` and `left` are told of servers that we did not know of, or are no longer in; `gone` of a thread of
        ours that does not exist any more."""
        self._discord = discord
        self._places = places
        self._us = us
        self._policy = policy
        self._clock = clock
        self._entered, self._left, self._gone = entered, left, gone
        self._one_at_a_time = asyncio.Lock()
        self._closed_until: dict[ChannelId, float] = {}

    async def run(self) -> Counts:
        """Read all of it. Raises Retriable when something could not be read just now; the rest has been."""
        async with self._one_at_a_time:
            begun = self._clock()
            last = await self._places.caught_up_at()
            is_thorough = last is None or begun - last > ARCHIVED_SECONDS
            counts, failures = await self._read(await self.take_stock(), is_thorough)
            if failures:
                raise failures[0]
            await self._places.note_caught_up(begun)
            return counts

    async def take_stock(self) -> Sequence[GuildId]:
        """The servers that we are in."""
        present = {GuildId(str(guild["id"])) for guild in await self._discord.get_guilds()}
        known = set(await self._places.guilds())
        for guild in known - present:
            await self._left(guild)
        for guild in present - known:
            await self._entered(guild)
        return sorted(present)

    async def _read(self, guilds: Sequence[GuildId], is_thorough: bool) -> tuple[Counts, list[Retriable]]:
        room = asyncio.Semaphore(AT_ONCE)
        counts: Counter[str] = Counter(admitted=0, channels=0)
        failures: list[Retriable] = []

        async def one(reader: Reader, spot: Spot) -> None:
            async with room:
                try:
                    counts["admitted"] += await reader.read(spot)
                    counts["channels"] += 1
                except NotFoundThere:
                    await self._gone(ThreadId(spot.channel))
                except Refused as refusal:
                    self._closed_until[spot.channel] = self._clock() + CLOSED_SECONDS
                    log.info("inbox.unread", channel=spot.channel, why=str(refusal))
                except Retriable as failure:
                    failures.append(failure)

        for guild in guilds:
            try:
                reader = Reader(self._discord, self._places, await self._us(), self._policy, self._clock, guild)
                await asyncio.gather(*(one(reader, spot) for spot in await self._spots(guild, is_thorough)))
            except Refused as refusal:
                log.info("inbox.unread", guild=guild, why=str(refusal))
            except Retriable as failure:
                failures.append(failure)
        return counts, failures

    async def _spots(self, guild: GuildId, is_thorough: bool) -> Sequence[Spot]:
        """Where something was said that has not been read."""
        now, read_to = self._clock(), await self._places.read_to()
        since = max(await self._joined_at(guild), await self._places.begun_at())
        channels = {str(one["id"]): one for one in await self._discord.get_guild_channels(guild)}
        threads = [one for one in await self._discord.get_active_threads(guild) if one.get("type") in THREADS]
        tracked = {str(one.place.thread): one for one in await self._places.tracked(guild)}
        spots = [spot_of_channel(guild, one) for one in channels.values() if one.get("type") in TEXT_CHANNELS]
        spots += [spot_of_thread(guild, one, channels, tracked) for one in threads]
        spots += unlisted(tracked, {str(one["id"]) for one in threads}, now, is_thorough)
        begun = [begin(spot, read_to.get(spot.channel), since, now) for spot in spots]
        return [one for one in begun if is_open_to(one.place, self._policy) and is_behind(one) and self._may_read(one)]

    def _may_read(self, spot: Spot) -> bool:
        """Discord lists also what we may not see, and bans whoever asks for too much of that.

        https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
        """
        return self._clock() >= self._closed_until.get(spot.channel, 0.0)

    async def _joined_at(self, guild: GuildId) -> float:
        known = (await self._places.guilds()).get(guild)
        if known is None:
            known = epoch(await self._discord.get_member(guild, await self._us()), self._clock())
            await self._places.note_guild(guild, known)
        return known


class NotFoundThere(Exception):
    """A thread of ours does not exist any more."""


class Reader:
    """Reads the channels of one server."""

    def __init__(
        self,
        discord: Discord,
        places: Places,
        us: str,
        policy: Policy,
        clock: Callable[[], float],
        guild: GuildId,
    ) -> None:
        self._discord = discord
        self._places = places
        self._us = us
        self._policy = policy
        self._clock = clock
        self._guild = guild
        self._roles: dict[str, tuple[str, ...]] = {}

    async def read(self, spot: Spot) -> int:
        """How many turns came of it. Raises NotFoundThere, Refused, Retriable."""
        admitted = 0
        while True:
            page = await self._page(spot)
            if not page:
                return admitted
            requests = await self._requests(page, spot)
            newest = MessageId(str(page[-1]["id"]))
            admitted += await self._places.admit_page(spot.channel, newest, requests, self._clock())
            spot = replace(spot, after=int(newest), is_ours=spot.is_ours or (bool(requests) and is_thread(spot)))
            if len(page) < PAGE:
                return admitted

    async def _page(self, spot: Spot) -> Sequence[Object]:
        """The oldest first."""
        try:
            page = await self._discord.get_messages(spot.channel, after=str(spot.after))
        except Refused as refusal:
            if spot.is_ours and getattr(refusal, "status", None) == 404:
                raise NotFoundThere from refusal
            raise
        return sorted(page, key=lambda message: int(message["id"]))

    async def _requests(self, page: Sequence[Object], spot: Spot) -> list[Request]:
        found: list[Request] = []
        for said in page:
            request = self._request(said, spot, follows=bool(found) and is_thread(spot))
            if request is not None:
                found.append(await self._as_member(request))
        return found

    def _request(self, said: Object, spot: Spot, *, follows: bool) -> Request | None:
        """`follows` behind a question in the same thread."""
        try:
            message = parse(said, guild=self._guild, in_thread=is_thread(spot))
        except Malformed as error:
            log.warning("event.unreadable", name="message", why=str(error))
            return None
        request = request_of(message, spot.place, self._us, self._policy)
        return request if wanted(message, request.addressed, ours=spot.is_ours or follows) else None

    async def _as_member(self, request: Request) -> Request:
        """A page does not say which roles its authors have."""
        if self._policy.required_role is None:
            return request
        asker = request.asker
        if asker.id not in self._roles:
            self._roles[asker.id] = await self._roles_of(asker.id)
        return replace(request, asker=replace(asker, roles=self._roles[asker.id]))

    async def _roles_of(self, user: str) -> tuple[str, ...]:
        try:
            member = await self._discord.get_member(self._guild, user)
        except Refused:  # no member any more
            return ()
        return tuple(str(role) for role in member.get("roles", ()))


def wanted(message: Message, addressed: Addressed, *, ours: bool) -> bool:
    return message.from_person and (addressed is Addressed.US or (ours and addressed is not Addressed.EVERYONE))


def spot_of_channel(guild: GuildId, channel: Object) -> Spot:
    category = channel.get("parent_id")
    place = Place(guild, ChannelId(str(channel["id"])), category=ChannelId(str(category)) if category else None)
    return Spot(place, 0, newest_of(channel))


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


def begin(spot: Spot, read_to: MessageId | None, since: float, now: float) -> Spot:
    """Where reading begins."""
    first = int(read_to) if read_to else spot.after or int(at(since))
    return replace(spot, after=max(first, int(at(now - OLDEST_SECONDS))))


def is_behind(spot: Spot) -> bool:
    return spot.newest is None or spot.newest > spot.after


def is_thread(spot: Spot) -> bool:
    return spot.place.thread is not None


def newest_of(channel: Object) -> int:
    """0 where nothing was ever said."""
    newest = channel.get("last_message_id")
    return int(newest) if isinstance(newest, str) and newest.isdigit() else 0


def epoch(member: Object, otherwise: float) -> float:
    """When somebody became a member."""
    try:
        return datetime.fromisoformat(str(member["joined_at"])).timestamp()
    except (KeyError, ValueError):
        return otherwise
