"""Diff, Undo, Redo, Continue, Retry."""

import asyncio
from typing import Any

import pytest

from app.discord.payloads import Payload
from app.discord.status_view import closing
from app.ids import ChannelId, SessionId, ThreadId, TurnId, UserId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.asks import AskState
from app.turns.books import Facts
from app.turns.errors import Refused, Retriable
from app.turns.machine import Event, Stage
from app.turns.progress import Change, Denied
from app.turns.records import Asker, Attachment, Place, Request, Source, Turn
from app.turns.routing import Policy, Refusal
from app.turns.status import Outcome
from app.turns.workbench import Difference, Rewound
from app.words.door import NOT_NOW
from app.words.machine import MACHINE_GONE, MACHINE_REPLACED
from app.words.session import (
    NO_CHANGES,
    NOT_NEWEST,
    NOT_REDONE,
    NOT_UNDONE,
    OTHERS_AT_WORK,
    REDONE,
    UNCHANGED,
    UNDONE,
)
from app.words.turn import ASKED_AGAIN, ASKED_BEFORE, ASKED_TO_GO_ON, GO_ON, STILL_AT_WORK
from tests.commands.rooms import PLACE, THREAD, wait, work_on
from tests.presses.pressing import RUN, SUMMARY, THINKING, asking, finished, press
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio
WORDS = ("diff", "undo", "redo", "continue", "retry")
PATCH = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"


async def last_asked(door: Door) -> Turn:
    return (await door.ledger.live_turns())[-1]


async def test_continue_asks_on_behalf_of_whoever_pressed_once_for_every_press(door: Door) -> None:
    await finished(door)
    pressed = press("continue:501", "bob")

    answers = [await door.send(pressed) for _ in range(2)]

    (turn,) = await door.ledger.live_turns()
    assert [spoken(answer) for answer in answers] == [(ASKED_TO_GO_ON, True)] * 2
    assert (turn.id, turn.source, turn.prompt) == (pressed["id"], Source.COMMAND, GO_ON)
    assert (turn.asker.name, turn.asker.roles, turn.place) == ("bob", ("90",), PLACE)
    assert turn.interaction_token is None


async def test_retry_asks_the_same_again_with_its_files_though_the_message_is_gone(door: Door) -> None:
    file = Attachment("9", "a.png", 12, "https://cdn.discordapp.com/a.png")
    asker = Asker(UserId("300"), "alice")
    await door.ledger.admit(Request(TurnId("501"), Source.MESSAGE, PLACE, asker, "look", attachments=(file,)), door.now)
    await door.ledger.withdraw([TurnId("501")])

    answer = await door.send(press("retry:501"))

    (turn,) = await door.ledger.live_turns()
    assert spoken(answer) == (ASKED_AGAIN, True)
    assert (turn.asker.name, turn.prompt, turn.attachments) == ("bob", "look", (file,))


@pytest.mark.parametrize("source", Source)
async def test_what_was_no_command_does_not_become_one_by_being_asked_again(door: Door, source: Source) -> None:
    asker, plain = Asker(UserId("300"), "alice"), source is Source.MESSAGE
    asked = Request(TurnId("501"), source, PLACE, asker, "/review the last commit", plain=plain)
    await door.ledger.admit(asked, door.now)
    await door.ledger.end_all(thread=THREAD)

    await door.send(press("retry:501"))
    again = await last_asked(door)
    await door.ledger.end_all(thread=THREAD)
    await door.send(press(f"retry:{again.id}"))

    assert (again.plain, (await last_asked(door)).plain) == (plain, plain)


@pytest.mark.parametrize("words", [("retry", "retry"), ("continue", "continue"), ("continue", "retry")])
async def test_of_two_who_ask_it_again_at_once_the_second_hears_that_it_is_asked(
    door: Door, words: tuple[str, str]
) -> None:
    await finished(door)
    pressed = [press(f"{word}:501", by) for word, by in zip(words, ("bob", "carol"), strict=True)]

    answers = await asyncio.gather(*map(door.send, pressed))

    (turn,) = await door.ledger.live_turns()
    told = {pressed[n]["id"]: spoken(answer)[0] for n, answer in enumerate(answers)}
    assert told.pop(turn.id) in (ASKED_AGAIN, ASKED_TO_GO_ON)
    assert list(told.values()) == [ASKED_BEFORE]
    assert turn.follows == "501"


async def test_it_can_be_asked_once_more_when_that_is_over(door: Door) -> None:
    await finished(door)
    first, second = press("continue:501"), press("continue:501", "carol")
    await door.send(first)
    await door.ledger.end_all(thread=THREAD)

    answer = await door.send(second)

    (turn,) = await door.ledger.live_turns()
    assert spoken(answer) == (ASKED_TO_GO_ON, True)
    assert turn.id == second["id"]


async def test_a_category_that_is_known_is_the_new_turns_too(door: Door) -> None:
    door.policy = Policy(category=ChannelId("40"))
    place = Place(PLACE.guild, PLACE.channel, None, ChannelId("40"))
    asker = Asker(UserId("300"), "alice")
    await door.ledger.admit(Request(TurnId("400"), Source.MESSAGE, place, asker, "look"), door.now)
    await door.ledger.withdraw([TurnId("400")])
    await finished(door)

    await door.send(press("continue:501"))

    turn = await last_asked(door)
    assert (turn.place.category, turn.place.vague) == ("40", False)


@pytest.mark.parametrize("word", WORDS)
async def test_what_is_still_at_work_is_left_to_it(door: Door, word: str) -> None:
    await work_on(door, 501)

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (STILL_AT_WORK, True)
    assert len(await door.ledger.live_turns()) == 1


@pytest.mark.parametrize("word", WORDS)
async def test_a_stranger_does_none_of_it(door: Door, word: str) -> None:
    await finished(door)
    door.policy = Policy(required_role="91")

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (Refusal.ROLE.value, True)
    assert await door.ledger.live_turns() == []
    assert door.log == ["answered"]


async def test_a_diff_is_shown_to_the_presser_alone_after_the_machine_was_woken(door: Door) -> None:
    await finished(door, 501)
    await finished(door, 502, machine=False)
    door.bench.changed = Difference((Change("x", 1, 1),), PATCH)

    answer = await door.send(press("diff:501"))

    assert answer == THINKING
    assert door.log == ["answered", "rouse", "difference", "edit"]
    assert door.bench.asked == [("difference", "ses_1", "501")]
    assert door.fake_replies.texts == [f"This changed 1 file (+1 −1).\n- `x` (+1 −1)\n```diff\n{PATCH}```"]
    assert [(file.name, file.content) for file in door.fake_replies.files] == [("changes.diff", PATCH.encode())]
    assert door.fake_replies.aloud == []


async def test_a_turn_that_changed_nothing_has_no_diff(door: Door) -> None:
    await finished(door)

    await door.send(press("diff:501"))

    assert door.fake_replies.texts == [NO_CHANGES["turn"]]


async def test_redo_goes_once_something_else_was_asked(door: Door) -> None:
    await finished(door, 501)
    await finished(door, 502, machine=False)
    undone = f"{SUMMARY}\n-# ↩️ Undone by **bob**"
    door.edits.shown, door.edits.below = undone, closing(Outcome.DONE, TurnId("501"), changed=True, undone=True)

    answer = await door.send(press("redo:501"))

    assert spoken(answer) == (NOT_NEWEST, True)
    assert door.fake_replies.texts == [NOT_NEWEST]
    assert [(edit["content"], labels(edit)) for *_, edit in door.edits] == [(undone, ["Continue"])]


async def test_undo_is_told_to_everybody_and_offers_redo_and_the_other_way_round(door: Door) -> None:
    await finished(door)

    answers = [await door.send(press(f"{word}:501", by)) for word, by in (("undo", "bob"), ("redo", "*carol*"))]

    assert answers == [THINKING, THINKING]
    assert door.fake_replies.texts == [UNDONE, REDONE]
    assert door.fake_replies.aloud == [
        "-# ↩️ **bob** took the last question back, and with it whatever it changed.",
        r"-# ↪️ **\*carol\*** brought the last question back, and with it whatever it changed.",
    ]
    assert [(channel, message, edit["content"]) for channel, message, edit in door.edits] == [
        (THREAD, "77", f"{SUMMARY}\n-# ↩️ Undone by **bob**"),
        (THREAD, "77", SUMMARY),
    ]
    assert [labels(edit) for *_, edit in door.edits] == [["Diff", "Redo", "Continue"], ["Diff", "Undo", "Continue"]]


def labels(edit: Payload) -> list[str]:
    return [button["label"] for row in edit["components"] for button in row["components"]]


async def test_what_is_undone_already_is_not_undone_again(door: Door) -> None:
    await finished(door)
    await door.send(press("undo:501"))

    await door.send(press("undo:501", "carol"))

    assert door.fake_replies.texts == [UNDONE, NOT_UNDONE["nothing"]]
    assert (len(door.fake_replies.aloud), len(door.edits)) == (1, 1)


async def test_what_was_not_undone_cannot_be_redone(door: Door) -> None:
    await finished(door)

    await door.send(press("redo:501"))

    assert (door.fake_replies.texts, door.edits) == ([NOT_REDONE["nothing"]], [])


@pytest.mark.parametrize("word", ["undo", "redo"])
@pytest.mark.parametrize(("obstacle", "words"), [(Rewound.BUSY, NOT_UNDONE["busy"]), (Rewound.NEWER, NOT_NEWEST)])
async def test_a_session_that_is_busy_or_has_gone_on_is_left_alone(
    door: Door, word: str, obstacle: Rewound, words: str
) -> None:
    await finished(door)
    door.agent.obstacle = obstacle

    await door.send(press(f"{word}:501"))

    assert (door.fake_replies.texts, door.fake_replies.aloud) == ([words], [])
    assert [labels(edit) for *_, edit in door.edits] == [["Continue"]] * (word == "redo" and obstacle is Rewound.NEWER)


@pytest.mark.parametrize("word", ["undo", "redo"])
async def test_only_the_last_question_of_a_thread_is_undone_or_redone(door: Door, word: str) -> None:
    await finished(door, 501)
    await finished(door, 502, machine=False)

    answers = [await door.send(press(f"{word}:{id}")) for id in ("501", "502")]

    assert spoken(answers[0]) == (NOT_NEWEST, True)
    assert answers[1] == THINKING


@pytest.mark.parametrize("word", ["undo", "redo"])
@pytest.mark.parametrize("begin", [wait, work_on])
async def test_while_something_is_at_work_or_waits_nothing_is_undone_or_redone(
    door: Door, word: str, begin: Any
) -> None:
    await finished(door, 501)
    await begin(door, 502)

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (OTHERS_AT_WORK, True)
    assert door.log == ["answered"]


async def test_what_is_asked_while_the_machine_wakes_wins(door: Door) -> None:
    await finished(door, 501)

    async def ask(answer: object) -> None:
        await wait(door, 502)

    door.before_work = ask
    await door.send(press("undo:501"))

    assert door.fake_replies.texts == [OTHERS_AT_WORK]
    assert "undo" not in door.log


@pytest.mark.parametrize("word", ["diff", "undo", "redo"])
@pytest.mark.parametrize("state", [None, State.DESTROYED, State.DESTROYING])
async def test_without_the_machine_nothing_is_made_only_to_look_back(
    door: Door, word: str, state: State | None
) -> None:
    await finished(door, machine=state is not None)
    if state is State.DESTROYED:
        await door.machines.destroy(ThreadId(THREAD))
    elif state is not None:
        await door.shelf.take(await seen(door), state, "else", door.now, door.now + 60)
    door.log.clear()

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (MACHINE_GONE, True)
    assert door.log == ["answered"]


async def seen(door: Door) -> Sandbox:
    sandbox = await door.shelf.sandbox_of(ThreadId(THREAD))
    assert sandbox is not None
    return sandbox


@pytest.mark.parametrize("word", ["diff", "undo", "redo"])
async def test_that_the_machine_is_gone_is_also_said_when_nobody_knew_it_before(door: Door, word: str) -> None:
    await finished(door)

    async def vanish(answer: object) -> None:
        await door.machines.destroy(ThreadId(THREAD))

    door.before_work = vanish
    answer = await door.send(press(f"{word}:501"))

    assert answer == THINKING
    assert door.fake_replies.texts == [MACHINE_GONE]
    assert door.agent.asked == door.bench.asked == []


@pytest.mark.parametrize("word", ["diff", "undo", "redo"])
async def test_a_new_machine_knows_nothing_of_what_an_older_one_did(door: Door, word: str) -> None:
    await finished(door)
    await door.shelf.remember_session(ThreadId(THREAD), SessionId("ses_2"))

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (MACHINE_REPLACED, True)


@pytest.mark.parametrize("word", ["diff", "undo", "redo"])
async def test_a_machine_that_comes_up_with_another_session_is_asked_nothing(door: Door, word: str) -> None:
    await finished(door)
    door.machines.session = None

    await door.send(press(f"{word}:501"))

    assert door.fake_replies.texts == [MACHINE_REPLACED]
    assert door.agent.asked == door.bench.asked == []


@pytest.mark.parametrize("word", ["diff", "undo", "redo"])
async def test_a_turn_that_never_came_to_the_model_changed_nothing(door: Door, word: str) -> None:
    turn = await wait(door, 501)
    await door.ledger.call_off(turn, "alice")

    answer = await door.send(press(f"{word}:501"))

    assert spoken(answer) == (UNCHANGED, True)


@pytest.mark.parametrize("word", ["diff", "undo", "redo"])
@pytest.mark.parametrize("where", ["machines", "opencode"])
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Refused("Sorry, the quota is used up."), "Sorry, the quota is used up."),
        (Retriable("503"), NOT_NOW),
    ],
)
async def test_a_failure_is_told_in_words(door: Door, word: str, where: str, failure: Exception, words: str) -> None:
    await finished(door)
    if where == "machines":
        door.machines.failure = failure
    else:
        door.agent.failure = door.bench.failure = failure

    await door.send(press(f"{word}:501"))

    assert (door.fake_replies.texts, door.fake_replies.aloud, door.edits) == ([words], [], [])


async def test_buttons_that_cannot_be_changed_do_not_make_it_undone(door: Door) -> None:
    await finished(door)

    class Locked:
        async def get_message(self, channel: str, message: str) -> Payload:
            return {}

        async def edit_message(self, channel: str, message: str, edit: object) -> object:
            raise Refused("This thread is locked.")

    door.messages = Locked()
    await door.send(press("undo:501"))

    assert door.fake_replies.texts == [UNDONE]
    assert len(door.fake_replies.aloud) == 1


async def test_a_turn_that_failed_still_offers_to_be_asked_again_when_it_was_undone(door: Door) -> None:
    await finished(door, 500)
    turn = await work_on(door, 501)
    door.edits.below = closing(Outcome.FAILED, turn, changed=True)
    await door.ledger.record(turn, "holder", Event.GIVEN_UP, Facts(answer="Sorry."))
    await door.ledger.record(turn, "holder", Event.DELIVERED, Facts())

    await door.send(press("undo:501"))

    ended = await door.ledger.turn(turn)
    assert ended is not None
    assert ended.stage is Stage.DELIVERED
    assert [labels(edit) for *_, edit in door.edits] == [["Diff", "Redo", "Retry"]]


async def test_a_turn_that_was_denied_still_offers_to_be_asked_again_when_it_was_undone(door: Door) -> None:
    await finished(door, 500)
    turn = await asking(door)
    door.edits.below = closing(Outcome.DENIED, turn, changed=True)
    await door.asks.decide(turn, RUN.id, Denied(), "carol")
    await door.asks.settle(turn, RUN.id, AskState.SETTLED)
    await door.ledger.record(turn, "holder", Event.ANSWER_TAKEN, Facts(answer=""))
    await door.ledger.record(turn, "holder", Event.DELIVERED, Facts())

    await door.send(press("undo:501"))

    assert [labels(edit) for *_, edit in door.edits] == [["Diff", "Redo", "Continue", "Retry"]]
