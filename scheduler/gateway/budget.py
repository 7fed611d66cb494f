"""How often we may begin a new session. Whoever does it more than a thousand times in a day has all sessions ended and
the bot's token reset. So new sessions are begun more and more seldom where they do not last, and what Discord says
is left of the day is spread over it, also over processes that are started again and again. What others begin with the
same token we only see in what is left; a part of it is kept in reserve for them.

https://docs.discord.com/developers/events/gateway#session-start-limit-object
"""

from dataclasses import dataclass
from typing import Any

LASTING_SECONDS = 300.0
LONGEST_PAUSE_SECONDS = 300.0
# Should an answer say nothing of the limit, these are the documented ones, and we know of no start that was used.
TOTAL = 1_000
DAY_MILLISECONDS = 86_400_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What Discord says now."""

    total: int
    remaining: int
    reset_after: float  # seconds
    max_concurrency: int = 1

    @property
    def low(self) -> bool:
        return self.remaining < self.total / 2

    @property
    def reserve(self) -> int:
        """Never touched: others may use the token too, between our look and our IDENTIFY."""
        return self.total // 100


def parse_allowance(limit: Any) -> Allowance:
    given = limit if isinstance(limit, dict) else {}

    def number(name: str, default: int) -> int:
        value = given.get(name)
        return max(value, 0) if isinstance(value, int) else default

    total = number("total", TOTAL)
    concurrency = max(number("max_concurrency", 1), 1)
    return Allowance(total, number("remaining", total), number("reset_after", DAY_MILLISECONDS) / 1000, concurrency)


class Budget:
    """Of the whole process. A process begins as if it had identified just now: one that is started again and again
    must not use up in a night what is left of the day."""

    def __init__(self, now: float) -> None:
        self._last = now

    def pause(self, allowance: Allowance, now: float) -> float:
        """How long to wait before the next IDENTIFY."""
        spendable = allowance.remaining - allowance.reserve
        if spendable <= 0:
            return max(allowance.reset_after, 1.0)
        if not allowance.low:
            return 0.0
        return max(self._last + allowance.reset_after / spendable - now, 0.0)

    def identified(self, now: float) -> None:
        self._last = now


class Restarts:
    """Of one shard: new sessions that do not last are begun more and more seldom. `first` is the first pause."""

    def __init__(self, first: float = 1.0) -> None:
        self._first, self._in_vain, self._last = first, 0, float("-inf")

    def pause(self, now: float) -> float:
        """How long to wait before the next IDENTIFY."""
        if now - self._last >= LASTING_SECONDS + self._wait:
            self._in_vain = 0
        return max(self._last + self._wait - now, 0.0)

    def identified(self, now: float) -> None:
        self._in_vain, self._last = self._in_vain + 1, now

    @property
    def _wait(self) -> float:
        if not self._in_vain:
            return 0.0
        return min(self._first * 2.0 ** min(self._in_vain - 1, 10), LONGEST_PAUSE_SECONDS)
