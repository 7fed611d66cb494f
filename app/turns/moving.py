"""A fork moves in: what was said in another thread, and the files of its machine, come to the machine of a new one,
before anything is asked there.

The conversation first, for it knows which files; then these; and at last, in one request to the new machine, that it
is all there and what is said of it. Until then a repeat does everything again, and no question of the new thread has
been asked; from then on nothing of it is done any more. The old machine is woken for it, and is left as it is.

What cannot come along is said, and the rest comes all the same. Where the conversation cannot, the model is told what
stands in the old thread (see `history`), as after the loss of a machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from app.sandboxes.cargo import Item, Unmovable
from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Machine
from app.turns.belongings import Belongings, remark, report
from app.turns.books import Ledger
from app.turns.carriers import Arrival, Carried, Freight, Migration, Uncarried
from app.turns.errors import Refused
from app.turns.history import MOST_MESSAGES, Said
from app.turns.ports import Agent, Chat
from app.turns.records import Fork, Turn
from app.words.forking import MACHINE_GONE, TOO_LATE

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Moving:
    ledger: Ledger
    chat: Chat
    agent: Agent
    keeper: Keeper
    migration: Migration
    freight: Freight

    async def move_in(self, turn: Turn, machine: Machine, title: str) -> Arrival:
        """Idempotent; `told` is never None. Raises Refused where the thread went on without it."""
        assert turn.fork is not None
        there = await self.migration.arrival(machine)
        if there is not None and there.told is not None:
            return there
        if there is not None and there.session in await self.ledger.sessions_of(turn.home):
            raise Refused(TOO_LATE)
        source = await self.keeper.rouse(turn.fork.thread)
        if source is not None:
            await self.keeper.keep_awake(source.thread)
        return await self._settle(turn, machine, title, await self._bring(turn, turn.fork, source, machine))

    async def _bring(self, turn: Turn, fork: Fork, source: Machine | None, machine: Machine) -> Belongings:
        """The conversation that came over is nobody's yet."""
        is_cut = fork.last is not None
        if source is None:
            return Belongings(unsaid=MACHINE_GONE, unmoved=MACHINE_GONE, is_cut=is_cut)
        carried, unsaid = await self._conversation(fork, source, machine)
        items, unmoved = await self._files(turn, fork, machine, (carried.tree if carried else None) or "")
        return Belongings(carried, unsaid, items, unmoved, is_cut=is_cut)

    async def _conversation(self, fork: Fork, source: Machine, machine: Machine) -> tuple[Carried | None, str]:
        try:
            return await self.migration.carry(source, machine, fork.last), ""
        except Uncarried as reason:
            log.warning("fork.uncarried", reason=repr(reason.__cause__ or reason))
            return None, reason.reason

    async def _files(self, turn: Turn, fork: Fork, machine: Machine, tree: str) -> tuple[Sequence[Item], str]:
        try:
            return await self.freight.carry(fork.thread, machine.thread, turn.id, tree), ""
        except Unmovable as reason:
            log.warning("fork.unmoved", reason=str(reason))
            return (), reason.tell

    async def _settle(self, turn: Turn, machine: Machine, title: str, belongings: Belongings) -> Arrival:
        carried = belongings.carried
        said = [] if carried else await self._transcript(turn)
        told = report(belongings, turn.asker.name, self.chat.origin(turn), bool(said))
        session = carried.session if carried else await self.agent.open_session(machine, title)
        await self.migration.settle(machine, session, turn.id, title, remark(belongings, said), told)
        log.info("fork.moved", questions=carried.questions if carried else 0, items=len(belongings.items))
        return Arrival(session, told)

    async def _transcript(self, turn: Turn) -> Sequence[Said]:
        """As well as can be: the thread may be gone."""
        try:
            return await self.chat.said_in_origin(turn, MOST_MESSAGES)
        except Refused as refusal:
            log.warning("fork.unread", reason=str(refusal))
            return []
