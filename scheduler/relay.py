"""Signed requests to the app, and what becomes of them.

For jobs, two things can be wrong, and each is waited out by itself. The app cannot be reached, or does not accept our
signature: then no job has a chance, and all of them wait, 1, 2, 4 … 60 seconds; a tick within that time says nothing.
Or one job fails in the app: then that job waits, and holds up no other.

What the Gateway shim tells and asks goes the same way, and its answers are judged where it is known what hangs on them.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import structlog

from app.discord import signature
from scheduler.backoff import Backoff

JOB_SECONDS = 120.0  # how long we wait for a job to end; it goes on in the app, and is busy until then
# Servers close connections that were idle, uvicorn after 5 seconds: one that is kept for longer breaks under a request
# now and then. A stream of events keeps its connection; a job or a beat opens one.
KEEP_SECONDS = 2.0
CHECK = "RELAY_SIGNING_KEY (if it is empty: DISCORD_TOKEN) must be the same here and there, and the clocks agree"

log = structlog.get_logger()


class Unanswered(Exception):
    """The app cannot be reached, or gave no answer that says anything."""


class Held(Exception):
    """Somebody else has the lease of the shard."""


class Relay:
    """To one app. `seed` makes our half of the key pair."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        seed: bytes,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._url, self._seed = http, url, seed
        self._clock, self._stopwatch = clock, stopwatch
        self._outage = Backoff()
        self._failing: defaultdict[str, Backoff] = defaultdict(Backoff)

    async def ask(self, name: str) -> None:
        """Have a job done, and say in the log what became of it. Never raises."""
        started = self._stopwatch()
        if started < max(self._outage.until, self._failing[name].until):
            return
        try:
            async with asyncio.timeout(JOB_SECONDS):
                response = await self._post(f"/relay/jobs/{name}", b"{}")
            self._judge(name, response, started)
        except TimeoutError:
            self._failed(name, f"no answer within {JOB_SECONDS:g} seconds")
        except httpx.RequestError as error:
            self._unreachable(f"{type(error).__name__}: {error}", started)
        except Exception:
            log.exception("job.defect", name=name)

    async def tell(self, body: bytes, seconds: float) -> int:
        """Hand over an event or a beat: the status that says what became of it. Raises Unanswered after so many
        seconds."""
        return (await self._within(seconds, self._post("/relay/events", body))).status_code

    async def position(self, shard: int, shards: int, holder: str, seconds: float) -> dict[str, Any]:
        """Take or renew the lease of a shard, and hear what was committed of it. Raises Held and Unanswered."""
        where: dict[str, str | int] = {"shard": shard, "shards": shards, "holder": holder}
        answer = await self._within(seconds, self._get("/relay/position", where))
        if answer.status_code == 409:
            raise Held
        said = object_in(answer) if answer.status_code == 200 else None
        if said is None:
            raise Unanswered(words_for(answer.status_code))
        return said

    async def _within(self, seconds: float, request: Awaitable[httpx.Response]) -> httpx.Response:
        try:
            async with asyncio.timeout(seconds):
                return await request
        except TimeoutError as error:
            raise Unanswered(f"no answer within {seconds:g} seconds") from error
        except httpx.RequestError as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error

    async def _get(self, path: str, query: Mapping[str, str | int]) -> httpx.Response:
        headers, timeout = self._signed(b""), httpx.Timeout(None, connect=5.0)
        return await self._http.get(self._url + path, params=query, headers=headers, timeout=timeout)

    async def _post(self, path: str, body: bytes) -> httpx.Response:
        headers = self._signed(body) | {"Content-Type": "application/json"}
        timeout = httpx.Timeout(None, connect=5.0)
        return await self._http.post(self._url + path, content=body, headers=headers, timeout=timeout)

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        return {
            signature.SIGNATURE_HEADER: signature.sign(self._seed, timestamp, body),
            signature.TIMESTAMP_HEADER: timestamp,
        }

    def _judge(self, name: str, response: httpx.Response, started: float) -> None:
        match response.status_code:
            case 401:
                self._refused(started)
            case 502 | 504:  # the words of whoever stands before the app; it has none of them itself
                self._unreachable(f"status {response.status_code}", started)
            case 409:
                self._reached()
                log.debug("job.busy", name=name)
            case 200 if (counts := counts_in(response)) is not None:
                self._reached()
                self._done(name, counts, self._stopwatch() - started)
            case status:
                self._reached()
                self._failed(name, f"status {status}")

    def _done(self, name: str, counts: dict[str, int], seconds: float) -> None:
        if failures := self._failing[name].clear():
            log.info("job.recovered", name=name, failures=failures)
        fields: dict[str, Any] = {**counts, "name": name, "seconds": round(seconds, 3)}
        if any(counts.values()):
            log.info("job.done", **fields)
        else:
            log.debug("job.done", **fields)

    def _failed(self, name: str, why: str) -> None:
        wait = self._failing[name].fail(self._stopwatch())
        log.warning("job.failed", name=name, why=why, wait_seconds=wait)

    def _unreachable(self, why: str, started: float) -> None:
        if self._is_first_to_fail(started):
            log.warning("relay.unreachable", why=why, wait_seconds=self._outage.fail(self._stopwatch()))

    def _refused(self, started: float) -> None:
        if self._is_first_to_fail(started):
            log.error("relay.refused", check=CHECK, wait_seconds=self._outage.fail(self._stopwatch()))

    def _is_first_to_fail(self, started: float) -> bool:
        """Jobs that are asked for side by side meet one outage, not one each: it is waited out once."""
        return self._outage.until <= started

    def _reached(self) -> None:
        if failures := self._outage.clear():
            log.info("relay.recovered", failures=failures)


def counts_in(response: httpx.Response) -> dict[str, int] | None:
    """None when it is not the app that answers."""
    said = object_in(response)
    sound = said is not None and all(isinstance(count, int) and key.isidentifier() for key, count in said.items())
    return said if sound else None


def object_in(response: httpx.Response) -> dict[str, Any] | None:
    try:
        said = response.json()
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def words_for(status: int) -> str:
    return f"status 401: {CHECK}" if status == 401 else f"status {status}"
