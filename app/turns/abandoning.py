"""Turns that end before their time: nobody waits for the answer any more, and what still runs is to be stopped.

The server is told so before the turn has ended. When it does not hear that, it is *owed*: whoever closes the turn tells
it again, until it hears, or its machine is not awake any more, or another turn of the thread is at work, which ends
what it finds by itself. Who was told is not written down: of a turn that is not closed yet, the next app tells it once
more, and to an idle session that does no harm.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from app.ids import TurnId
from app.sandboxes.keeper import Keeper
from app.turns.books import Ledger
from app.turns.errors import Refused, Retriable
from app.turns.machine import Ending
from app.turns.ports import Agent
from app.turns.records import Turn

log = structlog.get_logger()

ABANDON_SECONDS = 2.0  # for one try: people wait for the turn's end
MOST_REMEMBERED = 1_000  # to forget one costs an abort too many


@dataclass(frozen=True, slots=True)
class Abandoning:
    ledger: Ledger
    agent: Agent
    keeper: Keeper
    _heard: dict[TurnId, bool] = field(default_factory=dict)  # of those that were tried here

    async def abandon(self, turn: Turn) -> bool:
        """Stop what may still be running, as well as can be. False when that is owed."""
        try:
            async with asyncio.timeout(ABANDON_SECONDS):
                heard = await self._abort(turn)
        except (Retriable, TimeoutError) as failure:
            log.warning("turn.unstopped", turn=turn.id, reason=str(failure) or repr(failure))
            heard = False
        except Refused as refusal:  # as often as it is told
            log.warning("turn.unstopped", turn=turn.id, reason=str(refusal))
            heard = True
        except Exception:  # whatever it is, it must not keep the turn alive
            log.exception("turn.defect", turn=turn.id, stage=turn.stage)
            heard = True
        self._remember(turn, heard=heard)
        return heard

    def owes(self, turn: Turn) -> bool:
        """Whether it was tried here, and not heard."""
        return self._heard.get(turn.id) is False

    async def settle(self, turn: Turn) -> bool:
        """Whether nothing is owed of a turn that is over; what is, is tried once more. Raises Retriable."""
        if self._heard.get(turn.id) or not is_cut_short(turn):
            return True
        is_alone = await self.ledger.is_first(turn.id)
        return await self.abandon(turn) if is_alone else True

    async def _abort(self, turn: Turn) -> bool:
        machine = await self.keeper.awake(turn.home)
        if machine is None:
            return not await self.keeper.is_active(turn.home)
        if session := turn.session or machine.session:
            await self.agent.abort(machine, session)
        return True

    def _remember(self, turn: Turn, *, heard: bool) -> None:
        self._heard[turn.id] = heard
        if len(self._heard) > MOST_REMEMBERED:
            del self._heard[next(iter(self._heard))]


def is_cut_short(turn: Turn) -> bool:
    """Whether the agent may have been at work on it when it ended. One that was reset has lost its machine."""
    if turn.begun_at is None:
        return False
    return turn.gave_up or (turn.ending in {Ending.STOPPED, Ending.EXPIRED} and turn.answer is None)
