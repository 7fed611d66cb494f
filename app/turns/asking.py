"""Between an agent that waits for a person and the person: what is asked is shown, what is decided is carried back.

The agent's own list is the truth about what it waits for; ours about what has been shown and decided. The two are
compared at every look, so a decision made while nobody worked on the turn is carried back by whoever takes it up.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from app.ids import AskId
from app.sandboxes.ports import Machine
from app.turns.asks import Asked, AskState
from app.turns.errors import Retriable
from app.turns.ports import Agent, Asks, Chat
from app.turns.progress import Ask
from app.turns.records import Turn


@dataclass(frozen=True, slots=True)
class Asking:
    """`patience`: seconds that an agent waits for a person."""

    asks: Asks
    chat: Chat
    agent: Agent
    clock: Callable[[], float]
    patience: float
    _shown: dict[AskId, Asked] = field(default_factory=dict)  # as it was when last seen
    _owed: dict[AskId, Asked] = field(default_factory=dict)  # over, and still to be shown so

    async def attend(self, turn: Turn, token: str, machine: Machine, waiting: tuple[Ask, ...]) -> float | None:
        """Until when it waits, in epoch seconds; None when it waits for nobody."""
        await self._show_owed(turn)
        known = {asked.ask.id: asked for asked in await self.asks.of_turn(turn.id)}
        open_until = [await self._present(turn, token, machine, ask, known.get(ask.id)) for ask in waiting]
        for asked in known.values():
            if asked.ask not in waiting:
                await self._dismiss(turn, asked, machine)
        return min((until for until in open_until if until is not None), default=None)

    async def _present(self, turn: Turn, token: str, machine: Machine, ask: Ask, asked: Asked | None) -> float | None:
        if asked is None:
            asked = await self.asks.note(turn.id, token, ask, self.clock(), self.clock() + self.patience)
        if asked.message is None:
            message = await self.chat.post_ask(turn, asked)
            asked = self._shown[ask.id] = await self.asks.note_message(turn.id, token, ask.id, message)
        if asked.state is AskState.DECIDED:
            await self._carry(turn, machine, asked)
        elif asked.answers != self._shown.setdefault(ask.id, asked).answers:
            await self.chat.show_ask(turn, asked)
            self._shown[ask.id] = asked
        return asked.expires_at if asked.state is AskState.OPEN else None

    async def _carry(self, turn: Turn, machine: Machine, asked: Asked) -> None:
        assert asked.decision is not None
        taken = await self.agent.reply(machine, asked.ask, asked.decision)
        await self._settle(turn, asked, AskState.SETTLED if taken else AskState.GONE)

    async def _dismiss(self, turn: Turn, asked: Asked, machine: Machine) -> None:
        """The agent does not wait for it any more, or has not been asked yet since it was decided."""
        if asked.state is AskState.DECIDED:
            await self._carry(turn, machine, asked)
        elif asked.state is AskState.OPEN:
            await self._settle(turn, asked, AskState.GONE)

    async def _settle(self, turn: Turn, asked: Asked, state: AskState) -> None:
        settled = await self.asks.settle(turn.id, asked.ask.id, state)
        self._shown.pop(asked.ask.id, None)
        self._owed[asked.ask.id] = settled
        await self._show_owed(turn)

    async def _show_owed(self, turn: Turn) -> None:
        """The turn does not wait for a message that cannot be edited just now."""
        for asked in [one for one in self._owed.values() if one.turn == turn.id]:
            with suppress(Retriable):
                await self.chat.show_ask(turn, asked)
                del self._owed[asked.ask.id]
