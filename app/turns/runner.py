"""Works on turns: claims one, keeps its lease, takes its steps one after the other, writes down what happened.

Stage and lease are independent. The ledger says how far a turn got; the lease says who works on it, and runs out by
itself when its holder dies. So a runner may be stopped at any await, and another one, here or in another process, goes
on from what was written last. Turns of different threads run side by side; the claim keeps those of one thread in
line.

A defect of ours in a step is told to the person. One beside the steps (the ledger, say) cannot be: it is logged, the
lease runs out, and a turn that is lost like that again and again is given up.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

import structlog

from app.turns.books import Facts, Ledger
from app.turns.errors import LeaseLost, Refused, Retriable, Stopped, Withdrawn
from app.turns.machine import (
    LIVE,
    MOST_INTERRUPTIONS,
    MOST_LOSSES,
    OPENING,
    QUEUE,
    STEP_FOR,
    WORKING,
    Ending,
    Event,
    GivenUp,
    Postponed,
    Stage,
    after_failure,
)
from app.turns.ports import Interrupted
from app.turns.records import Turn
from app.turns.steps import Steps
from app.turns.work import Happened
from app.words.door import DEFECT
from app.words.turn import LOST_TOO_OFTEN

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, and how many turns at once."""

    lease: float = 15.0
    renewal: float = 5.0
    heed: float = 0.5  # between two looks whether somebody wants a turn stopped
    idle: float = 1.0  # between two looks at the ledger when nobody nudges
    places: int = 200  # past the queue
    openings: int = 50  # before it


class Runner:
    def __init__(
        self,
        ledger: Ledger,
        steps: Steps,
        clock: Callable[[], float],
        pace: Pace | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """`ended` is called whenever a turn has ended."""
        self._ended = ended
        self._ledger = ledger
        self._steps = steps
        self._clock = clock
        self._pace = pace or Pace()
        self._nudged = asyncio.Event()
        # Two pools, so that those who wait to be heard never wait for those who are at work.
        self._room = {OPENING: self._pace.openings, WORKING: self._pace.places}

    def nudge(self) -> None:
        """There may be something to do: look now."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled; turns at work are then handed back as they are."""
        async with asyncio.TaskGroup() as group:
            while True:
                token = secrets.token_hex(8)
                turn = await self._claim(token)
                if turn is None:
                    await self._rest()
                else:
                    self._room[pool_of(turn)] -= 1
                    group.create_task(self._work(turn, token), name=f"turn {turn.id}")

    async def _claim(self, token: str) -> Turn | None:
        now, stages = self._clock(), [stage for pool, room in self._room.items() if room for stage in pool]
        claiming = asyncio.ensure_future(self._ledger.claim(token, now, now + self._pace.lease, stages))
        try:
            return await asyncio.shield(claiming)
        except Retriable as failure:
            log.warning("ledger.unavailable", reason=str(failure))
            return None
        except asyncio.CancelledError:
            with suppress(Retriable):
                turn = await claiming  # it goes on in the database's thread, and nobody else will hear of it
                if turn is not None:
                    await self._hand_back(turn, token)
            raise

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.idle):
                await self._nudged.wait()
        except TimeoutError:
            return
        self._nudged.clear()

    async def _work(self, turn: Turn, token: str) -> None:
        with structlog.contextvars.bound_contextvars(turn=turn.id, thread=turn.thread, attempt=turn.attempts):
            try:
                async with asyncio.TaskGroup() as group:
                    renewal = group.create_task(self._keep_lease(turn, token))
                    await self._take_steps(turn, token)
                    renewal.cancel()
            except* LeaseLost:
                log.info("turn.lease_lost")
            except* Retriable as failures:
                log.warning("ledger.unavailable", reason=str(failures.exceptions[0]))
            except* Exception:
                log.exception("turn.defect", stage=turn.stage)
            finally:
                self._room[pool_of(turn)] += 1
                self.nudge()

    async def _keep_lease(self, turn: Turn, token: str) -> None:
        while True:
            await asyncio.sleep(self._pace.renewal)
            try:
                await self._ledger.renew(turn.id, token, self._clock() + self._pace.lease)
            except Retriable as failure:  # the next one may be in time
                log.warning("ledger.unavailable", reason=str(failure))

    async def _take_steps(self, turn: Turn, token: str) -> None:
        try:
            while True:
                happened = await self._take_step(turn, token)
                if isinstance(happened, Postponed):
                    return
                turn = await self._record(turn, token, happened)
                structlog.contextvars.bind_contextvars(thread=turn.thread)
                log.info(f"turn.{turn.stage}")
                if turn.stage not in LIVE:
                    self._ended()
                if turn.stage is QUEUE or turn.stage not in LIVE:
                    return
        except asyncio.CancelledError:
            await asyncio.shield(self._hand_back(turn, token))
            raise

    async def _record(self, turn: Turn, token: str, happened: Happened) -> Turn:
        try:
            return await self._ledger.record(turn.id, token, *happened)
        except Stopped:
            return await self._ledger.record(turn.id, token, *await self._steps.stop(turn))

    async def _hand_back(self, turn: Turn, token: str) -> None:
        """As well as can be: the lease runs out by itself."""
        with suppress(LeaseLost, Retriable):
            await self._ledger.release(turn.id, token)

    async def _take_step(self, turn: Turn, token: str) -> Happened | Postponed:
        if turn.losses > MOST_LOSSES:
            return await self._give_up(turn, DEFECT, "lost too often")
        try:
            return await self._unless_stopped(turn, token)
        except Stopped:
            return await self._steps.stop(turn)
        except Interrupted:
            if turn.interruptions < MOST_INTERRUPTIONS:
                return Event.INTERRUPTED, Facts()
            return await self._give_up(turn, LOST_TOO_OFTEN, "interrupted too often")
        except Withdrawn as failure:
            return Event.CANCELLED, Facts(failure=str(failure), ending=Ending.WITHDRAWN)
        except (Retriable, Refused) as failure:
            return await self._fail(turn, token, failure)
        except LeaseLost:
            raise
        except Exception:
            log.exception("turn.defect", stage=turn.stage)
            return await self._give_up(turn, DEFECT, "a defect; see the log")

    async def _unless_stopped(self, turn: Turn, token: str) -> Happened:
        """What its step comes to. Raises Stopped as soon as somebody wants that, and LeaseLost as soon as it is so."""
        act = self._steps.function_for(STEP_FOR[turn.stage])
        if turn.stage in OPENING:
            return await act(turn, token)
        if (await self._ledger.assure(turn.id, token)).stopped_by is not None:
            raise Stopped
        step = asyncio.ensure_future(act(turn, token))
        heeding = asyncio.ensure_future(self._heed(turn, token))
        try:
            await asyncio.wait({step, heeding}, return_when=asyncio.FIRST_COMPLETED)
            return await (step if step.done() else heeding)
        finally:
            step.cancel()
            heeding.cancel()
            await asyncio.gather(step, heeding, return_exceptions=True)

    async def _heed(self, turn: Turn, token: str) -> NoReturn:
        while True:
            with suppress(Retriable):
                if (await self._ledger.assure(turn.id, token)).stopped_by is not None:
                    raise Stopped
            await asyncio.sleep(self._pace.heed)

    async def _fail(self, turn: Turn, token: str, failure: Retriable | Refused) -> Happened | Postponed:
        now, cause = self._clock(), repr(failure.__cause__) if failure.__cause__ else None
        outcome = after_failure(turn.stage, failure, turn.trouble, now)
        if isinstance(outcome, GivenUp):
            return await self._give_up(turn, outcome.tell, str(failure), cause)
        seconds = round(outcome.until - now, 1)
        log.warning("turn.postponed", stage=turn.stage, seconds=seconds, reason=str(failure), cause=cause)
        await self._ledger.postpone(turn.id, token, outcome, str(failure))
        return outcome

    async def _give_up(self, turn: Turn, tell: str, failure: str, cause: str | None = None) -> Happened:
        log.warning("turn.given_up", stage=turn.stage, reason=failure, cause=cause)
        return await self._steps.give_up(turn, tell, failure)


def pool_of(turn: Turn) -> frozenset[Stage]:
    return OPENING if turn.stage in OPENING else WORKING
