"""`/opencord undo` and `/opencord redo`. What may come of either is told with the buttons (`test_outcome`)."""

import asyncio

import pytest

from app.commands import rewinding
from app.discord.limits import CONTENT
from app.discord.status_view import closing
from app.discord.text import units
from app.ids import MessageId, ThreadId, TurnId
from app.sandboxes.machine import State
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.routing import Policy, Refusal
from app.turns.status import Outcome
from app.turns.workbench import Rewound
from app.words.door import NO_THREAD
from app.words.session import NOT_REDONE, NOT_UNDONE, NOTHING_ASKED, OTHERS_AT_WORK, REDONE, UNDONE
from tests.commands.rooms import IN_THREAD, THREAD, wait, work_on
from tests.presses.pressing import SUMMARY, THINKING, finished, press
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
COMMANDS = ("undo", "redo")


async def summed_up(door: Door, *, changed: bool = True) -> None:
    """A question that was answered, with its summary in the thread."""
    await finished(door, 500)
    turn = await work_on(door, 501)
    door.edits.below = closing(Outcome.DONE, turn, changed=changed)
    await door.ledger.note_status(turn, "holder", MessageId("77"))
    await door.ledger.record(turn, "holder", Event.ANSWER_TAKEN, Facts(answer="yes"))
    await door.ledger.record(turn, "holder", Event.DELIVERED, Facts())


async def close(door: Door) -> None:
    over = await door.ledger.over(TurnId("501"))
    assert over is not None
    door.edits.shown = SUMMARY
    await door.ledger.close(over)


def labels(door: Door) -> list[list[str]]:
    """Of the buttons below the summary, after each change."""
    return [[one["label"] for row in edit["components"] for one in row["components"]] for *_, edit in door.edits]


def answered(door: Door) -> asyncio.Event:
    """Set as soon as the first answer is out."""
    event = asyncio.Event()

    async def note(answer: object) -> None:
        event.set()

    door.before_work = note
    return event


async def test_the_last_question_is_undone_and_redone_aloud_and_its_buttons_follow(door: Door) -> None:
    await summed_up(door)
    await close(door)

    answers = [await door.send(used(word, IN_THREAD)) for word in COMMANDS]

    assert answers == [THINKING, THINKING]
    assert door.fake_replies.texts == [UNDONE, REDONE]
    assert door.fake_replies.aloud == [
        "-# ↩️ **alice** took the last question back, and with it whatever it changed.",
        "-# ↪️ **alice** brought the last question back, and with it whatever it changed.",
    ]
    assert [(message, edit["content"]) for _, message, edit in door.edits] == [
        (MessageId("77"), f"{SUMMARY}\n-# ↩️ Undone by **alice**"),
        (MessageId("77"), SUMMARY),
    ]
    assert labels(door) == [["Diff", "Redo", "Continue"], ["Diff", "Undo", "Continue"]]


async def test_of_a_question_that_changed_no_file_there_is_nothing_to_compare_afterwards_either(door: Door) -> None:
    await summed_up(door, changed=False)
    await close(door)

    for word in COMMANDS:
        await door.send(used(word, IN_THREAD))

    assert labels(door) == [["Redo", "Continue"], ["Continue"]]


async def test_what_is_undone_at_once_waits_for_its_summary_which_says_so_then(door: Door) -> None:
    await summed_up(door)
    door.edits.shown = "-# 🧠 Thinking…"

    begun = answered(door)
    undoing = asyncio.ensure_future(door.send(used("undo", IN_THREAD)))
    await begun.wait()
    early = list(door.log)
    await close(door)
    await undoing

    assert early == ["answered"]
    assert door.fake_replies.texts == [UNDONE]
    assert [edit["content"] for *_, edit in door.edits] == [f"{SUMMARY}\n-# ↩️ Undone by **alice**"]


async def test_a_button_is_pressed_on_what_is_not_the_last_word_yet(door: Door) -> None:
    await summed_up(door)

    begun = answered(door)
    undoing = asyncio.ensure_future(door.send(press("undo:501")))
    await begun.wait()
    await close(door)
    await undoing

    assert [edit["content"] for *_, edit in door.edits] == [f"{SUMMARY}\n-# ↩️ Undone by **bob**"]


async def test_where_the_summary_does_not_come_nothing_is_undone(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewinding, "CLOSING_SECONDS", 0.01)
    await summed_up(door)

    await door.send(used("undo", IN_THREAD))

    assert door.fake_replies.texts == [NOT_UNDONE["busy"]]
    assert door.log == ["answered", "edit"]


async def test_a_summary_that_is_full_makes_room_for_who_undid_it(door: Door) -> None:
    await summed_up(door)
    await close(door)
    lines = [SUMMARY, *(f"-# Changed `{name * 62}`" for name in "abcdefghijklmnopqrstuvwxyz")]
    door.edits.shown = "\n".join(lines)

    await door.send(used("undo", IN_THREAD))

    ((_, _, edit),) = door.edits
    shown = edit["content"].split("\n")
    assert units(edit["content"]) <= CONTENT
    assert shown[-1] == "-# ↩️ Undone by **alice**"
    assert shown[:-1] == lines[: len(shown) - 1]


async def test_of_several_questions_the_last_one_is_meant(door: Door) -> None:
    await finished(door, 501)
    await finished(door, 502, machine=False)

    await door.send(used("undo", IN_THREAD))

    assert door.agent.undone == "502"


async def test_a_question_whose_summary_is_gone_is_undone_all_the_same(door: Door) -> None:
    await finished(door)

    await door.send(used("undo", IN_THREAD))

    assert (door.fake_replies.texts, door.edits) == ([UNDONE], [])


async def test_of_two_who_undo_at_once_the_second_hears_that_it_is_done(door: Door) -> None:
    await finished(door)

    await asyncio.gather(*(door.send(used("undo", IN_THREAD)) for _ in range(2)))

    assert sorted(door.fake_replies.texts) == [NOT_UNDONE["nothing"], UNDONE]
    assert len(door.fake_replies.aloud) == 1


@pytest.mark.parametrize(("word", "words"), [("undo", NOT_UNDONE["nothing"]), ("redo", NOT_REDONE["nothing"])])
async def test_where_there_is_nothing_to_take_back_that_is_said(door: Door, word: str, words: str) -> None:
    await finished(door)
    door.agent.obstacle = Rewound.NOTHING

    await door.send(used(word, IN_THREAD))

    assert (door.fake_replies.texts, door.fake_replies.aloud) == ([words], [])


@pytest.mark.parametrize("word", COMMANDS)
async def test_nothing_is_undone_before_anything_was_asked_or_while_something_is_at_work(door: Door, word: str) -> None:
    early = await door.send(used(word, IN_THREAD))
    await finished(door, 501)
    await wait(door, 502)
    waiting = await door.send(used(word, IN_THREAD))
    await door.ledger.call_off(TurnId("502"), "alice")
    await work_on(door, 503)
    at_work = await door.send(used(word, IN_THREAD))

    words = [NOTHING_ASKED, OTHERS_AT_WORK, OTHERS_AT_WORK]
    assert [spoken(one) for one in (early, waiting, at_work)] == [(one, True) for one in words]
    assert door.log == ["answered"] * 3


@pytest.mark.parametrize("word", COMMANDS)
async def test_a_machine_that_sleeps_is_woken(door: Door, word: str) -> None:
    await finished(door)
    await door.machines.pause(ThreadId(THREAD))

    await door.send(used(word, IN_THREAD))

    sandbox = await door.shelf.sandbox_of(ThreadId(THREAD))
    assert sandbox is not None
    assert sandbox.state is State.ACTIVE


@pytest.mark.parametrize("word", COMMANDS)
async def test_it_is_about_a_thread_and_for_those_who_may_ask_in_it(door: Door, word: str) -> None:
    await finished(door)
    outside = await door.send(used(word))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used(word, IN_THREAD))

    assert [spoken(one) for one in (outside, stranger)] == [(NO_THREAD, True), (Refusal.ROLE.value, True)]
    assert door.log == ["answered"] * 2
