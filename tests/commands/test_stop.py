"""`/opencord stop`."""

import pytest

from app.turns.books import Facts
from app.turns.machine import Ending, Event, Stage
from app.turns.routing import Policy, Refusal
from app.words.door import NO_THREAD
from app.words.queue import ANSWER_ON_ITS_WAY, NOTHING_TO_STOP, STOPPING
from tests.commands.rooms import IN_THREAD, wait, work_on
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio


async def test_what_is_at_work_is_to_stop_and_what_waits_goes_on_waiting(door: Door) -> None:
    turn = await work_on(door, 501)
    waiting = await wait(door, 502)

    answer = await door.send(used("stop", IN_THREAD))

    assert spoken(answer) == (STOPPING, True)
    stopped, other = await door.ledger.turn(turn), await door.ledger.turn(waiting)
    assert stopped
    assert other
    assert stopped.stopped_by == "alice"
    assert (other.stage, other.stopped_by) == (Stage.THREADED, None)


async def test_what_is_about_to_begin_ends_before_it_does(door: Door) -> None:
    turn = await wait(door, 501)

    answer = await door.send(used("stop", IN_THREAD))

    assert spoken(answer) == (STOPPING, True)
    stopped = await door.ledger.turn(turn)
    assert stopped
    assert (stopped.stage, stopped.ending) == (Stage.CANCELLED, Ending.WITHDRAWN)


async def test_an_answer_that_is_being_sent_is_not_stopped(door: Door) -> None:
    turn = await work_on(door, 501)
    await door.ledger.record(turn, "holder", Event.ANSWER_TAKEN, Facts(answer="yes"))

    answer = await door.send(used("stop", IN_THREAD))

    assert spoken(answer) == (ANSWER_ON_ITS_WAY, True)
    sent = await door.ledger.turn(turn)
    assert sent
    assert sent.stopped_by is None


async def test_where_nothing_is_at_work_there_is_nothing_to_stop(door: Door) -> None:
    idle = await door.send(used("stop", IN_THREAD))
    outside = await door.send(used("stop"))

    assert spoken(idle) == (NOTHING_TO_STOP, True)
    assert spoken(outside) == (NO_THREAD, True)


async def test_whoever_may_not_ask_may_not_stop(door: Door) -> None:
    turn = await work_on(door, 501)
    door.policy = Policy(required_role="91")

    answer = await door.send(used("stop", IN_THREAD))

    assert spoken(answer) == (Refusal.ROLE.value, True)
    working = await door.ledger.turn(turn)
    assert working
    assert working.stopped_by is None
