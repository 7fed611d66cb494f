"""Allow, Deny, the options of a question, and answers in words of one's own."""

import asyncio
from typing import Any

import pytest

from app.discord.ask_view import ask
from app.ids import AskId, TurnId
from app.store.sqlite import Sqlite
from app.turns.asks import Asked, AskState
from app.turns.books import Facts
from app.turns.errors import Refused, Retriable
from app.turns.machine import Event
from app.turns.progress import Allowed, Answered, Ask, Decision, Denied, Option, Permission, Question
from app.turns.routing import Policy, Refusal
from app.words.decisions import (
    ANSWERED_BEFORE,
    APPROVERS_ONLY,
    CHOOSE_EXACTLY_ONE,
    EMPTY_ANSWER,
    NOBODY_WAITS,
    ROLE_GONE,
)
from app.words.door import UNKNOWN_BUTTON
from tests.commands.choosing import settle, settled
from tests.presses.pressing import COLOUR, RUN, SIZES, WISHES, asking, buttons, press, submit
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio
MANY = Question("Which one?", "One", tuple(Option(f"option {n}") for n in range(60)), custom=False)


PRESSES = [press("allow:501:per_1:once"), press("deny:501:per_1"), submit("deny:501:per_1")]


async def asked(door: Door, ask: Ask = RUN) -> Asked:
    found = await door.asks.asked(TurnId("501"), ask.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("payload", "decision"),
    [
        (press("allow:501:per_1:once"), Allowed(always=False)),
        (press("allow:501:per_1:always"), Allowed(always=True)),
        (submit("deny:501:per_1", reason=" rather not "), Denied("rather not")),
        (submit("deny:501:per_1", reason=""), Denied()),
        (submit("deny:501:per_1", reason="\u200b \u2060"), Denied()),
        (submit("deny:501:per_1"), Denied()),
    ],
)
async def test_a_permission_is_decided_and_the_message_says_so_at_once(
    door: Door, payload: dict[str, Any], decision: Decision
) -> None:
    await asking(door)

    answer = await door.send(payload)

    decided = await asked(door)
    assert (decided.state, decided.decision, decided.by) == (AskState.DECIDED, decision, "bob")
    assert (answer["type"], answer["data"]["content"]) == (7, ask(decided).content)
    assert buttons(answer) == {}
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert door.nudges == 1


async def test_deny_asks_for_a_reason_first_and_decides_nothing(door: Door) -> None:
    await asking(door)

    answer = await door.send(press("deny:501:per_1"))

    assert (answer["type"], answer["data"]["custom_id"]) == (9, "deny:501:per_1")
    assert (await asked(door)).state is AskState.OPEN


@pytest.mark.parametrize("second", [press("allow:501:per_1:once", "carol"), press("deny:501:per_1", "carol")])
async def test_whoever_comes_second_hears_who_was_first(door: Door, second: dict[str, Any]) -> None:
    await asking(door)
    await door.send(press("allow:501:per_1:always", "*bob*"))

    answer = await door.send(second)

    assert spoken(answer) == (r"This has been answered already, by **\*bob\***.", True)
    assert (await asked(door)).decision == Allowed(always=True)


async def test_a_modal_that_comes_back_too_late_changes_nothing(door: Door) -> None:
    await asking(door)
    await door.send(press("deny:501:per_1", "carol"))
    await door.send(press("allow:501:per_1:once", "bob"))

    answer = await door.send(submit("deny:501:per_1", "carol", reason="no"))

    assert spoken(answer) == ("This has been answered already, by **bob**.", True)
    assert (await asked(door)).decision == Allowed(always=False)


async def test_of_many_who_press_at_once_one_decides_and_all_are_answered(door: Door) -> None:
    await asking(door)
    names = ("ann", "bob", "carol", "dora", "eve")

    answers = await asyncio.gather(*(door.send(press("allow:501:per_1:once", name)) for name in names))

    winner = (await asked(door)).by
    assert winner in names
    assert sorted(answer["type"] for answer in answers) == [4, 4, 4, 4, 7]
    late = {spoken(answer) for answer in answers if answer["type"] == 4}
    assert late == {(f"This has been answered already, by **{winner}**.", True)}


async def test_questions_are_answered_one_after_the_other_in_the_same_message(door: Door) -> None:
    await asking(door, WISHES)

    first = await door.send(press("answer:501:que_1:0:1"))
    between = await asked(door, WISHES)
    second = await door.send(press("choose:501:que_1:1:0", values=("2", "0")))

    decided = await asked(door, WISHES)
    assert (between.state, between.answers, between.question) == (AskState.OPEN, (("Blue",),), SIZES)
    assert first["data"]["content"] == ask(between).content
    assert list(buttons(first).values()) == ["choose:501:que_1:1:0"]
    assert (decided.decision, decided.by) == (Answered((("Blue",), ("S", "L"))), "bob")
    assert (second["type"], second["data"]["content"], buttons(second)) == (7, ask(decided).content, {})


async def test_an_answer_in_words_of_one_s_own_is_asked_for_and_taken(door: Door) -> None:
    await asking(door, Ask(AskId("que_1"), (COLOUR,)))

    opened = await door.send(press("write:501:que_1:0"))
    answer = await door.send(submit("write:501:que_1:0", answer="  a warm green \ud83d "))

    assert (opened["type"], opened["data"]["custom_id"]) == (9, "write:501:que_1:0")
    assert answer["type"] == 7
    assert (await asked(door, WISHES)).decision == Answered((("a warm green \ufffd",),))


async def test_an_empty_answer_is_none(door: Door) -> None:
    await asking(door, WISHES)

    answer = await door.send(submit("write:501:que_1:0", answer=" \u200b\n"))

    assert spoken(answer) == (EMPTY_ANSWER, True)
    assert (await asked(door, WISHES)).answers == ()


@pytest.mark.parametrize("late", [press("answer:501:que_1:0:0", "carol"), press("write:501:que_1:0", "carol")])
async def test_a_question_that_is_answered_is_not_answered_again_and_neither_is_the_next_one(
    door: Door, late: dict[str, Any]
) -> None:
    await asking(door, WISHES)
    await door.send(press("answer:501:que_1:0:1"))

    answer = await door.send(late)

    assert spoken(answer) == (ANSWERED_BEFORE, True)
    assert (await asked(door, WISHES)).answers == (("Blue",),)


async def test_two_who_answer_the_same_question_at_once_answer_it_once(door: Door) -> None:
    await asking(door, WISHES)

    answers = await asyncio.gather(*(door.send(press(f"answer:501:que_1:0:{n}", str(n))) for n in (0, 1)))

    assert sorted(answer["type"] for answer in answers) == [4, 7]
    assert len((await asked(door, WISHES)).answers) == 1


async def test_of_a_long_list_the_option_is_found_by_its_number(door: Door) -> None:
    await asking(door, Ask(AskId("que_1"), (MANY,)))

    await door.send(press("choose:501:que_1:0:2", values=("57",)))

    assert (await asked(door, WISHES)).decision == Answered((("option 57",),))


@pytest.mark.parametrize(
    ("ask", "payload", "words"),
    [
        (RUN, press("allow:501:per_2:once"), UNKNOWN_BUTTON),
        (RUN, press("allow:501:per_1:ever"), UNKNOWN_BUTTON),
        (RUN, press("allow:501:per_1"), UNKNOWN_BUTTON),
        (RUN, press("answer:501:per_1:0:0"), UNKNOWN_BUTTON),
        (RUN, submit("write:501:per_1:0", answer="x"), UNKNOWN_BUTTON),
        (WISHES, press("allow:501:que_1:once"), UNKNOWN_BUTTON),
        (WISHES, submit("deny:501:que_1", reason="x"), UNKNOWN_BUTTON),
        (WISHES, press("answer:501:que_1:0:2"), UNKNOWN_BUTTON),
        (WISHES, press("answer:501:que_1:0:-1"), UNKNOWN_BUTTON),
        (WISHES, press("answer:501:que_1:0"), UNKNOWN_BUTTON),
        (WISHES, press("answer:501:que_1:1:0"), UNKNOWN_BUTTON),
        (WISHES, press("answer:501:que_1::0"), UNKNOWN_BUTTON),
        (WISHES, press("choose:501:que_1:0:0", values=("0", "9")), UNKNOWN_BUTTON),
        (WISHES, press("choose:501:que_1:0:0"), UNKNOWN_BUTTON),
        (WISHES, press("choose:501:que_1:0:0", values=("0", "1")), CHOOSE_EXACTLY_ONE),
    ],
)
async def test_what_was_never_offered_decides_nothing(
    door: Door, ask: Ask, payload: dict[str, Any], words: str
) -> None:
    await asking(door, ask)

    answer = await door.send(payload)

    still = await asked(door, ask)
    assert spoken(answer) == (words, True)
    assert (still.state, still.answers, still.decision) == (AskState.OPEN, (), None)


async def test_what_the_agent_waits_for_no_more_is_told_with_the_way_out(door: Door) -> None:
    turn = await asking(door)
    await door.asks.settle(turn, RUN.id, AskState.GONE)

    answer = await door.send(press("allow:501:per_1:once"))

    assert spoken(answer) == (NOBODY_WAITS, True)
    assert "Retry" in NOBODY_WAITS


@pytest.mark.parametrize("payload", [press("allow:501:per_1:once"), press("deny:501:per_1"), submit("deny:501:per_1")])
@pytest.mark.parametrize("end", ["stopped", "over"])
async def test_nobody_decides_for_a_turn_that_is_over_or_is_being_stopped(
    door: Door, payload: dict[str, Any], end: str
) -> None:
    turn = await asking(door)
    if end == "stopped":
        await door.ledger.stop(turn, "carol")
    else:
        await door.ledger.record(turn, "holder", Event.CANCELLED, Facts())

    answer = await door.send(payload)

    assert spoken(answer) == (NOBODY_WAITS, True)
    assert (await asked(door)).state is AskState.OPEN


async def test_a_turn_that_is_stopped_after_its_first_answer_is_not_said_to_be_answered(door: Door) -> None:
    turn = await asking(door, WISHES)
    await door.send(press("answer:501:que_1:0:1"))
    await door.ledger.stop(turn, "carol")

    answer = await door.send(press("choose:501:que_1:1:0", values=("0",)))

    assert spoken(answer) == (NOBODY_WAITS, True)


@pytest.mark.parametrize("payload", [press("allow:501:per_1:once"), press("deny:501:per_1"), submit("deny:501:per_1")])
async def test_a_stranger_decides_nothing(door: Door, payload: dict[str, Any]) -> None:
    await asking(door)
    door.policy = Policy(required_role="91")

    answer = await door.send(payload)

    assert spoken(answer) == (Refusal.ROLE.value, True)
    assert (await asked(door)).state is AskState.OPEN


@pytest.mark.parametrize(
    "about",
    [
        Permission("edit", "a.py", diff="+ x", always=("*",)),
        (Question("?", "", ()),),
        (Question("?", "", (Option(""), Option("")), custom=True),),
        (MANY,),
        (SIZES, COLOUR),
    ],
    ids=["permission", "free", "blank labels", "long", "several"],
)
async def test_whatever_the_message_offers_is_understood_when_it_is_pressed(
    door: Door, sqlite: Sqlite, about: Any
) -> None:
    await asking(door, Ask(AskId("any_1"), about))
    shown = await asked(door, Ask(AskId("any_1"), about))
    offered = [one for row in ask(shown).components for one in row["components"]]

    answers = []
    for one in offered:
        await sqlite.write(
            lambda db: db.execute("UPDATE asks SET state = 'open', answers = '[]', decision = NULL, decided_by = NULL")
        )
        values = [option["value"] for option in one.get("options", ())][:1]
        answers.append(await door.send(press(one["custom_id"], values=values)))

    assert offered
    assert {answer["type"] for answer in answers} <= {7, 9}


@pytest.mark.parametrize("payload", PRESSES)
@pytest.mark.parametrize("at", ["200", "210"])
async def test_where_an_approver_is_settled_others_hear_which_role_decides(
    door: Door, payload: dict[str, Any], at: str
) -> None:
    await asking(door)
    await settle(door, at, approver="91")

    answer = await door.send(payload)

    assert spoken(answer) == (APPROVERS_ONLY.format(role="91"), True)
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert (await asked(door)).state is AskState.OPEN


@pytest.mark.parametrize("payload", PRESSES)
async def test_a_role_that_exists_no_more_is_asked_for_no_more(door: Door, payload: dict[str, Any]) -> None:
    await asking(door)
    await settle(door, "200", approver="91")
    await settle(door, "210", approver="91")
    door.sights.roles = frozenset({"90", "100"})

    await door.send(payload)
    between = (await asked(door)).state
    await door.send(press("allow:501:per_1:once", "carol"))

    assert door.fake_replies.texts == [ROLE_GONE]
    assert between is AskState.OPEN
    assert ((await asked(door)).decision, (await asked(door)).by) == (Allowed(always=False), "carol")
    assert (await settled(door), await settled(door, None)) == ({}, {})


async def test_of_two_roles_the_one_that_exists_decides_when_the_other_is_gone(door: Door) -> None:
    await asking(door)
    await settle(door, "200", approver="92")
    await settle(door, "210", approver="91")
    door.sights.roles = frozenset({"92"})

    await door.send(press("allow:501:per_1:once"))
    answer = await door.send(press("allow:501:per_1:once"))

    assert spoken(answer) == (APPROVERS_ONLY.format(role="92"), True)
    assert (await asked(door)).state is AskState.OPEN


@pytest.mark.parametrize("failure", [None, Retriable("503"), Refused("Not a member.")])
async def test_a_role_that_exists_or_may_exist_goes_on_being_asked_for(door: Door, failure: Exception | None) -> None:
    await asking(door)
    await settle(door, "210", approver="91")
    door.sights.failure = failure
    door.sights.roles = frozenset() if failure else frozenset({"91"})

    await door.send(press("allow:501:per_1:once"))

    assert door.fake_replies.texts == [APPROVERS_ONLY.format(role="91")]
    assert await settled(door) == {"approver": "91"}
    assert door.log == ["answered", "has_role", "edit"]


@pytest.mark.parametrize("role", ["90", "100"])
async def test_whoever_has_the_approvers_role_decides_and_everybody_has_the_servers_own(door: Door, role: str) -> None:
    await asking(door)
    await settle(door, "200", approver=role)

    await door.send(press("allow:501:per_1:once"))

    assert (await asked(door)).decision == Allowed(always=False)


async def test_questions_are_everybodys_whoever_the_approver_is(door: Door) -> None:
    await asking(door, Ask(AskId("que_1"), (COLOUR,)))
    await settle(door, "210", approver="91")

    await door.send(press("answer:501:que_1:0:1"))

    assert (await asked(door, WISHES)).decision == Answered((("Blue",),))
