"""Stop, Run next, Interrupt now, Cancel."""

import asyncio

import pytest

from app.ids import ChannelId, TurnId
from app.presses import ACTIONS
from app.turns.books import Facts
from app.turns.machine import Ending, Event, Stage
from app.turns.records import Turn
from app.turns.routing import Policy, Refusal
from app.words.door import UNKNOWN_BUTTON
from app.words.turn import ALREADY_BEGUN, ALREADY_OVER, NEXT_ANYWAY, NEXT_NOW
from tests.commands.rooms import wait, work_on
from tests.presses.pressing import DEFERRED_UPDATE, buttons, finished, press
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio
WORDS = ("stop", "next", "now", "cancel")


async def turn(door: Door, number: int) -> Turn:
    found = await door.ledger.turn(TurnId(str(number)))
    assert found is not None
    return found


async def test_stop_is_written_down_for_whoever_works_on_the_turn(door: Door) -> None:
    await work_on(door, 501)

    answer = await door.send(press("stop:501", "bob"))

    stopped = await turn(door, 501)
    assert answer == DEFERRED_UPDATE
    assert (stopped.stage, stopped.stopped_by) == (Stage.PROMPTED, "bob")
    assert door.nudges == 1


async def test_the_first_who_stops_it_is_the_one_who_did(door: Door) -> None:
    await work_on(door, 501)

    answers = [await door.send(press("stop:501", by)) for by in ("bob", "carol")]

    assert answers == [DEFERRED_UPDATE, DEFERRED_UPDATE]
    assert (await turn(door, 501)).stopped_by == "bob"


async def test_stop_ends_also_what_only_waits(door: Door) -> None:
    await work_on(door, 501)
    await wait(door, 502)

    answer = await door.send(press("stop:502"))

    ended = await turn(door, 502)
    assert answer == DEFERRED_UPDATE
    assert (ended.stage, ended.ending) == (Stage.CANCELLED, Ending.WITHDRAWN)
    assert (await turn(door, 501)).stopped_by is None


@pytest.mark.parametrize("word", WORDS)
async def test_what_is_over_is_said_to_be_over(door: Door, word: str) -> None:
    await finished(door)

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (ALREADY_OVER, True)


@pytest.mark.parametrize("word", ["next", "now", "cancel"])
async def test_what_has_begun_is_not_put_off_any_more(door: Door, word: str) -> None:
    await work_on(door, 501)

    answer = await door.send(press(f"{word}:501"))

    begun = await turn(door, 501)
    assert spoken(answer) == (ALREADY_BEGUN, True)
    assert (begun.stage, begun.stopped_by) == (Stage.PROMPTED, None)


async def test_run_next_goes_before_what_was_asked_earlier_and_disturbs_nobody(door: Door) -> None:
    await work_on(door, 501)
    for number in (502, 503):
        await wait(door, number)

    answer = await door.send(press("next:503"))

    assert answer["type"] == 7
    assert answer["data"]["content"].startswith("-# ⏳ **Next**")
    assert buttons(answer) == {"Interrupt now": "now:503", "Cancel": "cancel:503"}
    assert (await turn(door, 501)).stopped_by is None
    assert [await door.ledger.is_first(TurnId(id)) for id in ("502", "503")] == [False, False]
    await door.ledger.record(TurnId("501"), "holder", Event.CANCELLED, Facts())
    assert [await door.ledger.is_first(TurnId(id)) for id in ("502", "503")] == [False, True]


async def test_interrupt_now_goes_first_and_stops_what_is_at_work(door: Door) -> None:
    await work_on(door, 501)
    for number in (502, 503):
        await wait(door, number)

    answer = await door.send(press("now:503", "bob"))

    assert spoken(answer) == (NEXT_NOW, True)
    assert [(await turn(door, number)).stopped_by for number in (501, 502, 503)] == ["bob", None, None]
    await door.ledger.record(TurnId("501"), "holder", Event.CANCELLED, Facts(ending=Ending.STOPPED))
    claimed = await door.ledger.claim("next", door.now, door.now + 15)
    assert claimed is not None
    assert claimed.id == "503"


async def test_interrupt_now_leaves_an_answer_that_is_being_sent_alone(door: Door) -> None:
    await work_on(door, 501)
    await door.ledger.record(TurnId("501"), "holder", Event.ANSWER_TAKEN, Facts(answer="yes"))
    await wait(door, 502)

    answer = await door.send(press("now:502"))

    assert spoken(answer) == (NEXT_ANYWAY, True)
    assert (await turn(door, 501)).stopped_by is None


async def test_cancel_ends_what_waits_and_says_nothing_more_about_it(door: Door) -> None:
    await work_on(door, 501)
    await wait(door, 502)

    answers = [await door.send(press("cancel:502", by)) for by in ("bob", "carol")]

    ended = await turn(door, 502)
    assert answers[0] == DEFERRED_UPDATE
    assert spoken(answers[1]) == (ALREADY_OVER, True)
    assert (ended.stage, ended.ending, ended.stopped_by) == (Stage.CANCELLED, Ending.WITHDRAWN, "bob")


async def test_pressed_all_at_once_every_press_is_answered_and_the_turn_ends_once(door: Door) -> None:
    await work_on(door, 501)
    await wait(door, 502)

    answers = await asyncio.gather(*(door.send(press(f"{word}:502", word)) for word in (*WORDS, *WORDS)))

    assert all(answer["type"] in (4, 6, 7) for answer in answers)
    assert (await turn(door, 502)).stage is Stage.CANCELLED


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    ("policy", "refusal"),
    [(Policy(channels=frozenset({ChannelId("201")})), Refusal.CHANNEL), (Policy(required_role="91"), Refusal.ROLE)],
)
async def test_whoever_may_not_ask_may_not_press(door: Door, word: str, policy: Policy, refusal: Refusal) -> None:
    await work_on(door, 501)
    await wait(door, 502)
    door.policy = policy

    answers = [await door.send(press(f"{word}:{id}")) for id in ("501", "502")]

    assert [spoken(answer) for answer in answers] == [(refusal.value, True)] * 2
    assert (await turn(door, 501)).stopped_by is None
    assert (await turn(door, 502)).stage is Stage.THREADED


PAGES = {"help", "sessions"}  # there is always a first one
FORMS = {"ask", "about"}  # they say what is missing in what comes back


async def test_an_id_that_means_nothing_is_said_to_do_nothing(door: Door) -> None:
    await work_on(door, 501)
    rests = ("", ":", ":502", ":abc", ":١", ":501x", ":" + "9" * 40, ":-1", ":501 ")

    answers = [await door.send(press(word + rest)) for word in ACTIONS.keys() - PAGES - FORMS for rest in rests]

    assert {spoken(answer) for answer in answers} == {(UNKNOWN_BUTTON, True)}
    assert [found.id for found in await door.ledger.live_turns()] == ["501"]


@pytest.mark.parametrize("word", WORDS)
async def test_a_button_of_another_thread_does_nothing_here(door: Door, word: str) -> None:
    await work_on(door, 501)

    elsewhere = await door.send(press(f"{word}:501", channel={"id": "211", "type": 11, "parent_id": "200"}))
    outside = await door.send(press(f"{word}:501", channel={"id": "200", "type": 0}))

    assert {spoken(elsewhere), spoken(outside)} == {(UNKNOWN_BUTTON, True)}
    assert (await turn(door, 501)).stopped_by is None
