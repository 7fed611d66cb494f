"""One request to Discord, as often as it takes: in its turn, within the rate limits, repeated where that is safe.

Requests of one route and major parameter go out one after the other, in the order of the calls, each after the answer
to the one before: so messages to a thread cannot overtake each other, not even over a 429 or a failure. The book of
rate limits decides how long each waits.

A failure whose effect is unknown (a time-out, a lost connection, a 5xx) is repeated only where the caller says that a
repeat does no harm; one that is certainly without effect (no connection, a 429) always. What then still fails raises
Unavailable, and the turn tries again later.

No token gets into a log or an exception from here: neither carries a path. httpx logs every address, and with it the
tokens of interactions: `Discreet` takes those lines out.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import httpx

from app.connections import user_agent
from app.discord.buckets import Book, Route, retry_after
from app.discord.errors import Unavailable, refusal
from app.turns.records import File

TRIES = 6
DEADLINE_SECONDS = 30.0  # for a request with everything it waits for
TRY_SECONDS = 10.0
UPLOAD_SECONDS = 60.0  # more of both, where files are sent
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0

BEFORE_EFFECT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Body:
    json: object = None
    files: Sequence[File] = ()
    params: Mapping[str, str | int] | None = None

    def arguments(self) -> dict[str, Any]:
        """For httpx. Files travel beside their JSON: https://docs.discord.com/developers/reference#uploading-files"""
        given: dict[str, Any] = {"params": self.params} if self.params else {}
        if self.files:
            parts = [(f"files[{n}]", (file.name, file.content)) for n, file in enumerate(self.files)]
            return given | {"data": {"payload_json": json.dumps(self.json)}, "files": parts}
        return given if self.json is None else given | {"json": self.json}


NOTHING = Body()


class Again(Exception):
    """This try failed. `harmless` when it certainly had no effect."""

    def __init__(self, reason: str, *, harmless: bool, pause: bool = True) -> None:
        super().__init__(reason)
        self.harmless = harmless
        self.pause = pause  # False where the book of rate limits knows how long to wait


class Discreet(logging.Filter):
    """Lets no line through that holds an interaction's token."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        return "/webhooks/" not in line and "/interactions/" not in line


logging.getLogger("httpx").addFilter(Discreet())


class Transport:
    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        token: str,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        book: Book | None = None,
    ) -> None:
        """`base_url` ends in the version, `…/api/v10`. `now` never goes back."""
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._book = book or Book()
        self._lines: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()
        self._anonymous = {"User-Agent": user_agent()}
        self._as_bot = self._anonymous | {"Authorization": f"Bot {token}"}

    async def request(
        self,
        route: Route,
        body: Body = NOTHING,
        *,
        repeatable: bool | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> Any:
        """The answer's JSON, None where it has none. `repeatable`: whether a second time does no harm; by default
        everything but a POST. Raises Rejected, Unauthorized or Unavailable, the last after `deadline` seconds at most,
        and as long again where others are before it."""
        if repeatable is None:
            repeatable = route.method != "POST"
        until = self._now() + deadline + (UPLOAD_SECONDS if body.files else 0.0)
        async with self._line(route):
            for attempt in range(TRIES):
                await self._turn(route, until)
                try:
                    return await self._try(route, body)
                except Again as failure:
                    if not (failure.harmless or repeatable) or attempt == TRIES - 1:
                        raise Unavailable(f"{route}: {failure}") from failure
                    if failure.pause:
                        await self._wait(route, self._backoff(attempt), until)
        raise AssertionError("the last try returns or raises")

    def _line(self, route: Route) -> asyncio.Lock:
        """What a request queues for. asyncio's locks are fair; a lock that nobody holds or waits for is forgotten."""
        return self._lines.setdefault((route.method, route.template, route.major), asyncio.Lock())

    async def _turn(self, route: Route, until: float) -> None:
        while pause := self._book.wait(route, self._now()):
            if self._now() + pause > until:
                raise Unavailable(f"{route}: rate limited for {pause:.1f} s more", after=pause)
            await self._sleep(pause)
        await self._wait(route, 0.0, until)
        self._book.take(route, self._now())

    async def _wait(self, route: Route, seconds: float, until: float) -> None:
        if self._now() + seconds > until:
            raise Unavailable(f"{route}: out of time")
        if seconds:
            await self._sleep(seconds)

    def _backoff(self, attempt: int) -> float:
        longest: float = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
        return longest * (0.5 + 0.5 * self._jitter())

    async def _try(self, route: Route, body: Body) -> Any:
        seconds = TRY_SECONDS + (UPLOAD_SECONDS if body.files else 0.0)
        try:
            async with asyncio.timeout(seconds):  # httpx's own time-outs are per packet
                response = await self._http.request(
                    route.method,
                    self._base_url + route.path,
                    headers=self._anonymous if route.webhook else self._as_bot,
                    timeout=seconds,
                    follow_redirects=False,
                    **body.arguments(),
                )
        except BEFORE_EFFECT as error:
            raise Again(type(error).__name__, harmless=True) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Again(type(error).__name__, harmless=False) from error
        self._book.learn(route, response.headers, self._now())
        return self._judge(route, response)

    def _judge(self, route: Route, response: httpx.Response) -> Any:
        status, content = response.status_code, _content(response)
        if status == 429:
            raise self._limited(route, response, content)
        if status in (401, 403):
            self._book.refused(self._now())
        if 400 <= status < 500:
            raise refusal(route, status, content)
        if not response.is_success:
            raise Again(f"status {status}", harmless=False)
        if content is None and response.content:
            raise Again(f"status {status} without JSON", harmless=False)
        return content

    def _limited(self, route: Route, response: httpx.Response, content: object) -> Again:
        """Writes a 429 down. One without JSON is not Discord's but that of the guard before it: the address is banned.

        https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit
        """
        scope = response.headers.get("X-RateLimit-Scope", "user")
        said = content if isinstance(content, dict) else {"global": True}
        everything = bool(said.get("global")) or scope == "global"
        seconds = retry_after(said, response.headers)
        self._book.hold(route, seconds, self._now(), everything=everything, banned=said is not content)
        if scope != "shared":
            self._book.refused(self._now())
        return Again(f"rate limited ({scope}) for {seconds} s", harmless=True, pause=False)


def _content(response: httpx.Response) -> Any:
    """The answer's JSON; None where it is empty or something else."""
    try:
        return response.json()
    except ValueError:
        return None
