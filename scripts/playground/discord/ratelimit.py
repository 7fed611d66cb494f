"""Rate limits: a bucket per route and major parameter, and one for the bot as a whole.

https://docs.discord.com/developers/topics/rate-limits
"""

import hashlib
from dataclasses import dataclass

from scripts.playground.discord.errors import Code, Json, Refusal
from scripts.playground.discord.records import made_at
from scripts.playground.discord.rules import Rate, Rules

MAJOR = ("channel", "guild", "token")  # a webhook's is its id and token; ours all have one id
OLD_SECONDS = 3600.0
NOT_GLOBAL = ("/interactions/", "/webhooks/")


@dataclass(slots=True)
class Bucket:
    left: int
    resets_at: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refusal` is the body of a 429."""

    headers: dict[str, str]
    refusal: Json | None = None


class Limiter:
    """Fixed windows that begin with their first request."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.buckets: dict[str, Bucket] = {}

    def take(self, route: str, params: dict[str, str], path: str, now: float) -> Verdict:
        if self.rules.rates is None:
            return Verdict({})
        rate = self.rules.rates.get(route, self.rules.default_rate)
        name = hashlib.md5(route.encode(), usedforsecurity=False).hexdigest()
        key = ":".join([name, *(params[major] for major in MAJOR if major in params)])
        if not path.startswith(NOT_GLOBAL):
            whole = self._bucket("global", self.rules.global_rate, now)
            if whole.left <= 0:
                return self._refuse(whole, now, {}, everywhere=True)
        bucket = self._bucket(key, rate, now)
        headers = {"X-RateLimit-Bucket": name, "X-RateLimit-Limit": str(rate.limit)}
        if bucket.left <= 0:
            return self._refuse(bucket, now, headers | self._state(bucket, now), everywhere=False)
        bucket.left -= 1
        if not path.startswith(NOT_GLOBAL):
            whole.left -= 1
        return Verdict(headers | self._state(bucket, now))

    def rename(self, channel: str, now: float) -> Verdict:
        return self._behind(f"rename:{channel}", self.rules.rename_rate, now)

    def edit(self, channel: str, message: str, now: float) -> Verdict:
        """Of any message, of which only the old ones count."""
        if not message.isdigit() or now - made_at(message) < OLD_SECONDS:
            return Verdict({})
        verdict = self._behind(f"edit:{channel}", self.rules.old_edit_rate, now)
        body = verdict.refusal and verdict.refusal | Refusal(Code.TOO_MANY_EDITS).body
        return Verdict(verdict.headers, body)

    def _behind(self, key: str, rate: Rate, now: float) -> Verdict:
        """A second limit behind the route's, which no header announces."""
        if self.rules.rates is None:
            return Verdict({})
        bucket = self._bucket(key, rate, now)
        if bucket.left <= 0:
            return self._refuse(bucket, now, {}, everywhere=False)
        bucket.left -= 1
        return Verdict({})

    def _bucket(self, key: str, rate: Rate, now: float) -> Bucket:
        bucket = self.buckets.get(key)
        if bucket is None or now >= bucket.resets_at:
            bucket = self.buckets[key] = Bucket(rate.limit, now + rate.seconds * self.rules.window)
        return bucket

    def _state(self, bucket: Bucket, now: float) -> dict[str, str]:
        return {
            "X-RateLimit-Remaining": str(max(bucket.left, 0)),
            "X-RateLimit-Reset": f"{bucket.resets_at:.3f}",
            "X-RateLimit-Reset-After": f"{max(bucket.resets_at - now, 0):.3f}",
        }

    def _refuse(self, bucket: Bucket, now: float, headers: dict[str, str], *, everywhere: bool) -> Verdict:
        seconds = round(max(bucket.resets_at - now, 0.001), 3)
        body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
        extra = {"Retry-After": str(int(seconds) + 1), "X-RateLimit-Scope": "global" if everywhere else "user"}
        return Verdict(headers | extra | ({"X-RateLimit-Global": "true"} if everywhere else {}), body)
