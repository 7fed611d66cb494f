"""Replies that answer what an agent asked."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.ids import AskId, ChannelId, MessageId, ThreadId, TurnId
from app.turns.asks import Asked, AskState
from app.turns.books import Facts
from app.turns.machine import Event, Stage
from app.turns.progress import Answered, Ask, Option, Permission, Question
from app.turns.records import Place
from app.turns.routing import Policy
from tests.inbox.desk import BOB, BOT, CHANNEL, NOW, OPENED, Desk, desk, mentioning, message

pytestmark = pytest.mark.anyio
THREAD, SHOWN = "400", "77"
FACTS = Facts()
COLOUR = Question("Which colour?", "Colour", (Option("Red"), Option("Blue")))
SIZE = Question("Which size?", "Size", (Option("S"), Option("L")))
STRICT = Question("Which one?", "One", (Option("This"), Option("That")), custom=False)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def ask(here: Desk, *questions: Question) -> None:
    """A turn in the thread has come to questions, and shows the first."""
    await here.hear("MESSAGE_CREATE", mentioning("10", "start", channel=THREAD, channel_type=11))
    turn = await here.ledger.claim("mine", NOW, NOW + 15.0)
    assert turn is not None
    place = Place(turn.place.guild, ChannelId(CHANNEL), ThreadId(THREAD), here.policy.category)
    await here.ledger.note_place(turn.id, "mine", place)
    for event in OPENED:
        await here.ledger.record(turn.id, "mine", event, FACTS)
        await here.ledger.claim("mine", NOW, NOW + 15.0)
    await here.asks.note(turn.id, "mine", Ask(AskId("que_1"), questions), NOW, NOW + 600)
    await here.asks.note_message(turn.id, "mine", AskId("que_1"), MessageId(SHOWN))


async def asked(here: Desk) -> Asked:
    found = await here.asks.asked(TurnId("10"), AskId("que_1"))
    assert found is not None
    return found


def reply(id: str, content: str, to: str = SHOWN, **more: Any) -> dict[str, Any]:
    """Discord tells the whole of the message that is replied to, and whom that mentions."""
    return message(
        id,
        content,
        channel=THREAD,
        **{
            "channel_type": 11,
            "type": 19,
            "message_reference": {"type": 0, "message_id": to, "channel_id": THREAD},
            "referenced_message": {"id": to, "author": {"id": BOT}, "content": "-# Which colour?"},
            "mentions": [{"id": BOT, "username": "OpenCord"}],
            **more,
        },
    )


async def waiting(here: Desk) -> list[str]:
    return [turn.id for turn in await here.ledger.live_turns()]


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("a warm green", "a warm green"),
        (f"<@{BOT}> a warm green\nor so", "a warm green\nor so"),
        ("blue", "Blue"),
        ("half \ud83d", "half \ufffd"),
    ],
)
async def test_a_reply_to_a_question_answers_it_in_its_own_words_and_is_no_question(
    here: Desk, content: str, answer: str
) -> None:
    await ask(here, COLOUR)

    await here.hear("MESSAGE_CREATE", reply("11", content))

    decided = await asked(here)
    assert (decided.state, decided.decision, decided.by) == (AskState.DECIDED, Answered(((answer,),)), "Alice")
    assert await waiting(here) == ["10"]


async def test_every_reply_answers_the_next_question_and_the_one_behind_the_last_is_asked(here: Desk) -> None:
    await ask(here, COLOUR, SIZE)

    for id, content in (("11", "red"), ("12", "XL"), ("13", "and now?")):
        await here.hear("MESSAGE_CREATE", reply(id, content))

    assert (await asked(here)).decision == Answered((("Red",), ("XL",)))
    assert await waiting(here) == ["10", "13"]


async def test_a_reply_that_comes_again_answers_nothing_more_and_is_not_asked(here: Desk) -> None:
    await ask(here, COLOUR, SIZE)

    for _ in range(3):
        await here.hear("MESSAGE_CREATE", reply("11", "red"))

    answered, turn = await asked(here), await here.turn("11")
    assert (answered.state, answered.answers) == (AskState.OPEN, (("Red",),))
    assert await waiting(here) == ["10"]
    assert turn is not None
    assert turn.stage is Stage.IGNORED


async def test_a_reply_that_answered_is_not_asked_when_it_comes_again_behind_the_end(here: Desk) -> None:
    await ask(here, COLOUR)
    await here.hear("MESSAGE_CREATE", reply("11", "red"))
    await here.ledger.record(TurnId("10"), "mine", Event.CANCELLED, FACTS)

    edit = reply("11", "blue", edited_timestamp="2026-11-22T10:00:00+00:00")
    for name, body in (("MESSAGE_CREATE", reply("11", "red")), ("MESSAGE_UPDATE", edit), ("MESSAGE_DELETE", edit)):
        await here.hear(name, body)

    assert await waiting(here) == []
    assert (await asked(here)).answers == (("Red",),)


@pytest.mark.parametrize(
    "body",
    [
        message("11", "red", channel=THREAD, channel_type=11),
        reply("11", "red", to="78"),
        reply("11", "red", type=0),
        reply("11", "red", message_reference=None),
        reply("11", "red", message_reference={"message_id": 77}),
    ],
    ids=["no reply", "to another message", "forwarded", "without a reference", "with a senseless one"],
)
async def test_any_other_message_waits_for_its_turn(here: Desk, body: dict[str, Any]) -> None:
    await ask(here, COLOUR)

    await here.hear("MESSAGE_CREATE", body)

    assert (await asked(here)).answers == ()
    assert await waiting(here) == ["10", "11"]


@pytest.mark.parametrize("state", [AskState.GONE, AskState.DECIDED])
async def test_a_reply_that_comes_too_late_is_an_ordinary_message(here: Desk, state: AskState) -> None:
    await ask(here, COLOUR)
    if state is AskState.GONE:
        await here.asks.settle(TurnId("10"), AskId("que_1"), state)
    else:
        await here.asks.answer(TurnId("10"), AskId("que_1"), 0, ("Blue",), "bob")

    await here.hear("MESSAGE_CREATE", reply("11", "red"))

    assert await waiting(here) == ["10", "11"]


async def test_a_turn_that_is_being_stopped_takes_no_answer(here: Desk) -> None:
    await ask(here, COLOUR)
    await here.ledger.claim("mine", NOW, NOW + 15.0)
    assert await here.ledger.stop(TurnId("10"), "bob")

    await here.hear("MESSAGE_CREATE", reply("11", "red"))

    assert (await asked(here)).answers == ()
    assert await waiting(here) == ["10", "11"]


@pytest.mark.parametrize("content", ["", "\u200b", f"<@{BOT}>"])
async def test_a_reply_without_words_is_no_answer(here: Desk, content: str) -> None:
    await ask(here, COLOUR)

    await here.hear("MESSAGE_CREATE", reply("11", content))

    assert (await asked(here)).state is AskState.OPEN


async def test_files_of_an_answer_are_told_by_where_they_are(here: Desk) -> None:
    await ask(here, COLOUR)
    file = {"id": "5", "filename": "shade.png", "size": 9, "url": "https://cdn.discordapp.com/a/5/shade.png"}

    await here.hear("MESSAGE_CREATE", reply("20", "like this", attachments=[file]))

    assert (await asked(here)).decision == Answered(
        (("like this\nshade.png: https://cdn.discordapp.com/a/5/shade.png",),)
    )


async def test_where_own_words_are_not_welcome_only_an_option_answers(here: Desk) -> None:
    await ask(here, STRICT)

    await here.hear("MESSAGE_CREATE", reply("11", "neither"))
    before = await asked(here)
    await here.hear("MESSAGE_CREATE", reply("12", "THAT"))

    assert before.answers == ()
    assert (await asked(here)).decision == Answered((("That",),))
    assert await waiting(here) == ["10", "11"]


@pytest.mark.parametrize(
    "policy",
    [Policy(required_role="91"), Policy(channels=frozenset({ChannelId("201")})), Policy(category=ChannelId("41"))],
)
async def test_whoever_is_not_heard_here_answers_nothing(here: Desk, policy: Policy) -> None:
    await ask(here, COLOUR)
    here.policy = policy

    await here.hear("MESSAGE_CREATE", reply("11", "red", author=BOB))

    assert (await asked(here)).answers == ()


async def test_a_permission_is_not_given_by_a_reply(here: Desk) -> None:
    await ask(here, COLOUR)
    await here.asks.note(TurnId("10"), "mine", Ask(AskId("per_1"), Permission("bash", "rm")), NOW, NOW + 600)
    await here.asks.note_message(TurnId("10"), "mine", AskId("per_1"), MessageId("79"))

    await here.hear("MESSAGE_CREATE", reply("11", "yes", to="79"))

    assert await waiting(here) == ["10", "11"]


@pytest.mark.parametrize(
    ("name", "body"), [("MESSAGE_DELETE", {"id": SHOWN}), ("MESSAGE_DELETE_BULK", {"ids": ["1", SHOWN]})]
)
async def test_a_question_whose_message_is_deleted_is_put_again(here: Desk, name: str, body: dict[str, Any]) -> None:
    await ask(here, COLOUR)

    here.now += 60.0
    await here.hear(name, body)

    found = await asked(here)
    assert (found.message, found.state, found.asked_at) == (None, AskState.OPEN, NOW + 60.0)
