"""Replies that answer what an agent asked, and files, when they are found by reading a channel."""

import pytest

from app.discord.attachments import attachments_of
from app.ids import AskId, ChannelId, MessageId, TurnId
from app.turns.asks import Asked
from app.turns.progress import Answered, Ask, Option, Question
from app.turns.routing import Policy
from scripts.playground.discord.records import Upload
from tests.inbox.scene import Scene

pytestmark = pytest.mark.anyio
COLOUR = Question("Which colour?", "Colour", (Option("Red"), Option("Blue")))
SIZE = Question("Which size?", "Size", (Option("S"), Option("L")))


async def ask(here: Scene, *questions: Question) -> tuple[str, str, str]:
    """A question stands in a thread of ours: the thread, the turn, the message."""
    thread = await here.thread()
    first = await here.ask("start", thread)
    await here.own(thread, first)
    now = here.discord.clock.now()
    await here.desk.ledger.claim("mine", now, now + 15)
    shown = str(
        (await here.rest.create_message(thread, {"content": "-# Which?", "allowed_mentions": {"parse": []}}))["id"]
    )
    await here.desk.asks.note(TurnId(first), "mine", Ask(AskId("que_1"), questions), now, now + 600)
    await here.desk.asks.note_message(TurnId(first), "mine", AskId("que_1"), MessageId(shown))
    return thread, first, shown


async def asked(here: Scene, turn: str) -> Asked:
    found = await here.desk.asks.asked(TurnId(turn), AskId("que_1"))
    assert found is not None
    return found


async def test_a_typed_answer_that_was_missed_counts_and_what_is_said_around_it_waits(here: Scene) -> None:
    thread, turn, shown = await ask(here, COLOUR)
    await here.write("by the way", thread)
    await here.alice.write(thread, "a warm green", reply_to=shown)
    await here.write("are you there?", thread)

    admitted = await here.read()

    decided = await asked(here, turn)
    assert admitted == ["by the way", "are you there?"]
    assert (decided.decision, decided.by) == (Answered((("a warm green",),)), "alice")
    assert await here.read() == []


async def test_a_typed_answer_that_was_heard_already_answers_no_second_question_when_it_is_read(here: Scene) -> None:
    thread, turn, shown = await ask(here, COLOUR, SIZE)
    said = await here.alice.write(thread, "red", reply_to=shown)
    here.desk.us = here.discord.application_id
    body = {**said, "guild_id": here.discord.guild, "channel_type": 11, "member": {"roles": []}}
    await here.desk.hear("MESSAGE_CREATE", body)

    admitted = await here.read()

    assert admitted == []
    assert (await asked(here, turn)).answers == (("Red",),)


async def test_answers_that_were_missed_are_given_in_their_order(here: Scene) -> None:
    thread, turn, shown = await ask(here, COLOUR, SIZE)
    for content in ("blue", "XL", "and thanks"):
        await here.alice.write(thread, content, reply_to=shown)

    admitted = await here.read()

    assert (await asked(here, turn)).decision == Answered((("Blue",), ("XL",)))
    assert [prompt.partition("\n")[0] for prompt in admitted] == ["and thanks"]


@pytest.mark.parametrize(("roles", "answers"), [(["91"], (("Red",),)), ([], ())])
async def test_who_is_heard_is_looked_up_for_an_answer_too(
    here: Scene, roles: list[str], answers: tuple[tuple[str, ...], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, turn, shown = await ask(here, COLOUR)
    await here.alice.write(thread, "RED", reply_to=shown)

    async def member(guild: str, user: str) -> dict[str, object]:
        return {"roles": roles, "joined_at": "2020-01-01T00:00:00+00:00"}

    monkeypatch.setattr(here.rest, "get_member", member)
    here.policy = Policy(required_role="91")
    await here.read()

    assert (await asked(here, turn)).answers == answers


async def test_files_that_were_missed_come_with_their_message(here: Scene) -> None:
    said = await here.alice.write(here.channel, here.mention, files=[Upload("notes.txt", b"hello", "text/plain")])

    await here.read()

    (turn,) = await here.desk.ledger.live_turns()
    (sent,) = said["attachments"]
    assert turn.prompt == ""
    assert turn.attachments == attachments_of([sent], ChannelId(here.channel), said["id"])
