"""Signed requests to the app, and what becomes of them.

Two things can be wrong, and each is waited out by itself. The app cannot be reached, or does not accept our signature:
then no job has a chance, and all of them wait, 1, 2, 4 … 60 seconds; a tick within that time says nothing. Or one job
fails in the app: then that job waits, and holds up no other.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from app.discord import signature

JOB_SECONDS = 120.0  # how long we wait for a job to end; it goes on in the app, and is busy until then
LONGEST_WAIT_SECONDS = 60.0
CHECK = "RELAY_SIGNING_KEY (if it is empty: DISCORD_TOKEN) must be the same here and there, and the clocks agree"

log = structlog.get_logger()


@dataclass(slots=True)
class Backoff:
    """Times are seconds by any clock that only goes forward."""

    failures: int = 0  # in a row
    until: float = float("-inf")

    def fail(self, now: float) -> float:
        """How long to wait now."""
        seconds = min(2.0 ** min(self.failures, 10), LONGEST_WAIT_SECONDS)
        self.failures, self.until = self.failures + 1, now + seconds
        return seconds

    def clear(self) -> int:
        """How many failures there had been."""
        failures, self.failures, self.until = self.failures, 0, float("-inf")
        return failures


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
            self._judge(name, response, self._stopwatch() - started)
        except TimeoutError:
            self._failed(name, f"no answer within {JOB_SECONDS:g} seconds")
        except httpx.RequestError as error:
            self._unreachable(f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("job.defect", name=name)

    async def _post(self, path: str, body: bytes) -> httpx.Response:
        timestamp = str(int(self._clock()))
        headers = {
            signature.SIGNATURE_HEADER: signature.sign(self._seed, timestamp, body),
            signature.TIMESTAMP_HEADER: timestamp,
            "Content-Type": "application/json",
            # The app closes idle connections after a few seconds: kept ones would break now and then under a request.
            "Connection": "close",
        }
        timeout = httpx.Timeout(None, connect=5.0)
        return await self._http.post(self._url + path, content=body, headers=headers, timeout=timeout)

    def _judge(self, name: str, response: httpx.Response, seconds: float) -> None:
        match response.status_code:
            case 401:
                self._refused()
            case 502 | 504:  # the words of whoever stands before the app; it has none of them itself
                self._unreachable(f"status {response.status_code}")
            case 409:
                self._reached()
                log.debug("job.busy", name=name)
            case 200 if (counts := counts_in(response)) is not None:
                self._reached()
                self._done(name, counts, seconds)
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

    def _unreachable(self, why: str) -> None:
        log.warning("relay.unreachable", why=why, wait_seconds=self._outage.fail(self._stopwatch()))

    def _refused(self) -> None:
        log.error("relay.refused", check=CHECK, wait_seconds=self._outage.fail(self._stopwatch()))

    def _reached(self) -> None:
        if failures := self._outage.clear():
            log.info("relay.recovered", failures=failures)


def counts_in(response: httpx.Response) -> dict[str, int] | None:
    """None when it is not the app that answers."""
    try:
        said = response.json()
    except (ValueError, RecursionError):
        return None
    sound = isinstance(said, dict) and all(isinstance(count, int) and key.isidentifier() for key, count in said.items())
    return said if sound else None
