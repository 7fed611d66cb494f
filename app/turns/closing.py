"""The end of a turn as people see it: its status message becomes the summary, whatever ended it and whoever.

It is found in what is written down, and not told by whoever ended it: so a turn that was cancelled from outside, or
whose app died a moment after, is closed all the same, and by whichever process comes first.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import structlog

from app.ids import TurnId
from app.sandboxes.keeper import Keeper
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
REPORT_SECONDS = 10.0  # the summary does without

OUTCOMES = {
    Ending.STOPPED: Outcome.STOPPED,
    Ending.EXPIRED: Outcome.EXPIRED,
    Ending.WITHDRAWN: Outcome.WITHDRAWN,
    Ending.RESET: Outcome.RESET,
}


@dataclass(frozen=True, slots=True)
class Closer:
    ledger: Ledger
    asks: Asks
    chat: Chat
    displays: Displays
    agent: Agent
    keeper: Keeper
    pause: float = PAUSE_SECONDS
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)
    _in_hand: set[TurnId] = field(default_factory=set)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def nudge(self) -> None:
        """A turn has ended."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._nudged.clear()
                for turn in await self._over():
                    self._in_hand.add(turn.id)
                    group.create_task(self._see_to(turn), name=f"closing {turn.id}")
                await self._rest()

    async def _over(self) -> Sequence[Turn]:
        try:
            return await self.ledger.unclosed(AT_ONCE, self._in_hand)
        except Retriable as failure:
            log.warning("ledger.unavailable", reason=str(failure))
            return []

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self.pause):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _see_to(self, turn: Turn) -> None:
        """Until it is closed: nobody else waits for one that cannot be."""
        try:
            for tries in count():
                async with self._room:
                    if await self._close(turn):
                        return
                await asyncio.sleep(min(MOST_SECONDS, self.pause * 2 ** min(tries, 6)))
        finally:
            self._in_hand.discard(turn.id)
            self.nudge()

    async def _close(self, turn: Turn) -> bool:
        """False for what does not work now. What never will is left."""
        try:
            await self._show(turn)
            await self.ledger.close(turn.id)
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
            if over.is_stale:
                await self.chat.show_ask(turn, over)
                await self.asks.note_shown(over)

    async def _summary(self, turn: Turn, asks: Sequence[Asked]) -> Summary:
        seconds = None
        if turn.begun_at is not None and turn.ended_at is not None:
            seconds = max(0.0, turn.ended_at - since_of(turn))
        outcome, by = outcome_of(turn), turn.stopped_by
        is_denied = (asked for asked in asks if asked.state is AskState.SETTLED and asked.decision == Denied())
        denier = next((asked.by for asked in is_denied), None)
        if outcome is Outcome.DONE and denier is not None:
            outcome, by = Outcome.DENIED, denier
        return Summary(outcome, seconds, await self._report(turn), by)

    async def _report(self, turn: Turn) -> Report | None:
        """None where the machine is not awake: it is not woken for that."""
        if turn.session is None:
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


def outcome_of(turn: Turn) -> Outcome:
    if turn.ending is not None:
        return OUTCOMES[turn.ending]
    if turn.stage is Stage.DELIVERED and not turn.gave_up:
        return Outcome.DONE
    return Outcome.FAILED if turn.stage is not Stage.CANCELLED else Outcome.WITHDRAWN
