"""What people do to turns that are at work or wait, on a real database file."""

import asyncio
from collections.abc import Collection
from dataclasses import replace

import pytest

from app.ids import MessageId, SessionId, ThreadId, TurnId
from app.store.ledger import SqliteLedger
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.machine import LIVE, OPENING, Ending, Event, Postponed, Stage
from app.turns.records import Attachment, Request, Turn
from tests.samples import message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


@pytest.fixture
def ledger(sqlite: Sqlite) -> SqliteLedger:
    return SqliteLedger(sqlite, lambda: 500.0)


async def claim(ledger: SqliteLedger, now: float = 0.0, stages: Collection[Stage] = LIVE) -> Turn:
    turn = await ledger.claim("mine", now, now + 15, stages)
    assert turn is not None
    return turn


async def queued(ledger: SqliteLedger, number: int) -> TurnId:
    await ledger.admit(message(number, thread=THREAD), 0.0)
    turn = await claim(ledger, stages=OPENING)
    await ledger.record(turn.id, "mine", Event.ACCEPTED, Facts())
    return (await ledger.record(turn.id, "mine", Event.THREAD_OPENED, Facts())).id


async def at_the_model(ledger: SqliteLedger, number: int) -> TurnId:
    turn = await queued(ledger, number)
    await claim(ledger)
    await ledger.record(turn, "mine", Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))
    return turn


async def found(ledger: SqliteLedger, turn: TurnId) -> Turn:
    found = await ledger.turn(turn)
    assert found is not None
    return found


async def test_whoever_works_on_a_turn_sees_that_it_is_to_stop_and_who_wants_that(ledger: SqliteLedger) -> None:
    turn = await at_the_model(ledger, 1)

    wanted = [await ledger.stop(turn, "alice"), await ledger.stop(turn, "bob")]

    assert wanted == [True, True]
    assert (await ledger.assure(turn, "mine")).stopped_by == "alice"


async def test_what_is_halted_is_stopped_while_it_is_at_work_and_called_off_while_it_waits(
    ledger: SqliteLedger,
) -> None:
    working, waiting = await at_the_model(ledger, 1), await queued(ledger, 2)

    halted = [await ledger.halt(turn, by) for turn, by in ((working, "alice"), (waiting, "bob"), (waiting, "carol"))]

    ended = await found(ledger, waiting)
    assert halted == [True, True, False]
    assert (await ledger.assure(working, "mine")).stopped_by == "alice"
    assert (ended.stage, ended.ending, ended.stopped_by) == (Stage.CANCELLED, Ending.WITHDRAWN, "bob")


async def test_a_turn_that_waits_for_its_next_attempt_ends_at_once(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger)
    await ledger.postpone(turn, "mine", Postponed(9_000.0, 0.0), "no machine")

    assert await ledger.stop(turn, "alice")

    stopped = await found(ledger, turn)
    assert (stopped.stage, stopped.ending, stopped.stopped_by) == (Stage.CANCELLED, Ending.STOPPED, "alice")


async def test_a_stop_that_meets_a_failure_does_not_wait_for_the_next_attempt(ledger: SqliteLedger) -> None:
    turn = await at_the_model(ledger, 1)
    await ledger.stop(turn, "alice")

    await ledger.postpone(turn, "mine", Postponed(9_000.0, 0.0), "no answer")

    assert (await claim(ledger, now=500.0)).id == turn


async def test_what_is_still_on_its_way_into_the_queue_can_be_called_off(ledger: SqliteLedger) -> None:
    await ledger.admit(message(1, thread=THREAD), 0.0)
    turn = await claim(ledger)
    await ledger.record(turn.id, "mine", Event.ACCEPTED, Facts())

    assert await ledger.call_off(turn.id, "alice")

    assert (await found(ledger, turn.id)).stage is Stage.CANCELLED


async def test_what_only_waits_is_called_off_and_not_stopped(ledger: SqliteLedger) -> None:
    await at_the_model(ledger, 1)
    waiting = await queued(ledger, 2)

    assert not await ledger.stop(waiting, "alice")
    assert await ledger.call_off(waiting, "alice")

    turn = await found(ledger, waiting)
    assert (turn.stage, turn.ending, turn.stopped_by) == (Stage.CANCELLED, Ending.WITHDRAWN, "alice")
    assert not await ledger.call_off(waiting, "alice")


async def test_what_is_at_work_cannot_be_called_off(ledger: SqliteLedger) -> None:
    turn = await at_the_model(ledger, 1)

    assert not await ledger.call_off(turn, "alice")
    assert not await ledger.hasten(turn)


async def test_a_hastened_turn_goes_before_those_that_wait_the_last_one_first(ledger: SqliteLedger) -> None:
    working, *waiting = [await at_the_model(ledger, 1), *[await queued(ledger, number) for number in (2, 3, 4)]]
    await ledger.hasten(waiting[1])
    await ledger.hasten(waiting[2])
    await ledger.record(working, "mine", Event.CANCELLED, Facts())

    order = []
    for _ in waiting:
        turn = await claim(ledger)
        await ledger.record(turn.id, "mine", Event.CANCELLED, Facts())
        order.append(turn.id)

    assert order == [waiting[2], waiting[1], waiting[0]]


async def test_the_first_in_line_waits_for_nobody(ledger: SqliteLedger) -> None:
    first, second = await queued(ledger, 1), await queued(ledger, 2)

    assert (await ledger.is_first(first), await ledger.is_first(second)) == (True, False)


async def test_who_is_next_has_one_at_most_before_it_and_a_hastened_one_takes_its_place(ledger: SqliteLedger) -> None:
    turns = [await at_the_model(ledger, 1), *[await queued(ledger, number) for number in (2, 3, 4)]]

    before = [await ledger.is_next(turn) for turn in turns]
    await ledger.hasten(turns[3])
    after = [await ledger.is_next(turn) for turn in turns]

    assert before == [True, True, False, False]
    assert after == [True, False, False, True]


async def test_what_is_at_work_is_found(ledger: SqliteLedger) -> None:
    assert await ledger.at_work(THREAD) is None
    turn = await at_the_model(ledger, 1)
    await queued(ledger, 2)

    at_work = await ledger.at_work(THREAD)

    assert at_work is not None
    assert at_work.id == turn


async def test_the_newest_is_the_one_after_which_nothing_was_asked(ledger: SqliteLedger) -> None:
    older = await queued(ledger, 1)
    await claim(ledger, now=1.0)
    await ledger.record(older, "mine", Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))
    await ledger.record(older, "mine", Event.ANSWER_TAKEN, Facts(answer="x"))
    await ledger.record(older, "mine", Event.DELIVERED, Facts())
    newer = await queued(ledger, 2)
    assert await ledger.is_newest(older)
    await claim(ledger, now=2.0)
    await ledger.record(newer, "mine", Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))

    assert (await ledger.is_newest(older), await ledger.is_newest(newer)) == (False, True)


async def test_what_was_put_before_others_is_older_than_they_are_once_they_were_asked(ledger: SqliteLedger) -> None:
    waited, hastened = await queued(ledger, 1), await queued(ledger, 2)
    await ledger.hasten(hastened)

    for number, turn in enumerate((hastened, waited)):
        assert (await claim(ledger, now=1.0 + number)).id == turn
        await ledger.record(turn, "mine", Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))
        await ledger.record(turn, "mine", Event.ANSWER_TAKEN, Facts(answer="x"))
        await ledger.record(turn, "mine", Event.DELIVERED, Facts())

    assert (await ledger.is_newest(hastened), await ledger.is_newest(waited)) == (False, True)


async def test_a_turn_that_is_over_is_to_be_closed_until_it_is(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, now=100.0)
    await ledger.note_status(turn, "mine", MessageId("77"))
    assert await ledger.unclosed(9) == []
    await ledger.record(turn, "mine", Event.CANCELLED, Facts(ending=Ending.STOPPED))

    (over,) = await ledger.unclosed(9)
    await ledger.close(over)

    assert (over.id, over.status, over.ending) == (turn, "77", Ending.STOPPED)
    assert (over.begun_at, over.ended_at) == (100.0, 500.0)
    assert await ledger.unclosed(9) == []


async def test_what_was_thrown_away_with_its_machine_says_so(ledger: SqliteLedger) -> None:
    turn = await at_the_model(ledger, 1)

    await ledger.cancel(THREAD)

    assert (await found(ledger, turn)).ending is Ending.RESET


async def test_an_edit_brings_its_files(ledger: SqliteLedger) -> None:
    turn, picture = await queued(ledger, 1), Attachment("5", "a.png", 10, "https://cdn.example/a.png")

    await ledger.amend(turn, "look at this", message(1).addressed, (picture,))

    assert (await found(ledger, turn)).attachments == (picture,)


async def test_where_a_place_is_gone_nothing_is_left_to_be_closed(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger)
    await ledger.note_status(turn, "mine", MessageId("77"))

    ended = await ledger.end_all(thread=THREAD)

    assert ended == 1
    assert await ledger.unclosed(9) == []


async def test_a_turn_is_followed_by_one_live_turn_at_a_time(ledger: SqliteLedger) -> None:
    def follower(number: int, of: int) -> Request:
        return replace(message(number, thread=THREAD), follows=message(of).id)

    at_once = await asyncio.gather(*(ledger.admit(follower(number, of=1), 0.0) for number in (2, 3)))
    of_another = await ledger.admit(follower(4, of=2), 0.0)
    await ledger.end_all(thread=THREAD)
    afterwards = await ledger.admit(follower(5, of=1), 0.0)

    assert sorted(at_once) == [False, True]
    assert (of_another, afterwards) == (True, True)
    assert (await found(ledger, message(5).id)).follows == message(1).id


async def test_turns_that_follow_none_are_not_in_each_others_way(ledger: SqliteLedger) -> None:
    assert [await ledger.admit(message(number, thread=THREAD), 0.0) for number in (1, 2)] == [True, True]


async def test_what_was_reopened_meanwhile_is_closed_once_more(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger)
    await ledger.note_status(turn, "mine", MessageId("77"))
    await ledger.record(turn, "mine", Event.CANCELLED, Facts(ending=Ending.STOPPED))
    (over,) = await ledger.unclosed(9)

    await ledger.reopen(turn)

    assert not await ledger.close(over)
    (again,) = await ledger.unclosed(9)
    assert await ledger.close(again)
    assert await ledger.unclosed(9) == []
