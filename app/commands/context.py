"""`/opencord context`: what this thread's session takes of its model's window, and what it has cost. Only the asker
sees it; the machine is woken for it."""

from app.commands.answers import Answer, Result
from app.commands.door import Visitor, let_in
from app.commands.ports import Room
from app.commands.session import session_of, woken
from app.discord.interactions import Interaction
from app.discord.notation import code
from app.discord.payloads import Payload, deferred
from app.discord.summary_view import NAME, price
from app.ids import SessionId
from app.turns.ports import Usage
from app.turns.preferences import Preference

REGISTRATION: Payload = {
    "type": 1,
    "name": "context",
    "description": "How full the model's window is, and what this session has cost",
}

NONE = "The model has not answered anything in this session yet, so there is nothing to count."
FULL = 0.7  # of the window: about where it begins to matter
COMPACT = "/opencord compact makes room."
NO_PRICE = "no price known"


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    session = await session_of(visitor.thread, room)
    return Answer(deferred(ephemeral=True), lambda: looked(visitor, session, room))


async def looked(visitor: Visitor, session: SessionId, room: Room) -> Result:
    usage = await room.bench.usage(await woken(visitor.thread, session, room), session)
    if usage is None:
        return Result(NONE)
    settled = await room.preferences.settled(visitor.place)
    coming = upcoming(usage, settled.value(Preference.MODEL), settled.value(Preference.AGENT))
    return Result("\n".join([*of_session(usage), *coming]))


def of_session(usage: Usage) -> list[str]:
    cost = price(usage.cost) if usage.cost > 0 else NO_PRICE
    return [
        f"Window: {window(usage)}",
        f"This session so far: {usage.spent:,} tokens, {cost}; sub-agents included",
        f"Last answer: model {code(usage.model, NAME)}, agent {code(usage.agent, NAME)}",
    ]


def window(usage: Usage) -> str:
    if usage.window is None:
        return f"about {usage.held:,} tokens are taken; how many fit, OpenCode does not know of this model"
    share = usage.held / usage.window
    room = f". {COMPACT}" if share >= FULL else ""
    return f"about {usage.held:,} of {usage.window:,} tokens are taken ({share:.0%}){room}"


def upcoming(usage: Usage, model: str | None, agent: str | None) -> list[str]:
    """What the next question is asked with, where that is something else by now."""
    changed = [
        f"{kind} {code(value, NAME)}"
        for kind, value, last in (("model", model, usage.model), ("agent", agent, usage.agent))
        if value is not None and value != last
    ]
    return [f"Next question: {', '.join(changed)}"] if changed else []
