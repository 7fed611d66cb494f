"""The life of one shard: get the lease, listen until it is lost, and again.

Within a tenure one connection follows the other, and what follows is for the protocol to say: RESUME from the last
event that was received, or IDENTIFY. Two things it cannot see are decided beyond it. A session whose RESUME brings
nothing, again and again, is given up (see `doubt`); and a place for resuming that cannot be reached is tried by turns
with the common one.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection

from scheduler.backoff import Backoff
from scheduler.gateway.backlog import Backlog
from scheduler.gateway.closings import Move, Verdict
from scheduler.gateway.doubt import Doubt
from scheduler.gateway.gate import Gate, Resharded, Trouble
from scheduler.gateway.pace import Pace
from scheduler.gateway.protocol import MESSAGE_CONTENT, Conversation, Event, Identity
from scheduler.gateway.session import Session, address, parse_position
from scheduler.gateway.socket import Clock, Line, Unreachable, opened
from scheduler.gateway.tenure import QUEUE_FULL, LeaseLost, Tenure
from scheduler.relay import Held, Relay, Unanswered

ASTRAY = 3  # attempts to reach the place for resuming, before the common one is tried
BLIND_NOTICE = (
    "The bot can read only the messages that mention it: switch on Message Content Intent in the Developer Portal"
    " (Bot, Privileged Gateway Intents), then restart the scheduler."
)

log = structlog.get_logger()


class Shard:
    """One of `identity.shard`. Cancelled, it takes leave: events that wait get a few seconds, the session can be
    resumed."""

    def __init__(
        self,
        identity: Identity,
        gate: Gate,
        relay: Relay,
        holder: str,
        beats: Iterator[int],
        pace: Pace,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._identity, self._gate, self._relay, self._holder, self._beats = identity, gate, relay, holder, beats
        self._pace, self._clock, self._jitter = pace, clock, jitter
        self._log = log.bind(shard=identity.shard[0], shards=identity.shard[1])
        self._drops = Backoff(first=pace.reconnect, longest=pace.longest_reconnect)
        self._session: Session | None = None
        self._doubt, self._astray = Doubt(), 0

    @property
    def number(self) -> int:
        return self._identity.shard[0]

    async def live(self) -> None:
        """For ever. Raises Resharded."""
        while True:
            tenure = await self._begin()
            try:
                await first_of(self._listen(tenure), tenure.deliver(), tenure.beat())
            except LeaseLost:
                self._log.warning("gateway.standing_by", why="somebody else has taken the lease over")
            except asyncio.CancelledError:
                await tenure.farewell()
                raise

    async def _begin(self) -> Tenure:
        """Once the lease is ours: whoever does not hold it never identifies."""
        self._session = parse_position(await self._lease())
        backlog, shard = Backlog(self._session), self._identity.shard
        return Tenure(self._relay, shard, self._holder, self._beats, backlog, self._pace, self._jitter)

    async def _lease(self) -> dict[str, Any]:
        backoff, held = Backoff(first=self._pace.retry, longest=self._pace.longest_retry), False
        while True:
            try:
                return await self._relay.position(*self._identity.shard, self._holder, self._pace.short_answer)
            except Held:
                if not held:
                    self._log.info("gateway.standing_by", why="somebody else holds the lease")
                held, pause = True, self._pace.standby
            except Unanswered as failure:
                if not backoff.failures:
                    self._log.warning("gateway.app_away", why=str(failure), waiting=0)
                pause = backoff.fail() * (0.5 + self._jitter() / 2)
            await asyncio.sleep(pause)

    async def _listen(self, tenure: Tenure) -> None:
        """One connection after the other, for ever."""
        while True:
            await tenure.room()
            try:
                await self._prepare(tenure)
                verdict = await self._connect(tenure)
            except Trouble as trouble:
                tenure.tell(trouble.problem)
                await asyncio.sleep(trouble.pause)
            except Unreachable as failure:
                self._astray += self._session is not None
                pause = self._drops.fail()
                self._log.warning("gateway.unreachable", why=str(failure), wait_seconds=pause)
                tenure.tell(f"Discord's Gateway cannot be reached ({failure}).")
                await asyncio.sleep(pause)
            else:
                await self._follow(verdict, tenure)

    async def _prepare(self, tenure: Tenure) -> None:
        tenure.bot = await self._gate.bot()
        if self._session and not self._session.content and self._identity.intents & MESSAGE_CONTENT:
            # Somebody began it when the bot was not allowed to read; if it is by now, a new one is worth its price.
            if await self._gate.content_allowed():
                self._session = None
            else:
                self._go_blind()
        reads = self._session.content if self._session else self._identity.intents & MESSAGE_CONTENT
        tenure.note(None if reads else BLIND_NOTICE)

    def _go_blind(self) -> None:
        self._identity = replace(self._identity, intents=self._identity.intents & ~MESSAGE_CONTENT)
        self._log.error("gateway.content_hidden", notice=BLIND_NOTICE)

    async def _connect(self, tenure: Tenure) -> Verdict:
        """One connection, from its beginning to its end."""
        if self._session is None:
            return await self._identify(tenure)
        async with opened(address(await self._place(self._session))) as socket:
            self._astray = 0
            return await self._run(self._line(socket, tenure))

    async def _place(self, session: Session) -> str:
        """Where to resume it."""
        if self._astray < ASTRAY or (self._astray - ASTRAY) % 2:
            return session.url
        try:
            return (await self._gate.gateway()).url
        except Trouble:
            return session.url

    async def _identify(self, tenure: Tenure) -> Verdict:
        await asyncio.sleep(self._gate.restarts[self.number].pause(self._clock()))
        async with AsyncExitStack() as stack:
            async with self._gate.turn(*self._identity.shard) as turn:
                socket = await stack.enter_async_context(opened(address(turn.gateway.url)))
                line = self._line(socket, tenure)
                try:
                    verdict = await line.run(greeting=True)
                finally:
                    if self._talk.asked:
                        turn.spend()
                if not self._talk.asked:
                    raise Unreachable("it does not greet")
                self._astray = 0
            return verdict or await self._run(line)

    def _line(self, socket: ClientConnection, tenure: Tenure) -> Line:
        now = self._clock()
        self._began, self._talk = now, Conversation(self._identity, self._session, now, self._jitter())
        return Line(socket, self._talk, lambda event: self._take(event, tenure), self._clock)

    async def _run(self, line: Line) -> Verdict:
        verdict = await line.run()
        assert verdict is not None
        return verdict

    def _take(self, event: Event, tenure: Tenure) -> str | None:
        if event.name == "READY":
            self._log.info("gateway.identified", intents=self._identity.intents)
            tenure.tell(None)
        elif event.name == "RESUMED":
            self._log.info("gateway.resumed", s=event.at.s)
            tenure.tell(None)
        return tenure.take(event)

    async def _follow(self, verdict: Verdict, tenure: Tenure) -> None:
        """Do what the verdict says, as far as it comes before the next connection. Raises Resharded."""
        lived, verdict = self._clock() - self._began, self._doubt.judge(self._talk, verdict)
        self._session = self._talk.session if verdict.move is Move.RESUME else None
        self._log.info("gateway.closed", why=verdict.why, next=verdict.move.value, seconds=round(lived, 1))
        match verdict.move:
            case Move.STOP:
                return await self._stop(verdict, tenure)
            case Move.ASK_ANEW:
                raise Resharded
            case Move.IDENTIFY_BLIND:
                self._go_blind()
        if verdict.why == QUEUE_FULL:
            return None  # no dropped connection: the next one waits for room alone
        tenure.tell(f"The connection to Discord's Gateway has ended ({verdict.why}), and is being made anew.")
        await asyncio.sleep(max(verdict.pause, self._pause_after(lived)))
        return None

    def _pause_after(self, lived: float) -> float:
        """None after a connection that lasted: most end because a server is put out of service, and others wait."""
        if lived >= self._pace.lasting:
            self._drops.clear()
            return 0.0
        return self._drops.fail() * (0.5 + self._jitter() / 2)

    async def _stop(self, verdict: Verdict, tenure: Tenure) -> None:
        pause = self._pace.refused if verdict.code == 4004 else self._pace.stopped
        self._log.error("gateway.stopped", why=verdict.why, wait_seconds=pause)
        tenure.tell(f"{verdict.why}.")
        await asyncio.sleep(pause)


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run them side by side until one ends or fails, and do as it does; the others are cancelled, and have ended."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
