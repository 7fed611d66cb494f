"""What was said while nobody listened, read over REST: in every text channel and thread that may be talked in.

A channel is read from where its last page ended, and each page is admitted together with the new end. Whatever was
heard otherwise in the meantime is known by its id. A channel that was never read begins when we came into its server, a
thread of ours with its first question; and nothing is read that is more than a week old: nobody waits for that answer
any more.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog

from app.discord.kinds import THREADS
from app.ids import ChannelId, GuildId, ThreadId
from app.inbox.ports import Asks, Counts, Discord, Object, Places, Unread
from app.inbox.reader import NotFoundThere, Reader
from app.inbox.spots import (
    ARCHIVED_SECONDS,
    TEXT_CHANNELS,
    Spot,
    begin,
    is_behind,
    spot_of_channel,
    spot_of_thread,
    unlisted,
)
from app.turns.errors import Refused, Retriable
from app.turns.routing import Policy, is_open_to

log = structlog.get_logger()

AT_ONCE = 6
ALL = -1  # whatever a channel's newest message is
CLOSED_SECONDS = 900.0  # before a channel that brought nothing is tried again
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 15.0


class CatchUp:
    def __init__(
        self,
        discord: Discord,
        places: Places,
        asks: Asks,
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
        self._asks = asks
        self._us = us
        self._policy = policy
        self._clock = clock
        self._entered, self._left, self._gone = entered, left, gone
        self._one_at_a_time = asyncio.Lock()
        self._is_at_it = False
        self._closed_until: dict[tuple[ChannelId, int | None], float] = {}

    async def run(self) -> Counts:
        """Read all of it. Raises Unread when something could not be read just now; the rest has been. Any other failure
        means that nothing was."""
        async with self._one_at_a_time:
            last, begun = await self._places.caught_up_at(), self._clock()
            self._closed_until = {spot: until for spot, until in self._closed_until.items() if until > begun}
            is_thorough = last is None or begun - last > ARCHIVED_SECONDS
            counts, failures = await self._read(await self.take_stock(), is_thorough)
            if failures:
                raise Unread(f"{len(failures)} places could not be read, {failures[0]}")
            await self._places.note_caught_up(self._clock())
            return counts

    async def run_until_done(self) -> Counts:
        """As often as it takes. One at it is enough: what comes up meanwhile is left to it, and to the clock."""
        if self._is_at_it:
            return {}
        self._is_at_it = True
        try:
            return await self._insist()
        finally:
            self._is_at_it = False

    async def _insist(self) -> Counts:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self.run()
            except (Retriable, Refused) as failure:
                log.warning("inbox.unreadable", reason=str(failure), wait_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def take_stock(self) -> Sequence[GuildId]:
        """The servers that we are in."""
        known = set(await self._places.guilds())  # before Discord's list, in which one that is new by then is
        present = {GuildId(str(guild["id"])) for guild in await self._discord.get_guilds()}
        for guild in known - present:
            await self._left(guild)
        for guild in present - known:
            await self._entered(guild)
        return sorted(present)

    async def _read(self, guilds: Sequence[GuildId], is_thorough: bool) -> tuple[Counts, list[Exception]]:
        counts: Counter[str] = Counter(admitted=0, channels=0)
        failures: list[Exception] = []
        room = asyncio.Semaphore(AT_ONCE)
        for guild in guilds:
            with self._noting(failures, guild=guild):
                reader = self._reader(await self._us(), guild)
                spots = await self._spots(guild, is_thorough)
                await asyncio.gather(*(self._read_spot(reader, spot, room, counts, failures) for spot in spots))
        return counts, failures

    def _reader(self, us: str, guild: GuildId) -> Reader:
        return Reader(self._discord, self._places, self._asks, us, self._policy, self._clock, guild)

    async def _read_spot(
        self, reader: Reader, spot: Spot, room: asyncio.Semaphore, counts: Counter[str], failures: list[Exception]
    ) -> None:
        async with room:
            with self._noting(failures, channel=spot.channel):
                self._closed_until[spot.channel, spot.newest] = self._clock() + CLOSED_SECONDS
                try:
                    found = await reader.read(spot)
                except NotFoundThere:
                    await self._gone(ThreadId(spot.channel))
                    return
                except Refused as refusal:
                    self._closed_until[spot.channel, ALL] = self._clock() + CLOSED_SECONDS
                    log.info("inbox.unread", channel=spot.channel, why=str(refusal))
                    return
                except BaseException:
                    del self._closed_until[spot.channel, spot.newest]
                    raise
                counts["admitted"] += found
                counts["channels"] += 1

    @contextmanager
    def _noting(self, failures: list[Exception], **where: str) -> Iterator[None]:
        """What goes wrong in one place keeps nobody from reading the others."""
        try:
            yield
        except Refused as refusal:
            log.info("inbox.unread", why=str(refusal), **where)
        except Retriable as failure:
            failures.append(failure)
        except Exception as defect:
            log.exception("inbox.defect", **where)
            failures.append(defect)

    async def _spots(self, guild: GuildId, is_thorough: bool) -> Sequence[Spot]:
        """Where something was said that has not been read."""
        now, read_to = self._clock(), await self._places.read_to()
        joined = await self._joined_at(guild)
        since = max(joined, await self._places.begun_at())
        channels = {str(one["id"]): one for one in await self._discord.get_guild_channels(guild)}
        threads = [one for one in await self._discord.get_active_threads(guild) if one.get("type") in THREADS]
        tracked = {str(one.place.thread): one for one in await self._places.tracked(guild)}
        spots = [spot_of_channel(guild, one) for one in channels.values() if one.get("type") in TEXT_CHANNELS]
        spots += [spot_of_thread(guild, one, channels, tracked) for one in threads]
        spots += unlisted(tracked, {str(one["id"]) for one in threads}, now, is_thorough)
        begun = [begin(spot, read_to.get(spot.channel), joined, since, now) for spot in spots]
        return [one for one in begun if is_open_to(one.place, self._policy) and is_behind(one) and self._may_read(one)]

    def _may_read(self, spot: Spot) -> bool:
        """Not what was read a short while ago and has said nothing since, or cannot be read: Discord lists also what we
        may not see, and bans whoever asks for too much of that; and its newest message may have been deleted.

        https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
        """
        return self._closed_until.keys().isdisjoint({(spot.channel, ALL), (spot.channel, spot.newest)})

    async def _joined_at(self, guild: GuildId) -> float:
        known = (await self._places.guilds()).get(guild)
        if known is None:
            known = epoch(await self._discord.get_member(guild, await self._us()), self._clock())
            await self._places.note_guild(guild, known)
        return known


def epoch(member: Object, otherwise: float) -> float:
    """When somebody became a member."""
    try:
        return datetime.fromisoformat(str(member["joined_at"])).timestamp()
    except (KeyError, ValueError):
        return otherwise
