"""The ledger on a real database file."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from app.ids import MessageId, SessionId, ThreadId
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.sqlite import Sqlite, Unusable
from app.turns.books import Facts
from app.turns.errors import LeaseLost, Retriable
from app.turns.machine import OPENING, Event, ImpossibleMove, Postponed, Stage
from app.turns.records import Content, Parcel, Request, Turn
from tests.samples import command, message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


@pytest.fixture
def ledger(sqlite: Sqlite) -> SqliteLedger:
    return SqliteLedger(sqlite)


async def claim(ledger: SqliteLedger, token: str = "mine", now: float = 0.0) -> Turn:
    turn = await ledger.claim(token, now, now + 15)
    assert turn is not None
    return turn


async def test_a_redelivered_request_is_admitted_once(ledger: SqliteLedger) -> None:
    first = await ledger.admit(command(1), 0.0)

    again = await ledger.admit(command(1, prompt="changed on the way"), 5.0)

    assert (first, again) == (True, False)
    assert [turn.prompt for turn in await ledger.live_turns()] == ["do it"]


async def test_a_redelivery_is_recognised_even_after_the_turn_has_ended(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await claim(ledger)
    await ledger.record(turn.id, "mine", Event.IGNORED, Facts())

    again = await ledger.admit(command(1), 9.0)

    assert not again
    assert await ledger.claim("mine", 10.0, 25.0) is None


async def queued(ledger: SqliteLedger, request: Request, token: str = "mine") -> None:
    """Admitted and brought as far as the queue of its thread."""
    await ledger.admit(request, 0.0)
    others = []
    while (turn := await claim(ledger, token)).id != request.id:
        others.append(turn)
    await ledger.record(turn.id, token, Event.ACCEPTED, Facts())
    await ledger.record(turn.id, token, Event.THREAD_OPENED, Facts())
    for other in others:
        await ledger.release(other.id, token)


async def prompted(ledger: SqliteLedger, token: str = "mine") -> Turn:
    turn = await claim(ledger, token)
    return await ledger.record(turn.id, token, Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))


async def finish(ledger: SqliteLedger, turn: Turn, token: str = "mine") -> None:
    await ledger.record(turn.id, token, Event.ANSWER_TAKEN, Facts(answer="yes"))
    await ledger.record(turn.id, token, Event.DELIVERED, Facts())


async def test_a_thread_is_served_in_the_order_of_admission_and_one_at_a_time(ledger: SqliteLedger) -> None:
    for number in (3, 1, 2):
        await queued(ledger, message(number, thread=THREAD))

    first = await prompted(ledger)
    nobody = await ledger.claim("b", 0.0, 15.0)
    await finish(ledger, first)
    second = await claim(ledger, "b")

    assert nobody is None
    assert [first.id, second.id] == [message(3).id, message(1).id]


async def test_whoever_asks_in_a_busy_thread_is_heard_at_once_and_served_later(ledger: SqliteLedger) -> None:
    await queued(ledger, message(1, thread=THREAD))
    first = await prompted(ledger)

    await queued(ledger, command(2, thread=THREAD), token="other")

    assert await ledger.claim("other", 0.0, 15.0) is None
    await finish(ledger, first)
    assert (await claim(ledger, "other")).id == command(2).id


async def test_somebody_who_got_into_a_thread_before_its_own_question_is_finished_first(ledger: SqliteLedger) -> None:
    """The opener stood there, its id was not written down yet, and a person was quick to ask in its thread."""
    await ledger.admit(command(1), 0.0)
    slow = await claim(ledger, "slow")
    await ledger.record(slow.id, "slow", Event.ACCEPTED, Facts())
    await queued(ledger, message(2, thread="777"), token="quick")
    quick = await prompted(ledger, "quick")

    await ledger.note_opener(slow.id, "slow", MessageId("777"))
    await ledger.record(slow.id, "slow", Event.THREAD_OPENED, Facts())

    assert await ledger.claim("slow", 1.0, 16.0) is None
    await ledger.postpone(quick.id, "quick", Postponed(2.0, 1.0), "hiccup")
    assert (await claim(ledger, "again", now=2.0)).id == quick.id
    await ledger.record(quick.id, "again", Event.INTERRUPTED, Facts())
    assert (await claim(ledger, "once more", now=3.0)).id == quick.id
    await ledger.record(quick.id, "once more", Event.PROMPT_SENT, Facts())
    await finish(ledger, quick, "once more")
    assert (await claim(ledger, "slow", now=4.0)).id == slow.id


async def test_different_threads_are_served_side_by_side(ledger: SqliteLedger) -> None:
    await ledger.admit(message(1, thread="1"), 0.0)
    await ledger.admit(message(2, thread="2"), 0.0)
    await ledger.admit(command(3), 0.0)

    claimed = {(await claim(ledger, token)).id for token in "abc"}

    assert len(claimed) == 3


async def test_a_lease_that_ran_out_can_be_taken_and_its_old_holder_changes_nothing(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await claim(ledger, "old")

    taken = await claim(ledger, "new", now=16.0)

    assert taken.attempts == 2
    with pytest.raises(LeaseLost):
        await ledger.record(turn.id, "old", Event.ACCEPTED, Facts())
    with pytest.raises(LeaseLost):
        await ledger.renew(turn.id, "old", 99.0)
    with pytest.raises(LeaseLost):
        await ledger.note_status(turn.id, "old", MessageId("1"))
    assert (await ledger.record(turn.id, "new", Event.ACCEPTED, Facts())).stage is Stage.ACCEPTED


async def test_a_renewed_lease_keeps_others_away(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await claim(ledger)

    await ledger.renew(turn.id, "mine", 100.0)

    assert await ledger.claim("other", 50.0, 65.0) is None


async def test_a_postponed_turn_waits_and_so_does_what_comes_after_it_in_its_thread(ledger: SqliteLedger) -> None:
    await queued(ledger, message(1, thread=THREAD))
    await queued(ledger, message(2, thread=THREAD))
    turn = await claim(ledger)

    await ledger.postpone(turn.id, "mine", Postponed(60.0, 1.0), "vendor down")

    assert await ledger.claim("mine", 59.0, 70.0) is None
    again = await claim(ledger, now=60.0)
    assert (again.id, again.attempts, again.failing_since) == (turn.id, 2, 1.0)


async def test_a_lease_that_ran_out_is_a_loss_and_one_that_was_given_up_is_none(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    await claim(ledger, "dies")
    turn = await claim(ledger, "stumbles", now=16.0)
    await ledger.postpone(turn.id, "stumbles", Postponed(20.0, 16.0), "hiccup")

    again = await claim(ledger, "goes on", now=20.0)

    assert (again.attempts, again.losses) == (3, 1)
    moved = await ledger.record(again.id, "goes on", Event.ACCEPTED, Facts())
    assert (moved.attempts, moved.losses, moved.failing_since) == (0, 0, None)


async def test_a_turn_that_was_handed_back_has_lost_no_attempt(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await claim(ledger)

    await ledger.release(turn.id, "mine")

    assert (await claim(ledger)).attempts == 1


async def test_a_command_takes_the_thread_of_its_opener_so_that_replies_queue_behind_it(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await claim(ledger)
    turn = await ledger.note_opener(turn.id, "mine", MessageId("777"))

    await queued(ledger, message(2, thread="777"), token="other")

    assert turn.thread == "777"
    assert turn.starts_thread
    assert await ledger.claim("other", 1.0, 14.0) is None


async def test_text_that_is_no_text_is_kept_as_well_as_can_be(ledger: SqliteLedger, sqlite: Sqlite) -> None:
    """JSON lets half a surrogate pair through, and a database cannot hold one."""
    await queued(ledger, message(1, prompt="half \ud83d of it", thread=THREAD))
    turn = await prompted(ledger)

    answered = await ledger.record(
        turn.id, "mine", Event.ANSWER_TAKEN, Facts(answer="\ud83d", parcels=(Parcel(0, Content("x\udc00"), "n-0"),))
    )

    assert (answered.prompt, answered.answer) == ("half ? of it", "?")
    assert [parcel.content.text for parcel in await SqliteParcels(sqlite).unsent(turn.id)] == ["x?"]


async def test_an_impossible_move_changes_nothing(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await claim(ledger)

    with pytest.raises(ImpossibleMove):
        await ledger.record(turn.id, "mine", Event.DELIVERED, Facts())

    assert (await ledger.record(turn.id, "mine", Event.ACCEPTED, Facts())).stage is Stage.ACCEPTED


async def test_the_database_itself_refuses_a_second_turn_at_the_model(sqlite: Sqlite, ledger: SqliteLedger) -> None:
    for number in (1, 2):
        await ledger.admit(message(number, thread=THREAD), 0.0)

    with pytest.raises(sqlite3.IntegrityError):
        await sqlite.write(lambda db: db.execute("UPDATE turns SET stage = 'prompted', session = 'ses_1'"))

    assert {turn.stage for turn in await ledger.live_turns()} == {Stage.ADMITTED}


async def test_two_processes_on_one_file_never_claim_the_same_turn(tmp_path: Path, ledger: SqliteLedger) -> None:
    other = Sqlite(tmp_path / "test.sqlite")
    await other.open()
    for number in range(20):
        await ledger.admit(command(number), 0.0)

    claimed = []
    for number in range(20):
        side = ledger if number % 2 else SqliteLedger(other)
        claimed.append((await claim(side, f"token {number}")).id)
    await other.close()

    assert len(set(claimed)) == 20


async def test_nobody_else_on_the_machine_can_read_the_database(tmp_path: Path, ledger: SqliteLedger) -> None:
    await ledger.admit(command(1), 0.0)

    assert readable_by_others(tmp_path) == []


def readable_by_others(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077]


async def test_a_file_that_cannot_be_a_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "not.sqlite").write_text("these are not the tables you are looking for" * 100)

    with pytest.raises(Unusable) as told:
        await Sqlite(tmp_path / "not.sqlite").open()

    assert "not.sqlite" in str(told.value)
    assert "\n" not in str(told.value)


async def test_only_the_stages_that_were_asked_for_are_claimed(ledger: SqliteLedger) -> None:
    await queued(ledger, message(1, thread=THREAD))
    await ledger.admit(command(2), 0.0)

    opening = await ledger.claim("mine", 1.0, 16.0, OPENING)
    nobody = await ledger.claim("mine", 1.0, 16.0, OPENING)

    assert opening is not None
    assert (opening.id, nobody) == (command(2).id, None)


@pytest.mark.parametrize(
    ("asked_in", "starts"),
    [(None, True), (THREAD, False), (ThreadId(message(1).id), False)],
    ids=["channel", "thread", "forum"],
)
async def test_a_turn_starts_its_thread_when_it_was_asked_outside_of_any(
    ledger: SqliteLedger, asked_in: ThreadId | None, starts: bool
) -> None:
    asked = message(1, thread=asked_in)
    await ledger.admit(asked, 0.0)
    await claim(ledger)

    noted = [await ledger.note_opener(asked.id, "mine", MessageId(asked.id)) for _ in range(2)]

    assert [turn.starts_thread for turn in noted] == [starts, starts]
    assert {turn.thread for turn in noted} == {asked_in or asked.id}


ENDS = (Event.IGNORED, Event.CANCELLED, Event.GIVEN_UP)


@pytest.mark.parametrize("end", ENDS)
async def test_what_came_to_nothing_makes_no_thread_ours(ledger: SqliteLedger, end: Event) -> None:
    await ledger.admit(message(1, thread=THREAD), 0.0)
    open_yet = await ledger.is_ours(THREAD)
    turn = await claim(ledger)
    await ledger.record(turn.id, "mine", end, Facts())

    assert (open_yet, await ledger.is_ours(THREAD)) == (None, False)


async def test_what_was_taken_makes_a_thread_ours_for_what_comes_after_it(ledger: SqliteLedger) -> None:
    await queued(ledger, message(2, thread=THREAD))

    found = [await ledger.is_ours(THREAD, message(number).id) for number in (1, 2, 3)]

    assert found == [False, False, True]
    assert await ledger.is_ours(THREAD)


async def test_a_private_thread_that_one_turn_has_taken_is_left_to_it(ledger: SqliteLedger) -> None:
    first, second = (replace(command(number), private=True) for number in (1, 2))
    for request in (first, second):
        await ledger.admit(request, 0.0)
        await claim(ledger)
    taken = MessageId(THREAD)
    await ledger.note_opener(first.id, "mine", taken)

    with pytest.raises(Retriable):
        await ledger.note_opener(second.id, "mine", taken)

    again = await ledger.note_opener(first.id, "mine", taken)
    left = await ledger.turn(second.id)
    assert again.thread == THREAD
    assert left is not None
    assert left.thread is None
