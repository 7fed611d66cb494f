"""The end of a turn as people see it: its status message becomes the summary, whatever ended it and whoever.

It is found in what is written down, and not told by whoever ended it: so a turn that was cancelled from outside, or
whose app died a moment after, is closed all the same, and by whichever process comes first.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from app.ids import TurnId
from app.sandboxes.keeper import Keeper
from app.turns.abandoning import Abandoning
from app.turns.asking import show
from app.turns.asks import Asked, AskState
from app.turns.books import Asks, Ledger
from app.turns.display import Displays, since_of
from app.turns.errors import Refused, Retriable
from app.turns.machine import Ending, Stage
from app.turns.ports import Agent, Chat
from app.turns.progress import Denied, Report
from app.turns.records import Turn
from app.turns.status import Outcome, Summary

log = structlog.get_logger()

AT_ONCE = 100
PAUSE_SECONDS = 5.0  # between two looks when nobody nudges
MOST_SECONDS = 60.0  # between two tries with one turn
REPORT_SECONDS = 3.0  # the summary does without
MOST_OWED_SECONDS = 15.0  # between two tries to stop what may still be running

OUTCOMES = {
    Ending.STOPPED: Outcome.STOPPED,
    Ending.EXPIRED: Outcome.EXPIRED,
    Ending.WITHDRAWN: Outcome.WITHDRAWN,
    Ending.RESET: Outcome.RESET,
}


@dataclass(frozen=True, slots=True)
class Retry:
    """Of a closing that has failed: how often before, and when it is due, by the loop's clock."""

    tries: int
    due: float


@dataclass(frozen=True, slots=True)
class Closer:
    ledger: Ledger
    asks: Asks
    chat: Chat
    displays: Displays
    agent: Agent
    keeper: Keeper
    abandoning: Abandoning
    pause: float = PAUSE_SECONDS
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _at_work: set[TurnId] = field(default_factory=set)
    _retries: dict[TurnId, Retry] = field(default_factory=dict)
    _shown: set[TurnId] = field(default_factory=set)  # and not closed, since something may still be running

    def nudge(self) -> None:
        """A turn has ended."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._nudged.clear()
                for turn in await self._over():
                    self._at_work.add(turn.id)
                    group.create_task(self._see_to(turn), name=f"closing {turn.id}")
                await self._rest()

    async def _over(self) -> Sequence[Turn]:
        """Those that nobody sees to here, and whose time has come."""
        now = asyncio.get_running_loop().time()
        for turn in [turn for turn, retry in self._retries.items() if retry.due + MOST_SECONDS < now]:
            del self._retries[turn]  # somebody else has closed it
            self._shown.discard(turn)
        resting = {turn for turn, retry in self._retries.items() if now < retry.due}
        try:
            return await self.ledger.unclosed(AT_ONCE - len(self._at_work), self._at_work | resting)
        except Retriable as failure:
            log.warning("ledger.unavailable", reason=str(failure))
            return []

    async def _rest(self) -> None:
        """Until somebody nudges, or the next retry is due; not for long."""
        now = asyncio.get_running_loop().time()
        pauses = [retry.due - now for retry in self._retries.values() if retry.due > now]
        try:
            async with asyncio.timeout(min([self.pause, *pauses])):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _see_to(self, turn: Turn) -> None:
        """Nobody else waits for one that cannot be closed."""
        try:
            if await self._close(turn):
                self._retries.pop(turn.id, None)
                self._shown.discard(turn.id)
            else:
                tries = self._retries[turn.id].tries + 1 if turn.id in self._retries else 0
                pause = self._pause_after(turn, tries)
                self._retries[turn.id] = Retry(tries, asyncio.get_running_loop().time() + pause)
        finally:
            self._at_work.discard(turn.id)
            self.nudge()

    def _pause_after(self, turn: Turn, tries: int) -> float:
        """What still runs costs money, and goes on changing things: that is tried again sooner."""
        if self.abandoning.owes(turn):
            return min(MOST_OWED_SECONDS, self.pause / 5 * 2.0 ** min(tries, 6))
        return min(MOST_SECONDS, self.pause * 2.0 ** min(tries, 6))

    async def _close(self, turn: Turn) -> bool:
        """False for what does not work now. What never will is left."""
        try:
            await self.displays.free(turn)
            over = await self.ledger.over(turn.id)
            if over is None:
                return True  # somebody else has closed it
            turn, is_shown = over, turn.id in self._shown
            if not is_shown:
                await self._show(turn)
                self._shown.add(turn.id)
            if not await self.abandoning.settle(turn):
                return False
            if is_shown:  # the machine tells by now what was done
                await self._show(turn)
            await self.ledger.close(turn)  # where it was reopened meanwhile, the next look meets it again
        except Retriable as failure:
            log.warning("turn.unclosed", turn=turn.id, reason=str(failure))
            return False
        return True

    async def _show(self, turn: Turn) -> None:
        try:
            asks = await self.asks.of_turn(turn.id)
            await self._end(turn, asks)
            await self.displays.close(turn, await self._summary(turn, asks))
        except Retriable:
            raise
        except Refused as refusal:
            log.warning("turn.unclosable", turn=turn.id, reason=str(refusal))
        except Exception:
            log.exception("turn.defect", turn=turn.id, stage=turn.stage)

    async def _end(self, turn: Turn, asks: Sequence[Asked]) -> None:
        """Nobody waits for an answer any more."""
        for asked in asks:
            over = await self.asks.settle(turn.id, asked.ask.id, AskState.GONE)
            await show(turn, over, self.asks, self.chat)

    async def _summary(self, turn: Turn, asks: Sequence[Asked]) -> Summary:
        seconds = None
        if turn.begun_at is not None and turn.ended_at is not None:
            seconds = max(0.0, turn.ended_at - since_of(turn))
        outcome, by = outcome_of(turn, asks)
        if outcome is Outcome.WITHDRAWN:  # at most a machine was on its way
            seconds = None
        return Summary(outcome, seconds, await self._report(turn), by, reason=reason_of(turn))

    async def _report(self, turn: Turn) -> Report | None:
        """None where the machine is not awake: it is not woken for that. Nor is one asked that hears nothing now."""
        if turn.session is None or self.abandoning.owes(turn):
            return None
        try:
            async with asyncio.timeout(REPORT_SECONDS):
                machine = await self.keeper.awake(turn.home)
                return await self.agent.report(machine, turn.session, turn.id) if machine else None
        except (Retriable, Refused, TimeoutError):
            return None
        except Exception:  # the summary does without
            log.exception("turn.defect", turn=turn.id, stage=turn.stage)
            return None


def outcome_of(turn: Turn, asks: Sequence[Asked]) -> tuple[Outcome, str | None]:
    """How it ended, and by whom. `asks` are the turn's."""
    if turn.ending is not None:
        return OUTCOMES[turn.ending], turn.stopped_by
    if turn.stage is not Stage.DELIVERED or turn.gave_up:
        return Outcome.WITHDRAWN if turn.stage is Stage.CANCELLED else Outcome.FAILED, turn.stopped_by
    denied = [asked for asked in asks if asked.state is AskState.SETTLED and asked.decision == Denied()]
    return (Outcome.DENIED, denied[0].by) if denied else (Outcome.DONE, turn.stopped_by)


def reason_of(turn: Turn) -> str:
    """Of a turn whose apology could not be posted; else the thread says it."""
    return turn.answer or "" if turn.stage is Stage.FAILED and turn.gave_up else ""
