"""The time for which we hold a shard's lease, and what is told to the app in it: events, one at a time and in order,
each until the app has it; and beside them, in a queue of their own, beats that keep the lease and say how we are.

An event counts once it is answered with 204. 400 and 413 say that it never will be: it is dropped, loudly, and the
next one follows. Anything else means later, for as long as it takes; before long the beats tell of it as a problem,
the backlog fills, and whoever listens stops. A beat that is answered with 409 ends the tenure: somebody else goes on
from what is committed.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from scheduler.backoff import Backoff
from scheduler.gateway.backlog import Backlog, Entry
from scheduler.gateway.pace import Pace
from scheduler.gateway.protocol import Event
from scheduler.gateway.selection import select
from scheduler.gateway.session import Session
from scheduler.relay import Relay, Unanswered, words_for

NEVER = frozenset({400, 413})
QUEUE_FULL = "the app takes no events"

log = structlog.get_logger()


class LeaseLost(Exception):
    """Somebody else has it."""


class Tenure:
    """`beats` numbers the beats of this process. `bot` is needed to choose what is relayed, before the first event."""

    def __init__(
        self,
        relay: Relay,
        shard: tuple[int, int],
        holder: str,
        beats: Iterator[int],
        backlog: Backlog,
        pace: Pace,
        jitter: Callable[[], float],
    ) -> None:
        self._relay, self._shard, self._holder, self._beats = relay, shard, holder, beats
        self._pace, self._jitter, self.backlog = pace, jitter, backlog
        self._log = log.bind(shard=shard[0], shards=shard[1])
        self.bot = ""
        self._problem: str | None = "The connection to Discord's Gateway is being made."
        self._notice: str | None = None
        self._overdue: str | None = None  # the deliverer's problem, beside the listener's
        self._refusal = ""  # why the first event was not taken the last time
        self._stirred, self._news, self._roomy = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._roomy.set()

    # what the listener does

    def take(self, event: Event) -> str | None:
        """Words when there is no room for more: stop until `room` returns."""
        self.backlog.take(event.at, event.name, self._selected(event))
        self._stirred.set()
        if not self.backlog.full:
            return None
        self._roomy.clear()
        self._log.error("gateway.queue_full", waiting=len(self.backlog))
        self.tell(f"The app takes no events: {len(self.backlog)} wait for it, and no more are fetched from Discord.")
        return QUEUE_FULL

    def _selected(self, event: Event) -> bytes | None:
        try:
            body = select(event.name, event.body, self.bot)
            return None if body is None else self._envelope(event.at, event.name, body)
        except Exception:  # Discord would replay it, and it would fail again, for ever
            log.exception("gateway.event_defect", name=event.name, s=event.at.s, shard=self._shard[0])
            return None

    async def room(self) -> None:
        await self._roomy.wait()

    def tell(self, problem: str | None) -> None:
        """Why messages do not arrive now; None: they do."""
        self._news_of(problem, self._notice)

    def note(self, notice: str | None) -> None:
        """What is lost although messages arrive."""
        self._news_of(self._problem, notice)

    def _news_of(self, problem: str | None, notice: str | None) -> None:
        if (problem, notice) != (self._problem, self._notice):
            self._problem, self._notice = problem, notice
            self._news.set()

    # what runs beside it

    async def deliver(self) -> None:
        """For ever."""
        while True:
            self._stirred.clear()
            await self._deliver_all()
            await self._stirred.wait()

    async def beat(self) -> None:
        """For ever. Raises LeaseLost."""
        backoff = Backoff(first=self._pace.beat_again, longest=self._pace.beat)
        while True:
            self._news.clear()
            pause = self._pace.beat
            if why := await self._beat_once(self._pace.short_answer):
                if not backoff.failures:
                    self._log.warning("gateway.beat_lost", why=why)
                pause = backoff.fail()
            else:
                backoff.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()

    async def farewell(self) -> None:
        """The last events, as far as they go within the time there is, and where that leaves us. The last beat says
        that we are leaving, so that the app need not wait for the lease to run out. Never raises."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.drain):
                await self._deliver_all()
        with suppress(LeaseLost):
            await self._beat_once(self._pace.last_beat, leaving=True)

    async def _deliver_all(self) -> None:
        while entry := self.backlog.first:
            with self._watched():
                await self._deliver(entry)
            self._commit()

    async def _deliver(self, entry: Entry) -> None:
        """Until the app has it, or never will."""
        backoff = Backoff(first=self._pace.retry, longest=self._pace.longest_retry)
        while why := await self._deliver_once(entry):
            self._refusal = why
            if not backoff.failures:
                self._log.warning("gateway.app_away", why=why, waiting=len(self.backlog))
            await asyncio.sleep(backoff.fail() * (0.5 + self._jitter() / 2))
        if backoff.failures:
            self._log.info("gateway.app_back", failures=backoff.failures, waiting=len(self.backlog))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Should it take too long, tell of it until it is over."""
        alarm = asyncio.get_running_loop().call_later(self._pace.overdue, self._complain)
        try:
            yield
        finally:
            alarm.cancel()
            self._refusal = ""
            if self._overdue:
                self._overdue = None
                self._news.set()

    def _complain(self) -> None:
        why = self._refusal or f"no answer for {self._pace.overdue:g} seconds"
        self._overdue = f"The app does not take events: {why}."
        self._news.set()

    async def _deliver_once(self, entry: Entry) -> str | None:
        """Why not."""
        patience = self._pace.ready if entry.name == "READY" else self._pace.answer
        try:
            status = await self._relay.tell(entry.body, patience)
        except Unanswered as failure:
            return str(failure)
        if status in NEVER:
            fields = {"name": entry.name, "s": entry.at.s, "bytes": len(entry.body)}
            self._log.error("gateway.event_rejected", status=status, **fields)
        return None if status in NEVER or status == 204 else words_for(status)

    def _commit(self) -> None:
        self.backlog.commit()
        if self.backlog.roomy:
            self._roomy.set()

    async def _beat_once(self, patience: float, *, leaving: bool = False) -> str | None:
        """Why it was not taken."""
        body: dict[str, Any] = {"holder": self._holder, "beat": next(self._beats)}
        body |= {"problem": self._problem or self._overdue, "notice": self._notice}
        body |= {"leaving": True} if leaving else {}
        try:
            status = await self._relay.tell(self._envelope(self.backlog.committed, "HEARTBEAT", body), patience)
        except Unanswered as failure:
            return str(failure)
        if status == 409:
            raise LeaseLost
        return None if status == 204 else words_for(status)

    def _envelope(self, at: Session | None, name: str, body: dict[str, Any]) -> bytes:
        where = {
            "session_id": at.id if at else None,
            "resume_gateway_url": at.noted_url if at else None,
            "s": at.s if at else None,
        }
        return json.dumps({"shard": self._shard, **where, "t": name, "d": body}, separators=(",", ":")).encode()
