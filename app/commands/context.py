"""`/opencord context`: what this thread's session takes of its model's window, and what it has cost. Only the asker
sees it; the machine is woken for it."""

from app.commands.answers import Answer, Result
from app.commands.door import Visitor, let_in
from app.commands.ports import Room
from app.commands.session import session_of, woken
from app.discord.interactions import Interaction
from app.discord.notation import code
from app.discord.payloads import Payload, deferred
from app.discord.summary_view import NAME
from app.ids import SessionId
from app.turns.preferences import Preference
from app.turns.workbench import Usage
from app.words.amounts import price
from app.words.session import (
    AGENT,
    LAST_ANSWER,
    MODEL,
    NEXT_QUESTION,
    NO_PRICE,
    NOT_COUNTED,
    SPENT,
    WINDOW,
    WINDOW_FULL,
    WINDOW_UNKNOWN,
)

REGISTRATION: Payload = {
    "type": 1,
    "name": "context",
    "description": "How full the model's window is, and what this session has cost",
}

FULL = 0.7  # of the window: about where it begins to matter


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    session = await session_of(visitor.thread, room)
    return Answer(deferred(ephemeral=True), lambda: looked(visitor, session, room))


async def looked(visitor: Visitor, session: SessionId, room: Room) -> Result:
    usage = await room.bench.usage(await woken(visitor.thread, session, room), session)
    if usage is None:
        return Result(NOT_COUNTED)
    settled = await room.preferences.settled(visitor.place)
    coming = upcoming(usage, settled.value(Preference.MODEL), settled.value(Preference.AGENT))
    return Result("\n".join([*of_session(usage), *coming]))


def of_session(usage: Usage) -> list[str]:
    cost = price(usage.cost) if usage.cost > 0 else NO_PRICE
    return [
        window(usage),
        SPENT.format(tokens=usage.spent, cost=cost),
        LAST_ANSWER.format(model=code(usage.model, NAME), agent=code(usage.agent, NAME)),
    ]


def window(usage: Usage) -> str:
    if usage.window is None:
        return WINDOW_UNKNOWN.format(held=usage.held)
    share = usage.held / usage.window
    words = WINDOW_FULL if share >= FULL else WINDOW
    return words.format(held=usage.held, window=usage.window, share=share)


def upcoming(usage: Usage, model: str | None, agent: str | None) -> list[str]:
    """What the next question is asked with, where that is something else by now."""
    changed = [
        words.format(name=code(value, NAME))
        for words, value, last in ((MODEL, model, usage.model), (AGENT, agent, usage.agent))
        if value is not None and value != last
    ]
    return [NEXT_QUESTION.format(changed=", ".join(changed))] if changed else []
