"""Throwing a thread's machine away: at once, or after a button."""

import json

import pytest

from app.commands import reset
from app.discord.limits import CUSTOM_ID
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.turns.errors import LeaseLost, Refused, Retriable
from app.turns.machine import Stage
from app.turns.routing import Policy, Refusal
from app.words.door import NOT_NOW, UNKNOWN_BUTTON
from app.words.machine import (
    GONE_ALREADY,
    KEPT,
    NEW_ALREADY,
    NO_MACHINE,
    RESET_AT_WORK,
    RESET_DONE,
    RESET_UNKNOWN,
    RESET_UNSAVED,
    RESETTING,
)
from tests.commands.rooms import IN_THREAD, THREAD, state, wait, work_on
from tests.fakes.replies import labelled
from tests.web.door import Door, pressed, spoken, used

pytestmark = pytest.mark.anyio
UPDATE = 7


async def offered(door: Door) -> dict[str, str]:
    """Reset a machine with something in it: the buttons, by their labels."""
    door.machines.holds_unsaved = True
    await door.send(used("reset", IN_THREAD))
    buttons = door.fake_replies.buttons[-1]
    door.log.clear()
    door.fake_replies.texts.clear()
    return buttons


async def test_a_machine_with_nothing_to_lose_goes_at_once_and_the_thread_hears_of_it(door: Door) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(used("reset", IN_THREAD))

    assert answer == {"type": 5, "data": {"flags": 64}}
    assert door.log == ["answered", "unsaved", "destroy", "edit", "post"]
    assert door.fake_replies.texts == [RESET_DONE]
    assert door.fake_replies.aloud == [
        "-# ♻️ **alice** reset the machine of this thread: the next question gets a new one."
    ]
    assert await state(door) is State.DESTROYED


@pytest.mark.parametrize(("unsaved", "question"), [(True, RESET_UNSAVED), (None, RESET_UNKNOWN)])
async def test_a_machine_with_something_to_lose_is_asked_about(door: Door, unsaved: bool | None, question: str) -> None:
    await door.machines.make(THREAD)
    door.machines.holds_unsaved = unsaved

    await door.send(used("reset", IN_THREAD))

    assert door.fake_replies.texts == [question]
    assert list(door.fake_replies.buttons[0]) == ["Reset", "Keep it"]
    assert door.fake_replies.aloud == []
    assert await state(door) is State.ACTIVE


async def test_a_machine_at_work_is_asked_about_at_once(door: Door) -> None:
    await door.machines.make(THREAD)
    turn = await work_on(door, 501)

    answer = await door.send(used("reset", IN_THREAD))

    assert spoken(answer) == (RESET_AT_WORK, True)
    assert list(labelled(answer["data"]["components"])) == ["Reset", "Keep it"]
    assert door.log == ["answered"]
    assert [one.id for one in await door.ledger.live_turns()] == [turn]


async def test_a_question_that_comes_in_between_is_asked_about_too(door: Door) -> None:
    await door.machines.make(THREAD)

    async def ask(answer: object) -> None:
        await wait(door, 501)

    door.before_work = ask
    await door.send(used("reset", IN_THREAD))

    assert door.fake_replies.texts == [RESET_AT_WORK]
    assert await state(door) is State.ACTIVE


async def test_the_button_resets_and_is_gone_while_that_lasts(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)

    answer = await door.send(pressed(buttons["Reset"], IN_THREAD))

    assert answer["type"] == UPDATE
    assert answer["data"]["content"] == RESETTING
    assert answer["data"]["components"] == []
    assert door.log == ["answered", "destroy", "edit", "post"]
    assert door.fake_replies.texts == [RESET_DONE]
    assert len(door.fake_replies.aloud) == 1
    assert await state(door) is State.DESTROYED


async def test_what_is_at_work_is_stopped_and_what_waits_stays(door: Door) -> None:
    await door.machines.make(THREAD)
    at_work, waiting = await work_on(door, 501), await wait(door, 502)
    question = await door.send(used("reset", IN_THREAD))

    await door.send(pressed(labelled(question["data"]["components"])["Reset"], IN_THREAD))

    ended = await door.ledger.turn(at_work)
    assert ended is not None
    assert ended.stage is Stage.CANCELLED
    assert [one.id for one in await door.ledger.live_turns()] == [waiting]
    assert door.nudges == 2
    with pytest.raises(LeaseLost):
        await door.ledger.renew(at_work, "holder", 99_999.0)
    assert door.fake_replies.aloud == [
        "-# ♻️ **alice** reset the machine of this thread: the next question gets a new one. "
        "What was being worked on was stopped."
    ]


async def test_the_other_button_keeps_everything(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)

    answer = await door.send(pressed(buttons["Keep it"], IN_THREAD))

    assert (answer["type"], answer["data"]["content"], answer["data"]["components"]) == (UPDATE, KEPT, [])
    assert door.log == ["answered"]
    assert await state(door) is State.ACTIVE


async def test_a_press_after_the_machine_is_gone_tells_the_truth(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)
    await door.machines.destroy(THREAD)
    door.log.clear()

    answer = await door.send(pressed(buttons["Reset"], IN_THREAD))

    assert (answer["type"], answer["data"]["content"], answer["data"]["components"]) == (UPDATE, GONE_ALREADY, [])
    assert door.log == ["answered"]


async def test_a_press_does_not_reach_a_machine_that_was_made_later(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)
    await door.machines.destroy(THREAD)
    await door.machines.make(THREAD)

    answer = await door.send(pressed(buttons["Reset"], IN_THREAD))

    assert answer["data"]["content"] == NEW_ALREADY
    assert await state(door) is State.ACTIVE


async def test_a_press_reaches_a_machine_that_slept_meanwhile(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)
    await door.machines.pause(THREAD)

    await door.send(pressed(buttons["Reset"], IN_THREAD))

    assert await state(door) is State.DESTROYED


async def test_a_machine_that_was_still_being_made_is_asked_about_again_when_it_is_there(door: Door) -> None:
    sandbox = await door.shelf.shelve(THREAD, "opencord-210", {}, door.now)
    await door.shelf.take(sandbox, State.CREATING, "fake", door.now, door.now + 60, password="password")
    await door.send(used("reset", IN_THREAD))
    buttons = door.fake_replies.buttons[-1]
    await door.shelf.settle(THREAD, "fake", State.ACTIVE, door.now, ref="ref-9")

    await door.send(pressed(buttons["Reset"], IN_THREAD))
    asked_again = await state(door)

    assert asked_again is State.ACTIVE


async def test_whoever_may_not_ask_may_not_press(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)
    door.policy = Policy(required_role="91")

    answer = await door.send(pressed(buttons["Reset"], IN_THREAD))

    assert answer["type"] == 4
    assert spoken(answer) == (Refusal.ROLE.value, True)
    assert await state(door) is State.ACTIVE


async def test_where_there_is_no_machine_there_is_nothing_to_reset(door: Door) -> None:
    never = await door.send(used("reset", IN_THREAD))
    await door.machines.make(THREAD)
    await door.machines.destroy(THREAD)

    gone = await door.send(used("reset", IN_THREAD))

    assert spoken(never) == spoken(gone) == (NO_MACHINE, True)


MARK = "0" * 24


@pytest.mark.parametrize(
    "custom_id",
    [
        "reset",
        "reset:",
        "reset:do:210",
        f"reset:do:211:{MARK}",
        f"reset:do:٢١٠:{MARK}",
        f"reset:burn:210:{MARK}",
        f"reset:do:210:{MARK}0",
        f"reset:do:210:{MARK}\n",
        f"RESET:do:210:{MARK}",
        f"reset:do:210:{MARK}:more",
        "status:do:210:any",
        "x" * 100,
        "\ud83d",
    ],
)
async def test_a_button_that_we_do_not_know_does_nothing(door: Door, custom_id: str) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(pressed(custom_id, IN_THREAD))

    assert spoken(answer) == (UNKNOWN_BUTTON, True)
    assert await state(door) is State.ACTIVE


async def test_a_press_in_another_place_does_nothing_here(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)

    in_channel = await door.send(pressed(buttons["Reset"]))
    in_thread = await door.send(pressed(buttons["Reset"], IN_THREAD | {"id": "211"}))

    assert spoken(in_channel) == spoken(in_thread) == (UNKNOWN_BUTTON, True)
    assert await state(door) is State.ACTIVE


async def test_buttons_fit_whatever_the_thread_is_called(door: Door) -> None:
    await door.machines.make("9" * 20)
    sandbox = await door.shelf.sandbox_of(ThreadId("9" * 20))
    assert sandbox is not None

    ids = labelled(reset.choice(sandbox)).values()

    assert len(set(ids)) == 2
    assert all(len(one) <= CUSTOM_ID and reset.BUTTON.fullmatch(one) for one in ids)


@pytest.mark.parametrize(
    ("failure", "words"),
    [(Retriable("503"), NOT_NOW), (Refused("Sorry, the provider refused. Please try again."), "Sorry, the provider")],
)
async def test_where_the_machine_will_not_go_the_thread_hears_of_what_was_stopped(
    door: Door, failure: Exception, words: str
) -> None:
    await door.machines.make(THREAD)
    await work_on(door, 501)
    question = await door.send(used("reset", IN_THREAD))
    door.machines.failure = failure

    await door.send(pressed(labelled(question["data"]["components"])["Reset"], IN_THREAD))

    assert door.fake_replies.texts[0].startswith(words)
    assert door.fake_replies.aloud == ["-# ⏹️ **alice** stopped what was being worked on in this thread."]


async def test_two_who_press_at_once_both_hear_the_truth(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)

    async def somebody_else(answer: object) -> None:
        await door.machines.destroy(THREAD)

    door.before_work = somebody_else
    await door.send(pressed(buttons["Reset"], IN_THREAD))

    assert door.fake_replies.texts == [GONE_ALREADY]
    assert door.fake_replies.aloud == []


async def test_a_name_is_shown_as_it_is(door: Door) -> None:
    await door.machines.make(THREAD)
    payload = used("reset", IN_THREAD)
    payload["member"]["nick"] = "**@everyone** " + "x" * 200

    await door.send(payload)

    (aloud,) = door.fake_replies.aloud
    assert aloud.startswith(r"-# ♻️ **\*\*\@everyone\*\*")
    assert len(aloud) < 250


async def test_the_token_stands_in_no_answer(door: Door) -> None:
    await door.machines.make(THREAD)
    door.machines.holds_unsaved = True

    answer = await door.send(used("reset", IN_THREAD))

    assert "interaction-token" not in json.dumps([answer, door.fake_replies.texts, door.fake_replies.buttons])


async def test_to_keep_what_is_gone_tells_the_truth(door: Door) -> None:
    await door.machines.make(THREAD)
    buttons = await offered(door)
    await door.machines.destroy(THREAD)

    answer = await door.send(pressed(buttons["Keep it"], IN_THREAD))

    assert answer["data"]["content"] == GONE_ALREADY


async def test_to_keep_a_machine_that_has_come_up_meanwhile_is_not_asked_about_again(door: Door) -> None:
    sandbox = await door.shelf.shelve(THREAD, "opencord-210", {}, door.now)
    await door.shelf.take(sandbox, State.CREATING, "fake", door.now, door.now + 60, password="password")
    await door.send(used("reset", IN_THREAD))
    buttons = door.fake_replies.buttons[-1]
    await door.shelf.settle(THREAD, "fake", State.ACTIVE, door.now, ref="ref-9")

    answer = await door.send(pressed(buttons["Keep it"], IN_THREAD))

    assert answer["data"]["content"] == KEPT
