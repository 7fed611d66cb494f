"""“Ask OpenCord about this message”."""

from typing import Any

import pytest

from app.commands import ask_about
from app.ids import ChannelId, MessageId, ThreadId
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.records import About, Attachment, Turn
from app.turns.routing import Policy, Refusal
from app.words.asking import DRAFT_FORGOTTEN, MESSAGE_EMPTY, MESSAGE_WHISPERED
from app.words.door import UNKNOWN_BUTTON
from tests.commands.rooms import IN_THREAD, THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio
FILE = {"id": "7", "filename": "a.txt", "size": 3, "url": "https://cdn.discordapp.com/a.txt"}


def chosen(channel: dict[str, Any] | None = None, **message: Any) -> dict[str, Any]:
    """The menu of message 400, as Discord sends it."""
    said = {"id": "400", "content": "it is broken", "author": {"id": "301", "username": "bob"}, "flags": 0} | message
    content = {"id": "8", "type": 3, "name": ask_about.REGISTRATION["name"], "target_id": "400"}
    return used("", channel) | {"data": content | {"resolved": {"messages": {"400": said}}}}


def written(opened: Any, question: str, channel: dict[str, Any] | None = None) -> dict[str, Any]:
    field = {"type": 18, "component": {"type": 4, "custom_id": "question", "value": question}}
    form = {"custom_id": opened["data"]["custom_id"], "components": [field]}
    return used("", channel) | {"type": 5, "id": "700", "data": form}


async def asked(door: Door) -> Turn:
    found = await door.ledger.turn("700")  # type: ignore[arg-type]
    assert found is not None
    return found


async def test_a_form_opens_and_what_is_written_there_is_asked_about_the_message(door: Door) -> None:
    opened = await door.send(chosen(attachments=[FILE]))
    answer = await door.send(written(opened, " why? "))

    turn = await asked(door)
    text, is_ephemeral = spoken(answer)
    assert opened["type"] == 9
    assert is_ephemeral
    assert "https://discord.com/channels/100/400" in text
    assert (turn.prompt, turn.thread) == ("why?", None)
    assert turn.about == About(ChannelId("200"), MessageId("400"), "bob", "it is broken")
    file = Attachment("7", "a.txt", 3, str(FILE["url"]), ChannelId("200"), MessageId("400"))
    assert turn.attachments == (file,)


async def test_without_a_question_the_message_itself_is_answered(door: Door) -> None:
    opened = await door.send(chosen())

    await door.send(written(opened, " \u200b"))

    turn = await asked(door)
    assert (turn.prompt, turn.subject) == ("", "it is broken")


async def test_in_a_thread_it_is_asked_there(door: Door) -> None:
    opened = await door.send(chosen(IN_THREAD))

    answer = await door.send(written(opened, "why?", IN_THREAD))

    turn = await asked(door)
    assert turn.thread == THREAD
    assert turn.about is not None
    assert str(turn.about.channel) == THREAD
    assert "https://discord.com/channels/100/210" in spoken(answer)[0]


async def test_a_thread_that_hangs_on_the_message_is_gone_on_with(door: Door) -> None:
    await door.send({**used("ask", prompt="hello"), "id": "350"})
    before = await door.ledger.claim("opening", door.now, door.now + 15)
    assert before is not None
    await door.ledger.record(before.id, "opening", Event.ACCEPTED, Facts())
    await door.ledger.note_opener(before.id, "opening", MessageId("400"))
    opened = await door.send(chosen())

    await door.send(written(opened, "why?"))

    assert (await asked(door)).thread == ThreadId("400")


async def test_the_words_of_embeds_count_as_the_messages(door: Door) -> None:
    opened = await door.send(chosen(content="", embeds=[{"title": "Build 7", "description": "failed", "color": 1}]))

    await door.send(written(opened, "why?"))

    about = (await asked(door)).about
    assert about is not None
    assert about.text == "Build 7\nfailed"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (chosen(content=""), MESSAGE_EMPTY),
        (chosen(content=" \u200b"), MESSAGE_EMPTY),
        (chosen(flags=64), MESSAGE_WHISPERED),
        (chosen() | {"data": {"id": "8", "type": 3, "name": ask_about.REGISTRATION["name"]}}, MESSAGE_EMPTY),
    ],
)
async def test_a_message_with_nothing_to_ask_about_opens_no_form(door: Door, sent: Any, words: str) -> None:
    answer = await door.send(sent)

    assert spoken(answer) == (words, True)


async def test_forms_of_others_of_other_commands_and_of_long_ago_ask_nothing(door: Door) -> None:
    opened = await door.send(chosen())
    other = await door.send({**used("ask"), "id": "501"})
    other["data"]["custom_id"] = other["data"]["custom_id"].replace("ask:", "about:")
    of_bob = written(opened, "why?") | {"member": {"user": {"id": "301", "username": "bob"}, "roles": []}}

    somebody_elses = await door.send(of_bob)
    elsewhere = await door.send(written(opened, "why?") | {"channel": {"id": "201", "type": 0}})
    mixed = await door.send(written(other, "why?"))
    await door.ledger.prune_drafts(door.now + 1)
    forgotten = await door.send(written(opened, "why?"))

    assert spoken(somebody_elses) == (UNKNOWN_BUTTON, True)
    assert spoken(elsewhere) == (UNKNOWN_BUTTON, True)
    assert spoken(mixed) == (UNKNOWN_BUTTON, True)
    assert spoken(forgotten) == (DRAFT_FORGOTTEN, True)
    assert not await door.ledger.live_turns()


async def test_whoever_may_not_ask_is_told_so(door: Door) -> None:
    opened = await door.send(chosen())
    door.policy = Policy(required_role="91")

    menu = await door.send(chosen())
    form = await door.send(written(opened, "why?"))

    assert spoken(menu) == (Refusal.ROLE.value, True)
    assert spoken(form) == (Refusal.ROLE.value, True)
    assert not await door.ledger.live_turns()
