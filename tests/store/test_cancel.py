"""Stopping what is at work in a thread, on a real database file."""

import pytest

from app.ids import SessionId, ThreadId, TurnId
from app.store.ledger import SqliteLedger
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.errors import LeaseLost
from app.turns.machine import Event, Postponed, Stage
from app.turns.records import Addressed, Turn
from tests.samples import command, message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")
OTHER = ThreadId("400000000000000001")
PROMPTED = Facts(session=SessionId("ses_1"))


@pytest.fixture
def ledger(sqlite: Sqlite) -> SqliteLedger:
    return SqliteLedger(sqlite)


async def claim(ledger: SqliteLedger, token: str, now: float = 0.0) -> Turn:
    turn = await ledger.claim(token, now, now + 15)
    assert turn is not None
    return turn


async def queued(ledger: SqliteLedger, number: int, thread: ThreadId = THREAD) -> TurnId:
    await ledger.admit(message(number, thread=thread), 0.0)
    turn = await claim(ledger, "opening")
    await ledger.record(turn.id, "opening", Event.ACCEPTED, Facts())
    return (await ledger.record(turn.id, "opening", Event.THREAD_OPENED, Facts())).id


async def stage_of(ledger: SqliteLedger, turn: TurnId) -> Stage:
    found = await ledger.turn(turn)
    assert found is not None
    return found.stage


async def test_what_is_at_the_model_ends_and_its_holder_changes_nothing_any_more(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")
    await ledger.record(turn, "mine", Event.PROMPT_SENT, PROMPTED)

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 1
    with pytest.raises(LeaseLost):
        await ledger.renew(turn, "mine", 99.0)
    with pytest.raises(LeaseLost):
        await ledger.record(turn, "mine", Event.ANSWER_TAKEN, Facts(answer="too late"))
    with pytest.raises(LeaseLost):
        await ledger.postpone(turn, "mine", Postponed(2.0, 1.0), "the machine is gone")
    assert await stage_of(ledger, turn) is Stage.CANCELLED
    assert await ledger.claim("another", 99.0, 114.0) is None


async def test_what_is_at_the_model_in_nobodys_hands_ends_too(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")
    await ledger.record(turn, "mine", Event.PROMPT_SENT, PROMPTED)
    await ledger.postpone(turn, "mine", Postponed(60.0, 1.0), "vendor down")

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 1
    assert await ledger.claim("another", 99.0, 114.0) is None


async def test_what_somebody_brings_to_the_model_ends(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 1
    with pytest.raises(LeaseLost):
        await ledger.record(turn, "mine", Event.PROMPT_SENT, PROMPTED)


async def test_the_queue_goes_on_with_whoever_waited(ledger: SqliteLedger) -> None:
    first = await queued(ledger, 1)
    await claim(ledger, "mine")
    await ledger.record(first, "mine", Event.PROMPT_SENT, PROMPTED)
    second = await queued(ledger, 2)
    assert await ledger.claim("early", 0.0, 15.0) is None

    await ledger.cancel(THREAD)

    assert (await claim(ledger, "next", now=1.0)).id == second
    moved = await ledger.record(second, "next", Event.PROMPT_SENT, Facts(session=SessionId("ses_2")))
    assert moved.stage is Stage.PROMPTED


async def test_what_nobody_has_begun_stays(ledger: SqliteLedger) -> None:
    waiting = await queued(ledger, 1)

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 0
    assert (await claim(ledger, "later")).id == waiting


@pytest.mark.parametrize("hands", ["postponed", "dead"])
async def test_what_waits_for_its_next_attempt_ends_too(ledger: SqliteLedger, hands: str) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")
    if hands == "postponed":
        await ledger.postpone(turn, "mine", Postponed(60.0, 1.0), "vendor down")

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 1
    assert await stage_of(ledger, turn) is Stage.CANCELLED
    assert await ledger.claim("next", 99.0, 114.0) is None


async def test_an_answer_that_is_there_is_still_sent(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")
    await ledger.record(turn, "mine", Event.PROMPT_SENT, PROMPTED)
    await ledger.record(turn, "mine", Event.ANSWER_TAKEN, Facts(answer="yes"))

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 0
    assert (await ledger.record(turn, "mine", Event.DELIVERED, Facts())).stage is Stage.DELIVERED


async def test_other_threads_and_what_is_not_accepted_yet_are_none_of_it(ledger: SqliteLedger) -> None:
    elsewhere = await queued(ledger, 1, OTHER)
    await claim(ledger, "mine")
    await ledger.record(elsewhere, "mine", Event.PROMPT_SENT, PROMPTED)
    await ledger.admit(message(2, thread=THREAD), 0.0)
    new = await claim(ledger, "deciding")

    cancelled = await ledger.cancel(THREAD)

    assert cancelled == 0
    assert await stage_of(ledger, elsewhere) is Stage.PROMPTED
    assert (await ledger.record(new.id, "deciding", Event.ACCEPTED, Facts())).stage is Stage.ACCEPTED


async def test_what_is_deleted_while_somebody_brings_it_to_the_model_ends(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")

    withdrawn = await ledger.withdraw([turn])

    assert withdrawn == 1
    assert await stage_of(ledger, turn) is Stage.CANCELLED
    with pytest.raises(LeaseLost):
        await ledger.seal(turn, "mine")


async def test_what_is_edited_while_somebody_brings_it_to_the_model_is_read_anew_when_it_is_sealed(
    ledger: SqliteLedger,
) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")

    amended = await ledger.amend(turn, "do it twice", Addressed.US)

    assert amended
    assert (await ledger.seal(turn, "mine")).prompt == "do it twice"


@pytest.mark.parametrize("state", ["sealed", "interrupted"])
async def test_once_it_may_be_at_the_model_an_edit_and_a_deletion_come_too_late(
    ledger: SqliteLedger, state: str
) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")
    await ledger.seal(turn, "mine")
    if state == "interrupted":
        await ledger.record(turn, "mine", Event.PROMPT_SENT, PROMPTED)
        await ledger.record(turn, "mine", Event.INTERRUPTED, Facts())

    late = (await ledger.amend(turn, "do it twice", Addressed.US), await ledger.withdraw([turn]))

    found = await ledger.turn(turn)
    assert late == (False, 0)
    assert found is not None
    assert (found.stage, found.prompt) == (Stage.THREADED, "do it")


async def test_only_the_holder_of_the_lease_seals(ledger: SqliteLedger) -> None:
    turn = await queued(ledger, 1)
    await claim(ledger, "mine")

    with pytest.raises(LeaseLost):
        await ledger.seal(turn, "another")

    assert await ledger.withdraw([turn]) == 1


async def test_a_command_is_not_withdrawn_with_a_message(ledger: SqliteLedger) -> None:
    await ledger.admit(command(1, thread=THREAD), 0.0)

    assert await ledger.withdraw([command(1).id]) == 0
