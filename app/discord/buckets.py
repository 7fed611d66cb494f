"""The book of rate limits: what Discord said about them, and how long a request has to wait because of it.

Discord announces limits in headers and asks not to hard-code them. A bucket is named by `X-RateLimit-Bucket` together
with the route's major parameter (the channel, the guild, or the webhook with its token); which bucket a route belongs
to is known after its first answer. Two limits no header announces: fifty requests a second over all routes, and ten
thousand invalid requests in ten minutes, after which the address is banned.

Nothing here sleeps or reads a clock: `now` is any clock that never goes back, in seconds. The book forgets a bucket
once its window is over, so it does not grow with channels and tokens; its keys hold tokens, so it is never printed.

https://docs.discord.com/developers/topics/rate-limits
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from app.discord.limits import INVALID_REQUESTS, INVALID_SECONDS, REQUESTS_PER_SECOND

MAJOR = ("channel", "guild", "token")
SWEEP = 512  # buckets known, before the finished ones are looked for

# Other programs behind the same address make mistakes too.
MOST_INVALID = INVALID_REQUESTS // 2
SAME_WINDOW = 0.5  # seconds by which two answers may disagree about the end of one window


@dataclass(frozen=True, slots=True)
class Route:
    """What is called. `path` is the secret one where `webhook` says so: it holds an interaction's token."""

    method: str
    template: str
    path: str = field(repr=False)
    major: str = field(repr=False)
    webhook: bool = False  # authorised by the token in its path, and not bound to the global limit
    needs: str = ""  # the permission that is probably missing when Discord forbids it

    @classmethod
    def to(cls, method: str, template: str, *, needs: str = "", **parts: str) -> "Route":
        """`template` names its parts in braces; they are quoted, so that none can lead somewhere else."""
        path = template.format_map({name: quote(part, safe="@") for name, part in parts.items()})
        major = next((parts[name] for name in MAJOR if name in parts), "")
        return cls(method, template, path, major, webhook="token" in parts, needs=needs)

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


Key = tuple[str, str, str]


@dataclass(slots=True)
class Bucket:
    remaining: int
    until: float  # when it is full again


class Book:
    def __init__(self, per_second: int = REQUESTS_PER_SECOND, most_invalid: int = MOST_INVALID) -> None:
        self._names: dict[Key, str] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._sent: deque[float] = deque(maxlen=per_second)
        self._invalid: deque[float] = deque(maxlen=most_invalid)
        self._held_until = 0.0
        self._banned_until = 0.0
        self._sweep_at = SWEEP

    def wait(self, route: Route, now: float) -> float:
        """How many seconds this request has to wait; 0.0 when it may go at once. Ask again after waiting."""
        until = max(self._banned_until, self._full(self._invalid, INVALID_SECONDS))
        if not route.webhook:
            until = max(until, self._held_until, self._full(self._sent, 1.0))
        bucket = self._buckets.get(self._bucket_key(route))
        if bucket and bucket.remaining <= 0:
            until = max(until, bucket.until)
        # A remainder of rounding is nothing to sleep for.
        return until - now if until - now > 0.001 else 0.0

    def take(self, route: Route, now: float) -> None:
        """The request goes out."""
        if not route.webhook:
            self._sent.append(now)
        bucket = self._buckets.get(self._bucket_key(route))
        if bucket and bucket.until > now:
            bucket.remaining -= 1

    def learn(self, route: Route, headers: Mapping[str, str], now: float) -> None:
        """What an answer says of the route's bucket. `headers` do not tell capitals apart; odd ones teach nothing."""
        name = headers.get("X-RateLimit-Bucket")
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        seconds = _number(headers.get("X-RateLimit-Reset-After"))
        if name is None or remaining is None or seconds is None:
            return
        self._names[_key(route)] = name
        self._fill(route, int(remaining), now + seconds)
        self._sweep(now)

    def hold(self, route: Route, seconds: float, now: float, *, everything: bool = False, banned: bool = False) -> None:
        """A 429: the route's bucket is empty for so long; with `everything` all of the bot's routes are to wait, with
        `banned` all routes there are."""
        until = now + seconds
        self._buckets[self._bucket_key(route)] = Bucket(0, until)
        if everything and not route.webhook:
            self._held_until = max(self._held_until, until)
        if banned:
            self._banned_until = max(self._banned_until, until)

    def refused(self, now: float) -> None:
        """An answer that counts as an invalid request: 401, 403, or a 429 whose scope is not `shared`."""
        self._invalid.append(now)

    def _bucket_key(self, route: Route) -> tuple[str, str]:
        return self._names.get(_key(route), str(route)), route.major

    def _fill(self, route: Route, remaining: int, until: float) -> None:
        known = self._buckets.get(self._bucket_key(route))
        # Answers overtake each other: within one window the lower number is the later one.
        if known and abs(known.until - until) < SAME_WINDOW:
            remaining = min(remaining, known.remaining)
        self._buckets[self._bucket_key(route)] = Bucket(remaining, until)

    def _sweep(self, now: float) -> None:
        if len(self._names) + len(self._buckets) < self._sweep_at:
            return
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.until > now}
        self._names = {key: name for key, name in self._names.items() if (name, key[2]) in self._buckets}
        self._sweep_at = max(SWEEP, 2 * (len(self._names) + len(self._buckets)))

    @staticmethod
    def _full(times: deque[float], window: float) -> float:
        """When there is room again for one more within the window."""
        return times[0] + window if len(times) == times.maxlen else 0.0


def retry_after(body: object, headers: Mapping[str, str]) -> float:
    """The seconds of a 429: those of the body, which are exact; else the header's; else one."""
    said = body.get("retry_after") if isinstance(body, dict) else None
    seconds = _number(said if said is not None else headers.get("Retry-After"))
    return 1.0 if seconds is None else seconds


def _key(route: Route) -> Key:
    return route.method, route.template, route.major


def _number(said: object) -> float | None:
    try:
        number = float(said)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None
