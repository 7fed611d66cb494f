"""`/opencord todo`, `context` and `compact`: what is looked at and tidied up in a thread's session."""

import asyncio

import pytest

from app.commands import compact
from app.ids import GuildId, SessionId, ThreadId
from app.sandboxes.machine import State
from app.turns.errors import Refused, Retriable
from app.turns.preferences import Preference
from app.turns.progress import Doing, Todo
from app.turns.routing import Policy, Refusal
from app.turns.workbench import Compacted, Usage
from app.words.door import NO_THREAD, NOT_NOW
from app.words.machine import MACHINE_REPLACED, NO_MACHINE
from app.words.session import (
    COMPACTED,
    MAKE_ROOM,
    NO_PRICE,
    NO_SESSION,
    NO_TASKS,
    NOT_COMPACTED,
    NOT_COUNTED,
    OTHERS_AT_WORK,
)
from tests.commands.rooms import IN_THREAD, THREAD, wait, work_on
from tests.presses.pressing import THINKING, finished
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
COMMANDS = ("todo", "context", "compact")
USED = Usage("opencode/claude", "build", 50_000, 200_000, 120_000, 0.5)


# --- all of them


@pytest.mark.parametrize("word", COMMANDS)
async def test_without_a_machine_or_a_session_nothing_is_begun(door: Door, word: str) -> None:
    bare = await door.send(used(word, IN_THREAD))
    await door.machines.make(THREAD)
    unasked = await door.send(used(word, IN_THREAD))

    assert [spoken(one) for one in (bare, unasked)] == [(NO_MACHINE, True), (NO_SESSION, True)]
    assert door.log == ["answered"] * 2


@pytest.mark.parametrize("word", COMMANDS)
async def test_a_machine_that_sleeps_is_woken(door: Door, word: str) -> None:
    await finished(door)
    await door.machines.pause(ThreadId(THREAD))

    answer = await door.send(used(word, IN_THREAD))

    sandbox = await door.shelf.sandbox_of(ThreadId(THREAD))
    assert answer == THINKING
    assert sandbox is not None
    assert sandbox.state is State.ACTIVE
    assert len(door.bench.asked) == 1


@pytest.mark.parametrize("word", COMMANDS)
async def test_a_machine_that_comes_up_with_another_session_is_asked_nothing(door: Door, word: str) -> None:
    await finished(door)
    door.machines.session = SessionId("ses_2")

    await door.send(used(word, IN_THREAD))

    assert (door.fake_replies.texts, door.bench.asked) == ([MACHINE_REPLACED], [])


@pytest.mark.parametrize("word", COMMANDS)
@pytest.mark.parametrize("where", ["machines", "bench"])
@pytest.mark.parametrize(("failure", "words"), [(Refused("Sorry, no."), "Sorry, no."), (Retriable("503"), NOT_NOW)])
async def test_a_failure_is_told_in_words(door: Door, word: str, where: str, failure: Exception, words: str) -> None:
    await finished(door)
    getattr(door, where).failure = failure

    await door.send(used(word, IN_THREAD))

    assert (door.fake_replies.texts, door.fake_replies.aloud) == ([words], [])


@pytest.mark.parametrize("word", COMMANDS)
async def test_it_is_about_a_thread_and_for_those_who_may_ask_in_it(door: Door, word: str) -> None:
    await finished(door)
    outside = await door.send(used(word))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used(word, IN_THREAD))

    assert [spoken(one) for one in (outside, stranger)] == [(NO_THREAD, True), (Refusal.ROLE.value, True)]
    assert door.log == ["answered"] * 2


# --- todo


async def test_the_whole_list_of_tasks_is_shown_also_while_something_is_at_work(door: Door) -> None:
    await finished(door, 501)
    await work_on(door, 502)
    door.bench.tasks = [Todo("look", Doing.DONE), Todo("*do*", Doing.RUNNING), Todo("check", Doing.PENDING)]

    await door.send(used("todo", IN_THREAD))

    assert door.fake_replies.texts == ["1 of 3 tasks done.\n☑ done: look\n▶ now: \\*do\\*\n☐ to do: check"]


async def test_of_very_many_tasks_it_is_said_how_many_more_there_are(door: Door) -> None:
    await finished(door)
    door.bench.tasks = [Todo("x" * 500, Doing.PENDING)] * 100

    await door.send(used("todo", IN_THREAD))

    (text,) = door.fake_replies.texts
    shown = text.count("☐")
    assert text.endswith(f"… and {100 - shown} more")
    assert len(text) <= 2_000


async def test_where_there_are_no_tasks_that_is_said(door: Door) -> None:
    await finished(door)

    await door.send(used("todo", IN_THREAD))

    assert door.fake_replies.texts == [NO_TASKS]


# --- context


async def test_how_full_the_window_is_and_what_it_has_cost(door: Door) -> None:
    await finished(door)
    door.bench.used = USED

    await door.send(used("context", IN_THREAD))

    assert door.fake_replies.texts == [
        "Window: about 50,000 of 200,000 tokens are taken (25%)\n"
        "This session so far: 120,000 tokens, $0.5000; sub-agents included\n"
        "Last answer: model `opencode/claude`, agent `build`"
    ]


async def test_the_next_question_is_told_of_where_it_is_asked_of_another_model(door: Door) -> None:
    await finished(door)
    door.bench.used = USED
    await door.preferences.settle(GuildId("100"), THREAD, {Preference.MODEL: "opencode/gpt", Preference.AGENT: "plan"})

    await door.send(used("context", IN_THREAD))

    assert door.fake_replies.texts[0].endswith("\nNext question: model `opencode/gpt`, agent `plan`")


async def test_a_window_that_is_nearly_full_can_be_emptied(door: Door) -> None:
    await finished(door)
    door.bench.used = Usage("opencode/claude", "build", 190_000, 200_000, 190_000, 0)

    await door.send(used("context", IN_THREAD))

    assert f"(95%). {MAKE_ROOM}" in door.fake_replies.texts[0]
    assert NO_PRICE in door.fake_replies.texts[0]


async def test_a_model_that_opencode_does_not_know_has_no_window(door: Door) -> None:
    await finished(door)
    door.bench.used = Usage("own/model", "build", 10, None, 10, 0)

    await door.send(used("context", IN_THREAD))

    assert "about 10 tokens are taken; how many fit" in door.fake_replies.texts[0]


async def test_before_the_first_answer_there_is_nothing_to_count(door: Door) -> None:
    await finished(door)

    await door.send(used("context", IN_THREAD))

    assert door.fake_replies.texts == [NOT_COUNTED]


# --- compact


async def test_a_session_is_summed_up_by_the_settled_model_and_everybody_is_told(door: Door) -> None:
    await finished(door)

    answer = await door.send(used("compact", IN_THREAD))

    assert answer == THINKING
    assert door.bench.asked == [("compact", "ses_1", "opencode/claude")]
    assert door.fake_replies.texts == [COMPACTED]
    assert door.fake_replies.aloud == ["-# 🗜️ **alice** had this session summed up, to make room."]


@pytest.mark.parametrize("came", [one for one in Compacted if one is not Compacted.DONE])
async def test_what_was_not_summed_up_is_told_to_the_asker_alone(door: Door, came: Compacted) -> None:
    await finished(door)
    door.bench.compacted = came

    await door.send(used("compact", IN_THREAD))

    assert (door.fake_replies.texts, door.fake_replies.aloud) == ([NOT_COMPACTED[came]], [])


async def test_a_session_that_is_needed_is_left_alone(door: Door) -> None:
    await finished(door, 501)
    await wait(door, 502)

    answer = await door.send(used("compact", IN_THREAD))

    assert spoken(answer) == (OTHERS_AT_WORK, True)
    assert door.log == ["answered"]


async def test_what_is_asked_while_the_machine_wakes_wins(door: Door) -> None:
    await finished(door, 501)

    async def ask(answer: object) -> None:
        await wait(door, 502)

    door.before_work = ask
    await door.send(used("compact", IN_THREAD))

    assert (door.fake_replies.texts, door.bench.asked) == ([OTHERS_AT_WORK], [])


async def test_a_machine_is_in_use_for_as_long_as_it_sums_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "TOUCH_SECONDS", 0.001)
    await finished(door)

    async def until_it_counts_as_used() -> None:
        door.machines.now += 600
        async with asyncio.timeout(5):
            while True:
                sandbox = await door.shelf.sandbox_of(ThreadId(THREAD))
                if sandbox is not None and sandbox.active_at == door.machines.now:
                    return

    door.bench.meanwhile = until_it_counts_as_used

    await door.send(used("compact", IN_THREAD))

    assert door.fake_replies.texts == [COMPACTED]
