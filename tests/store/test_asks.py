"""What agents ask people, on a real database file."""

import asyncio

import pytest

from app.ids import AskId, MessageId, SessionId, ThreadId, TurnId
from app.store.asks import SqliteAsks
from app.store.ledger import SqliteLedger
from app.store.sqlite import Sqlite
from app.turns.asks import AskState
from app.turns.books import Facts
from app.turns.errors import LeaseLost
from app.turns.machine import Event
from app.turns.progress import Allowed, Answered, Ask, Denied, Option, Permission, Question
from tests.samples import message

pytestmark = pytest.mark.anyio
RUN = Ask(AskId("per_1"), Permission("bash", "rm -r build", always=("rm *",)))
COLOUR = Question("Which colour?", "Colour", (Option("Red", "warm"), Option("Blue")))
SIZES = Question("Which sizes?", "Sizes", (Option("S"), Option("L")), multiple=True, custom=False)
WISHES = Ask(AskId("que_1"), (COLOUR, SIZES))


@pytest.fixture
def asks(sqlite: Sqlite) -> SqliteAsks:
    return SqliteAsks(sqlite)


@pytest.fixture
async def turn(sqlite: Sqlite) -> TurnId:
    """At the model, and leased to "mine"."""
    ledger = SqliteLedger(sqlite)
    await ledger.admit(message(1, thread=ThreadId("4")), 0.0)
    for event in (Event.ACCEPTED, Event.THREAD_OPENED, Event.PROMPT_SENT):
        await ledger.claim("mine", 0.0, 15.0)
        await ledger.record(message(1).id, "mine", event, Facts(session=SessionId("ses_1")))
    return message(1).id


async def test_what_is_asked_is_kept_as_it_was_first_written_down(asks: SqliteAsks, turn: TurnId) -> None:
    first = await asks.note(turn, "mine", WISHES, 10.0, 20.0)

    again = await asks.note(turn, "mine", WISHES, 15.0, 25.0)

    assert again == first
    assert (first.ask, first.state, first.asked_at, first.expires_at) == (WISHES, AskState.OPEN, 10.0, 20.0)
    assert first.question == COLOUR


@pytest.mark.parametrize("decision", [Allowed(always=True), Allowed(always=False), Denied("too dangerous"), Denied()])
async def test_the_first_decision_counts(asks: SqliteAsks, turn: TurnId, decision: Allowed | Denied) -> None:
    await asks.note(turn, "mine", RUN, 10.0, 20.0)

    won = await asyncio.gather(*(asks.decide(turn, RUN.id, decision, by) for by in ("alice", "bob")))

    (asked,) = await asks.of_turn(turn)
    assert sorted(won) == [False, True]
    assert (asked.state, asked.decision) == (AskState.DECIDED, decision)
    assert asked.by == ("alice" if won[0] else "bob")


async def test_questions_are_answered_one_after_the_other(asks: SqliteAsks, turn: TurnId) -> None:
    await asks.note(turn, "mine", WISHES, 10.0, 20.0)

    first = await asks.answer(turn, WISHES.id, 0, ("Blue",), "alice")
    same = await asks.answer(turn, WISHES.id, 0, ("Red",), "bob")
    between = await asks.asked(turn, WISHES.id)
    second = await asks.answer(turn, WISHES.id, 1, ("S", "L"), "bob")
    third = await asks.answer(turn, WISHES.id, 2, ("more",), "bob")

    asked = await asks.asked(turn, WISHES.id)
    assert (first, same, second, third) == (True, False, True, False)
    assert between is not None
    assert (between.state, between.question, between.by) == (AskState.OPEN, SIZES, None)
    assert asked is not None
    assert (asked.state, asked.decision, asked.by) == (AskState.DECIDED, Answered((("Blue",), ("S", "L"))), "bob")


@pytest.mark.parametrize(("first", "then"), [(AskState.SETTLED, AskState.GONE), (AskState.GONE, AskState.SETTLED)])
async def test_what_is_over_stays_as_it_ended(asks: SqliteAsks, turn: TurnId, first: AskState, then: AskState) -> None:
    await asks.note(turn, "mine", RUN, 10.0, 20.0)
    await asks.decide(turn, RUN.id, Allowed(always=False), "alice")
    await asks.settle(turn, RUN.id, first)

    again = await asks.settle(turn, RUN.id, then)

    assert again.state is first
    assert again == await asks.asked(turn, RUN.id)


async def test_what_is_over_can_be_decided_no_more(asks: SqliteAsks, turn: TurnId, sqlite: Sqlite) -> None:
    await asks.note(turn, "mine", RUN, 10.0, 20.0)
    await asks.note(turn, "mine", WISHES, 10.0, 20.0)
    await asks.settle(turn, RUN.id, AskState.GONE)
    await SqliteLedger(sqlite).record(turn, "mine", Event.CANCELLED, Facts())

    assert not await asks.decide(turn, RUN.id, Denied(), "alice")
    assert not await asks.answer(turn, WISHES.id, 0, ("Blue",), "alice")


async def test_a_stopped_turn_waits_for_nobody(asks: SqliteAsks, turn: TurnId, sqlite: Sqlite) -> None:
    await asks.note(turn, "mine", RUN, 10.0, 20.0)
    await SqliteLedger(sqlite).stop(turn, "bob")

    assert not await asks.decide(turn, RUN.id, Allowed(always=False), "alice")


async def test_it_is_found_by_the_message_that_asks_it(asks: SqliteAsks, turn: TurnId) -> None:
    await asks.note(turn, "mine", WISHES, 10.0, 20.0)

    await asks.note_message(turn, "mine", WISHES.id, MessageId("77"))

    found = await asks.asked_in(MessageId("77"))
    assert found is not None
    assert found.ask == WISHES
    assert await asks.asked_in(MessageId("78")) is None


async def test_whoever_lost_the_lease_asks_nothing(asks: SqliteAsks, turn: TurnId) -> None:
    with pytest.raises(LeaseLost):
        await asks.note(turn, "another's", RUN, 10.0, 20.0)

    assert await asks.of_turn(turn) == []


async def test_what_was_asked_in_a_message_that_was_deleted_has_none_and_is_asked_anew(
    asks: SqliteAsks, turn: TurnId
) -> None:
    await asks.note(turn, "mine", RUN, 10.0, 20.0)
    await asks.note_message(turn, "mine", RUN.id, MessageId("901"), "open:0")

    forgotten = [await asks.forget([MessageId("900"), MessageId("901")], 15.0) for _ in range(2)]

    (asked,) = await asks.of_turn(turn)
    assert forgotten == [1, 0]
    assert (asked.message, asked.shown, asked.asked_at, asked.expires_at) == (None, None, 15.0, 20.0)


async def test_what_was_decided_in_a_message_that_was_deleted_is_not_asked_anew(asks: SqliteAsks, turn: TurnId) -> None:
    await asks.note(turn, "mine", RUN, 10.0, 20.0)
    await asks.note_message(turn, "mine", RUN.id, MessageId("901"), "open:0")
    await asks.decide(turn, RUN.id, Allowed(always=False), "alice")

    assert await asks.forget([MessageId("901")], 15.0) == 0
