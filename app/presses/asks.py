"""The buttons, selects and modals of what an agent asks: Allow, Deny, a question's options, and words of one's own.

The first decision counts, by whichever way it comes. It is written down here, shown at once, and carried to the agent
by whoever works on the turn. Where an approver is settled, only members of that role give leave or refuse it; questions
are everybody's.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from app.commands.answers import Answer
from app.commands.approvers import lacked, turned_away
from app.commands.door import TurnedAway, bold
from app.commands.ports import Room
from app.discord.ask_view import ask as view_of
from app.discord.ask_view import denial
from app.discord.interactions import Interaction, Kind
from app.discord.payloads import updated
from app.discord.question_view import writing
from app.discord.text import clean, shows
from app.ids import AskId
from app.presses.subject import Subject, subject_of
from app.turns.asks import Asked, AskState
from app.turns.machine import LIVE
from app.turns.progress import Allowed, Decision, Denied, Permission, Question
from app.words.asking import SOMEBODY
from app.words.decisions import (
    ANSWERED_BEFORE,
    ANSWERED_BY,
    APPROVERS_ONLY,
    CHOOSE_EXACTLY_ONE,
    EMPTY_ANSWER,
    NOBODY_WAITS,
    ROLE_GONE,
)
from app.words.door import UNKNOWN_BUTTON

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pending:
    """Something asked that still waits for a decision."""

    subject: Subject
    asked: Asked

    @property
    def rest(self) -> tuple[str, ...]:
        """What the component's id says behind the ask."""
        return self.subject.rest[1:]


async def allow(interaction: Interaction, room: Room) -> Answer:
    return await by_approver(interaction, room, allowed)


async def deny(interaction: Interaction, room: Room) -> Answer:
    """Opens the modal, and is what the modal comes back to."""
    return await by_approver(interaction, room, denied)


async def allowed(pending: Pending, interaction: Interaction, room: Room) -> Answer:
    if pending.rest not in (("once",), ("always",)):
        raise TurnedAway(UNKNOWN_BUTTON)
    return await decided(pending, Allowed(always=pending.rest == ("always",)), room)


async def denied(pending: Pending, interaction: Interaction, room: Room) -> Answer:
    if interaction.kind is Kind.MODAL:
        reason = clean(interaction.fields.get("reason", "")).strip()
        return await decided(pending, Denied(reason if shows(reason) else ""), room)
    return Answer(denial(interaction.custom_id or ""))


async def answer(interaction: Interaction, room: Room) -> Answer:
    """A question's option that is a button of its own."""
    pending, number, question = await question_of(interaction, room)
    return await answered(pending, number, chosen(question, pending.rest[1:2]), room)


async def choose(interaction: Interaction, room: Room) -> Answer:
    """What was selected: indices of options."""
    pending, number, question = await question_of(interaction, room)
    choice = chosen(question, interaction.values)
    if len(choice) > 1 and not question.multiple:
        raise TurnedAway(CHOOSE_EXACTLY_ONE)
    return await answered(pending, number, choice, room)


async def write(interaction: Interaction, room: Room) -> Answer:
    """Opens the modal, and is what the modal comes back to."""
    pending, number, question = await question_of(interaction, room)
    if interaction.kind is not Kind.MODAL:
        return Answer(writing(interaction.custom_id or "", question))
    words = clean(interaction.fields.get("answer", "")).strip()
    if not shows(words):
        raise TurnedAway(EMPTY_ANSWER)
    return await answered(pending, number, (words,), room)


async def permission_of(interaction: Interaction, room: Room) -> Pending:
    """Raises TurnedAway, as the next two do."""
    pending = await pending_of(interaction, room)
    if not isinstance(pending.asked.ask.about, Permission):
        raise TurnedAway(UNKNOWN_BUTTON)
    return pending


async def by_approver(
    interaction: Interaction, room: Room, act: Callable[[Pending, Interaction, Room], Awaitable[Answer]]
) -> Answer:
    pending = await permission_of(interaction, room)
    visitor = pending.subject.visitor
    role = await lacked(visitor, room)
    if role is None:
        return await act(pending, interaction, room)
    return turned_away(role, visitor.place.guild, room, why=APPROVERS_ONLY.format(role=role), gone=ROLE_GONE)


async def question_of(interaction: Interaction, room: Room) -> tuple[Pending, int, Question]:
    """With the question's number; it is the one that is to be answered next."""
    pending = await pending_of(interaction, room)
    question, number = pending.asked.question, index_of(next(iter(pending.rest), ""))
    if number is None or question is None or number > len(pending.asked.answers):
        raise TurnedAway(UNKNOWN_BUTTON)
    if number < len(pending.asked.answers):
        raise TurnedAway(ANSWERED_BEFORE)
    return pending, number, question


async def pending_of(interaction: Interaction, room: Room) -> Pending:
    subject = await subject_of(interaction, room)
    asked = await room.asks.asked(subject.turn.id, AskId(next(iter(subject.rest), "")))
    if asked is None:
        raise TurnedAway(UNKNOWN_BUTTON)
    if asked.state is not AskState.OPEN or subject.turn.stage not in LIVE or subject.turn.stopped_by is not None:
        raise TurnedAway(closed(asked))
    return Pending(subject, asked)


def chosen(question: Question, indices: tuple[str, ...]) -> tuple[str, ...]:
    """The labels of these options, at least one, in the question's order. Raises TurnedAway."""
    wanted = {index_of(index) for index in indices}
    labels = tuple(option.label for number, option in enumerate(question.options) if number in wanted)
    if not labels or len(labels) < len(wanted):
        raise TurnedAway(UNKNOWN_BUTTON)
    return labels


def index_of(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


async def decided(pending: Pending, decision: Decision, room: Room) -> Answer:
    subject = pending.subject
    return await shown(pending, room.asks.decide(subject.turn.id, pending.asked.ask.id, decision, subject.by), room)


async def answered(pending: Pending, number: int, choice: tuple[str, ...], room: Room) -> Answer:
    subject = pending.subject
    answer = room.asks.answer(subject.turn.id, pending.asked.ask.id, number, choice, subject.by)
    return await shown(pending, answer, room)


async def shown(pending: Pending, deciding: Awaitable[bool], room: Room) -> Answer:
    """The message as it is by then: the next question, or what was decided."""
    turn, ask = pending.subject.turn.id, pending.asked.ask.id
    counts = await deciding
    asked = await room.asks.asked(turn, ask) or pending.asked
    if not counts and asked.state is AskState.OPEN and len(asked.answers) > len(pending.asked.answers):
        raise TurnedAway(ANSWERED_BEFORE)
    if not counts:
        raise TurnedAway(closed(asked))
    log.info("ask.decided", turn=turn, ask=ask, by=pending.subject.visitor.asker.id)
    view = view_of(asked)
    return Answer(updated(view.content, components=view.components))


def closed(asked: Asked) -> str:
    """Why it is too late to decide it."""
    if asked.state in (AskState.DECIDED, AskState.SETTLED):
        return ANSWERED_BY.format(name=bold(asked.by or SOMEBODY))
    return NOBODY_WAITS
