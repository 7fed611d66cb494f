"""Putting a thread's machine to sleep by hand, and waking it."""

from typing import Any

import pytest

from app.ids import ChannelId
from app.sandboxes.machine import State
from app.turns.errors import Refused, Retriable
from app.turns.routing import Policy, Refusal
from app.words.door import NO_THREAD, NOT_NOW
from app.words.machine import (
    ASLEEP_ALREADY,
    AWAKE,
    NO_MACHINE,
    NOT_WHILE_AT_WORK,
    NOT_WHILE_BUSY,
    OUT_OF_ORDER,
    PAUSED,
)
from tests.commands.rooms import IN_THREAD, THREAD, state, wait, work_on
from tests.presses.pressing import finished
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
THINKING = {"type": 5, "data": {"flags": 64}}


async def test_a_machine_that_is_awake_is_put_to_sleep_after_the_answer(door: Door) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(used("pause", IN_THREAD))

    assert answer == THINKING
    assert door.log == ["answered", "awake", "pause", "edit"]
    assert door.fake_replies.texts == [PAUSED]
    assert await state(door) is State.PAUSED


@pytest.mark.parametrize("is_busy", [True, False])
async def test_a_machine_that_sums_a_session_up_is_left_at_it(door: Door, is_busy: bool) -> None:
    await finished(door)
    door.bench.busy = is_busy

    await door.send(used("pause", IN_THREAD))

    assert door.fake_replies.texts == [NOT_WHILE_BUSY if is_busy else PAUSED]
    assert await state(door) is (State.ACTIVE if is_busy else State.PAUSED)


async def test_a_machine_whose_session_cannot_be_asked_is_put_to_sleep_like_any_other(door: Door) -> None:
    await finished(door)
    door.bench.failure = Retriable("no answer")

    await door.send(used("pause", IN_THREAD))

    assert door.fake_replies.texts == [PAUSED]


async def test_a_machine_that_sleeps_is_woken_after_the_answer(door: Door) -> None:
    await door.machines.make(THREAD, State.PAUSED)

    answer = await door.send(used("resume", IN_THREAD))

    assert answer == THINKING
    assert door.log == ["answered", "ensure", "edit"]
    assert door.fake_replies.texts == [AWAKE]
    assert door.machines.labels == {"app": "opencord", "guild": "100", "channel": "200", "thread": "210"}
    assert await state(door) is State.ACTIVE


@pytest.mark.parametrize(
    ("subcommand", "before", "words"),
    [
        ("pause", None, NO_MACHINE),
        ("pause", State.PAUSED, ASLEEP_ALREADY),
        ("pause", State.ERROR, OUT_OF_ORDER),
        ("pause", State.RESUMING, "The machine is waking up just now. Please try again in a moment."),
        ("pause", State.PAUSING, "The machine is falling asleep just now. Please try again in a moment."),
        ("resume", None, NO_MACHINE),
        ("pause", State.DESTROYING, NO_MACHINE),
        ("resume", State.DESTROYING, NO_MACHINE),
    ],
)
async def test_what_cannot_be_done_is_said_at_once(
    door: Door, subcommand: str, before: State | None, words: str
) -> None:
    if before is not None:
        await door.machines.make(THREAD, before)

    answer = await door.send(used(subcommand, IN_THREAD))

    assert spoken(answer) == (words, True)
    assert door.log == ["answered"]


@pytest.mark.parametrize("subcommand", ["pause", "resume"])
async def test_a_machine_that_is_gone_is_no_machine(door: Door, subcommand: str) -> None:
    await door.machines.make(THREAD)
    await door.machines.destroy(THREAD)

    answer = await door.send(used(subcommand, IN_THREAD))

    assert spoken(answer) == (NO_MACHINE, True)


@pytest.mark.parametrize("begin", [wait, work_on])
async def test_a_machine_that_a_question_needs_is_not_put_to_sleep(door: Door, begin: Any) -> None:
    await door.machines.make(THREAD)
    await begin(door, 501)

    answer = await door.send(used("pause", IN_THREAD))

    assert spoken(answer) == (NOT_WHILE_AT_WORK, True)
    assert await state(door) is State.ACTIVE


async def test_a_question_that_comes_in_between_wins(door: Door) -> None:
    await door.machines.make(THREAD)

    async def ask(answer: object) -> None:
        await wait(door, 501)

    door.before_work = ask
    await door.send(used("pause", IN_THREAD))

    assert door.fake_replies.texts == [NOT_WHILE_AT_WORK]
    assert await state(door) is State.ACTIVE


async def test_resume_looks_after_a_machine_that_is_said_to_be_awake(door: Door) -> None:
    await door.machines.make(THREAD)

    await door.send(used("resume", IN_THREAD))

    assert "ensure" in door.log
    assert door.fake_replies.texts == [AWAKE]


@pytest.mark.parametrize("subcommand", ["pause", "resume"])
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Refused("Sorry, the quota is used up. Please tell whoever runs this bot."), "Sorry, the quota is used up."),
        (Retriable("503", tell="Sorry, the provider is down. Please try again."), "Sorry, the provider is down."),
        (Retriable("the database does not answer"), NOT_NOW),
    ],
)
async def test_a_failure_is_told_in_words(door: Door, subcommand: str, failure: Exception, words: str) -> None:
    await door.machines.make(THREAD)
    door.machines.failure = failure

    await door.send(used(subcommand, IN_THREAD))

    (text,) = door.fake_replies.texts
    assert text.startswith(words)


@pytest.mark.parametrize("subcommand", ["pause", "resume", "reset"])
async def test_outside_of_a_thread_there_is_no_machine_to_speak_of(door: Door, subcommand: str) -> None:
    answer = await door.send(used(subcommand))

    assert spoken(answer) == (NO_THREAD, True)


@pytest.mark.parametrize("subcommand", ["pause", "resume", "reset"])
@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        (Policy(channels=frozenset({ChannelId("201")})), Refusal.CHANNEL),
        (Policy(required_role="91"), Refusal.ROLE),
    ],
)
async def test_whoever_may_not_ask_may_not_touch_the_machine(
    door: Door, subcommand: str, policy: Policy, refusal: Refusal
) -> None:
    await door.machines.make(THREAD)
    door.policy = policy

    answer = await door.send(used(subcommand, IN_THREAD))

    assert spoken(answer) == (refusal.value, True)
    assert door.log == ["answered"]
