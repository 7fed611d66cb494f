"""How often the bot may start a session: so many times a day over all shards, and so many at once.

https://docs.discord.com/developers/events/gateway#session-start-limit-object
"""

from enum import StrEnum

from scripts.playground.discord.errors import Json
from scripts.playground.discord.rules import Rules

DAY_SECONDS = 86_400.0


class Verdict(StrEnum):
    GRANTED = "granted"
    TOO_SOON = "too soon"
    SPENT = "spent"


class Starts:
    """A RESUME is no start. The day begins with the first IDENTIFY after the last one has ended."""

    def __init__(self) -> None:
        self.taken, self.day_ends = 0, 0.0
        self._buckets: dict[int, float] = {}  # when somebody was last let in

    def take(self, shard: int, rules: Rules, now: float) -> Verdict:
        """Every IDENTIFY counts, also one that comes too soon.

        https://docs.discord.com/developers/events/gateway#sharding-max-concurrency
        """
        if now >= self.day_ends:
            self.taken, self.day_ends = 0, now + DAY_SECONDS
        self.taken += 1
        if self.taken > rules.sessions_per_day:
            return Verdict.SPENT
        bucket = shard % rules.max_concurrency
        if now - self._buckets.get(bucket, -rules.identify_seconds) < rules.identify_seconds:
            return Verdict.TOO_SOON
        self._buckets[bucket] = now
        return Verdict.GRANTED

    def limit(self, rules: Rules, now: float) -> Json:
        """As GET /gateway/bot tells it; `reset_after` in milliseconds."""
        today = self.taken if now < self.day_ends else 0
        return {
            "total": rules.sessions_per_day,
            "remaining": max(rules.sessions_per_day - today, 0),
            "reset_after": max(int((self.day_ends - now) * 1000), 0),
            "max_concurrency": rules.max_concurrency,
        }
