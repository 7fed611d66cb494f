"""Between an agent that waits for a person and the person: what is asked is shown, what is decided is carried back.

The agent's own list is the truth about what it waits for; ours about what has been decided, and how each message looks.
The two are compared at every look, so whatever nobody got to is done by whoever takes the turn up: a decision is
carried back, a message shows what is so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from app.sandboxes.ports import Machine
from app.turns.asks import Asked, AskState
from app.turns.books import Asks, Preferences
from app.turns.errors import Refused, Retriable
from app.turns.ports import Agent, Chat
from app.turns.preferences import Preference
from app.turns.progress import Ask, Permission
from app.turns.records import Turn

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asking:
    """`patience`: seconds that an agent waits for a person."""

    asks: Asks
    preferences: Preferences
    chat: Chat
    agent: Agent
    clock: Callable[[], float]
    patience: float

    async def attend(self, turn: Turn, token: str, machine: Machine, waiting: Sequence[Ask] | None) -> float | None:
        """Until when it waits, in epoch seconds; None when it waits for nobody. `waiting` is None when it cannot be
        told just now."""
        if waiting is not None:
            await self._compare(turn, token, machine, waiting)
        asks = await self.asks.of_turn(turn.id)
        for asked in asks:
            await self._show(turn, asked)
        return min((asked.expires_at for asked in asks if asked.state is AskState.OPEN), default=None)

    async def has_run_out(self, turn: Turn, token: str) -> bool:
        """Whether it has waited for a person for too long: from here on nobody can answer."""
        return turn.expired or await self.asks.expire(turn.id, token, self.clock())

    async def _compare(self, turn: Turn, token: str, machine: Machine, waiting: Sequence[Ask]) -> None:
        known = {asked.ask.id: asked for asked in await self.asks.of_turn(turn.id)}
        for ask in waiting:
            await self._present(turn, token, ask, known.get(ask.id))
        listed = {ask.id for ask in waiting}
        for asked in known.values():
            if asked.state is AskState.DECIDED:
                await self._carry(machine, asked)
            elif asked.state is AskState.OPEN and asked.ask.id not in listed:
                await self.asks.settle(turn.id, asked.ask.id, AskState.GONE)

    async def _present(self, turn: Turn, token: str, ask: Ask, asked: Asked | None) -> None:
        if asked is None or asked.state is AskState.GONE:
            asked = await self.asks.note(turn.id, token, ask, self.clock(), self.clock() + self.patience)
        if asked.message is None:
            message = await self.chat.post_ask(turn, asked, await self._approver(turn, asked))
            shown = None if turn.attempts else asked.look  # an earlier attempt may have posted it, as it was then
            await self.asks.note_message(turn.id, token, ask.id, message, shown)

    async def _carry(self, machine: Machine, asked: Asked) -> None:
        assert asked.decision is not None
        taken = await self.agent.reply(machine, asked.ask, asked.decision)
        await self.asks.settle(asked.turn, asked.ask.id, AskState.SETTLED if taken else AskState.GONE)

    async def _show(self, turn: Turn, asked: Asked) -> None:
        """The turn does not wait for a message that cannot be edited just now: the next look meets it again."""
        try:
            await show(turn, asked, self.asks, self.chat, await self._approver(turn, asked))
        except Retriable as failure:
            log.info("ask.late", ask=asked.ask.id, reason=str(failure))

    async def _approver(self, turn: Turn, asked: Asked) -> str | None:
        """The role whose members alone may decide; None where everybody may. A server's own role is everybody's."""
        if not isinstance(asked.ask.about, Permission):
            return None
        role = (await self.preferences.settled(turn.place)).value(Preference.APPROVER)
        return None if role == turn.place.guild else role


async def show(turn: Turn, asked: Asked, asks: Asks, chat: Chat, approver: str | None = None) -> None:
    """Let its message say what is so. One that Discord refuses to edit is left as it is: what was decided counts all
    the same. Raises Retriable."""
    if not asked.is_stale:
        return
    try:
        await chat.show_ask(turn, asked, approver)
    except Refused as refusal:
        log.warning("ask.unseen", turn=turn.id, ask=asked.ask.id, reason=str(refusal))
    await asks.note_shown(asked)
