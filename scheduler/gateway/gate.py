"""Discord's REST API, as far as the Gateway needs it: who we are, where the Gateway is, and whether a session may be
begun now.

An IDENTIFY is the dearest thing that the shim does (see `budget`), so each takes its `turn`: one at a time in its
bucket, after a fresh look at what is left of the day. Whatever stands against one is a Trouble: what to tell the
operator, and how long to wait before asking again; that wait is the caller's. A turn itself waits for its bucket: until
the one before it has connected, and the spacing is over.

https://docs.discord.com/developers/events/gateway#get-gateway-bot
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import structlog

from app.connections import user_agent
from scheduler.backoff import Backoff
from scheduler.gateway.budget import Allowance, Budget, Restarts, parse_allowance
from scheduler.gateway.pace import PACE, Pace
from scheduler.gateway.session import is_websocket

# https://docs.discord.com/developers/resources/application#application-object-application-flags
MESSAGE_CONTENT, MESSAGE_CONTENT_LIMITED = 1 << 18, 1 << 19
TOKEN_REFUSED = "Discord does not accept DISCORD_TOKEN: make a new one in the Developer Portal (Bot, Reset Token)."  # noqa: S105
USED_UP = "The bot has begun so many Gateway sessions that Discord allows no more for now; the next is due in {:.0f} s."

log = structlog.get_logger()
Found = TypeVar("Found")


class Trouble(Exception):
    """`problem` is a sentence for the operator; it is no use to ask again before `pause` seconds."""

    def __init__(self, problem: str, pause: float) -> None:
        super().__init__(problem)
        self.problem, self.pause = problem, pause


class Resharded(Exception):
    """Discord wants another number of shards than we have; None: it did not say which."""

    def __init__(self, shards: int | None = None) -> None:
        super().__init__(shards)
        self.shards = shards


@dataclass(frozen=True, slots=True)
class Gateway:
    url: str
    shards: int
    allowance: Allowance


@dataclass(slots=True)
class Bucket:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Turn:
    """Call `spend` when IDENTIFY is sent, or may have been."""

    gateway: Gateway
    spend: Callable[[], None]


class Gate:
    """Shared by all shards of a process, and by the fleets that follow one another in it: `restarts` are kept per
    number of a shard, so that sharding anew forgives nothing."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        token: str,
        pace: Pace = PACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._base_url, self._pace, self._clock = http, base_url, pace, clock
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": user_agent()}
        self._outage, self._problem = Backoff(), ""
        self._asking = asyncio.Lock()
        self._buckets: defaultdict[int, Bucket] = defaultdict(Bucket)
        self._concurrency = 1
        self._budget = Budget(clock())
        self.restarts: defaultdict[int, Restarts] = defaultdict(lambda: Restarts(pace.restart))
        self._bot: str | None = None

    async def bot(self) -> str:
        """Our user id. Raises Trouble."""
        if self._bot is None:
            self._bot = await self._ask("/users/@me", read_id, "it does not say who we are")
        return self._bot

    async def content_allowed(self) -> bool:
        """Whether Message Content Intent is switched on. Raises Trouble."""
        flags = await self._ask("/applications/@me", read_flags, "it does not say what we may")
        return bool(flags & (MESSAGE_CONTENT | MESSAGE_CONTENT_LIMITED))

    async def gateway(self) -> Gateway:
        """As it is now. Raises Trouble."""
        gateway = await self._ask("/gateway/bot", read_gateway, "it does not say where the Gateway is")
        self._concurrency = gateway.allowance.max_concurrency
        return gateway

    @asynccontextmanager
    async def turn(self, shard: int, shards: int) -> AsyncIterator[Turn]:
        """The right to send one IDENTIFY, for as long as the block lasts. Raises Trouble and Resharded."""
        bucket = self._buckets[shard % self._concurrency]
        async with bucket.lock:
            await asyncio.sleep(max(bucket.free_at - self._clock(), 0.0))
            gateway = await self.gateway()
            if gateway.shards != shards:
                raise Resharded(gateway.shards)
            self._afford(gateway.allowance)
            yield Turn(gateway, lambda: self._spend(shard, bucket))

    def _spend(self, shard: int, bucket: Bucket) -> None:
        now = self._clock()
        bucket.free_at = now + self._pace.spacing
        self._budget.identified(now)
        self.restarts[shard].identified(now)

    def _afford(self, allowance: Allowance) -> None:
        pause = self._budget.pause(allowance, self._clock())
        if allowance.low:
            fields = {"total": allowance.total, "remaining": allowance.remaining, "wait_seconds": round(pause, 1)}
            log.error("gateway.identifies_low", reset_seconds=round(allowance.reset_after), **fields)
        if pause > 0:
            raise Trouble(USED_UP.format(pause), pause)

    async def _ask(self, path: str, read: Callable[[dict[str, Any]], Found | None], lacking: str) -> Found:
        """`read` finds in the answer what was asked for; None: it is not there, which is an outage like any other."""
        async with self._asking:
            if (pause := self._outage.until - self._clock()) > 0:
                raise Trouble(self._problem, pause)
            try:
                response = await self._http.get(self._base_url + path, headers=self._headers)
                said = response.json() if response.status_code == 200 else None
            except (httpx.RequestError, ValueError, RecursionError) as error:
                raise self._failed(f"{type(error).__name__}: {error}") from error
            if not isinstance(said, dict):
                raise self._judged(response)
            if (found := read(said)) is None:
                raise self._failed(lacking)
            if self._outage.clear():
                log.info("gateway.discord_back")
            return found

    def _judged(self, response: httpx.Response) -> Trouble:
        if response.status_code == 401:
            log.error("gateway.refused", check="DISCORD_TOKEN", wait_seconds=self._pace.refused)
            return self._wait(TOKEN_REFUSED, self._pace.refused)
        if response.status_code == 429:
            return self._failed("status 429", retry_after(response))
        return self._failed(f"status {response.status_code}")

    def _failed(self, why: str, at_least: float = 0.0) -> Trouble:
        pause = max(self._outage.fail(self._clock()), at_least)
        log.warning("gateway.discord_away", why=why, wait_seconds=round(pause, 1))
        return self._wait(f"Discord's REST API cannot be used just now ({why}).", pause)

    def _wait(self, problem: str, pause: float) -> Trouble:
        self._problem, self._outage.until = problem, self._clock() + pause
        self._outage.failures = max(self._outage.failures, 1)
        return Trouble(problem, pause)


def read_id(said: dict[str, Any]) -> str | None:
    return said["id"] if isinstance(said.get("id"), str) else None


def read_flags(said: dict[str, Any]) -> int:
    """None set where it does not say: the field is optional."""
    flags = said.get("flags")
    return flags if isinstance(flags, int) else 0


def read_gateway(said: dict[str, Any]) -> Gateway | None:
    url, shards = said.get("url"), said.get("shards")
    if not (isinstance(url, str) and is_websocket(url) and isinstance(shards, int) and shards > 0):
        return None
    return Gateway(url, shards, parse_allowance(said.get("session_start_limit")))


def retry_after(response: httpx.Response) -> float:
    """Seconds. https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit"""
    try:
        return min(max(float(response.headers.get("Retry-After", "1")), 0.0), 86_400.0)
    except ValueError:
        return 1.0
