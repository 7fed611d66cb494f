"""The end of a turn as people see it: its status message becomes the summary, whatever ended it and whoever.

It is found in what is written down, and not told by whoever ended it: so a turn that was cancelled from outside, or
whose app died a moment after, is closed all the same, and by whichever process comes first.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

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

AT_ONCE = 20
PAUSE_SECONDS = 5.0  # between two looks when nobody nudges

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

    def nudge(self) -> None:
        """A turn has ended."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._nudged.clear()
            try:
                turns = await self.ledger.unclosed(AT_ONCE)
                await asyncio.gather(*(self._close(turn) for turn in turns))
            except Retriable as failure:
                log.warning("ledger.unavailable", reason=str(failure))
            await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self.pause):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _close(self, turn: Turn) -> None:
        """As well as can be: what does not work now is tried again, what never will is left."""
        try:
            asks = await self.asks.of_turn(turn.id)
            await self._end(turn, asks)
            await self.displays.close(turn, await self._summary(turn, asks))
        except Retriable as failure:
            log.warning("turn.unclosed", turn=turn.id, reason=str(failure))
            return
        except Refused as refusal:
            log.warning("turn.unclosable", turn=turn.id, reason=str(refusal))
        except Exception:
            log.exception("turn.defect", turn=turn.id, stage=turn.stage)
        await self.ledger.close(turn.id)

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
        try:
            machine = await self.keeper.awake(turn.home) if turn.session else None
            return await self.agent.report(machine, turn.session, turn.id) if machine and turn.session else None
        except (Retriable, Refused):
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
