"""All shards of the bot: as many as Discord wants, one task each.

A defect in one shard is logged, and that shard begins again after a pause; the others do not notice. When Discord
wants another number of shards, all of them end and begin anew.
"""

import asyncio
import itertools
import random
import secrets
import sys
import time
from collections.abc import Callable

import httpx
import structlog

from scheduler.backoff import Backoff
from scheduler.gateway.gate import Gate, Resharded, Trouble
from scheduler.gateway.pace import PACE, Pace
from scheduler.gateway.protocol import Identity
from scheduler.gateway.shard import Shard, first_of
from scheduler.relay import Relay

CALM_SECONDS = 300.0  # what goes wrong after so long a time has nothing to do with the last time

log = structlog.get_logger()


class Fleet:
    """Every process is another holder of leases, and numbers its beats by itself."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        token: str,
        relay: Relay,
        pace: Pace = PACE,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._token, self._relay, self._pace, self._clock, self._jitter = token, relay, pace, clock, jitter
        self._gate = Gate(http, base_url, token, pace, clock)
        self._holder, self._beats = secrets.token_hex(8), itertools.count(1)

    async def listen(self) -> None:
        """For ever. Cancelled, it takes leave of Discord and of the app."""
        calm, shards = Calm(self._clock, self._pace.calm), 0
        while True:
            try:
                shards = shards or await self._wanted()
                await first_of(*(self._keep(self._shard(number, shards)) for number in range(shards)))
            except Resharded as news:
                log.warning("gateway.resharded", before=shards, now=news.shards)
                shards = news.shards or 0
            except Exception:
                log.exception("gateway.defect")
            await calm.pause()

    async def _wanted(self) -> int:
        """One for as long as nobody knows: that shard tells the operator why."""
        try:
            return (await self._gate.gateway()).shards
        except Trouble:
            return 1

    def _shard(self, number: int, shards: int) -> Shard:
        identity = Identity(self._token, (number, shards), platform=sys.platform)
        ours = self._holder, self._beats, self._pace, self._clock, self._jitter
        return Shard(identity, self._gate, self._relay, *ours)

    async def _keep(self, shard: Shard) -> None:
        calm = Calm(self._clock, self._pace.calm)
        while True:
            try:
                await shard.live()
            except Resharded:
                raise
            except Exception:
                log.exception("gateway.defect", shard=shard.number)
            await calm.pause()


class Calm:
    """Pauses that grow while things go wrong again soon."""

    def __init__(self, clock: Callable[[], float], first: float) -> None:
        self._clock, self._backoff, self._since = clock, Backoff(first=first), clock()

    async def pause(self) -> None:
        if self._clock() - self._since >= CALM_SECONDS:
            self._backoff.clear()
        await asyncio.sleep(self._backoff.fail())
        self._since = self._clock()
