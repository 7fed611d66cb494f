"""What becomes of messages when they are heard."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.turns.books import Facts
from app.turns.errors import Retriable
from app.turns.machine import Event, Stage
from app.turns.records import Addressed, Asker, Place, Request, Source
from app.turns.routing import Policy, Unknown, gate
from tests.inbox.desk import ALICE, BOB, BOT, CHANNEL, GUILD, NOW, ROLE, Desk, desk, mentioning, message

pytestmark = pytest.mark.anyio
THREAD = "400"
FIRST_NAMED: dict[str, Any] = {"mentions": [{"id": BOB, "username": "bob"}]}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def heard(here: Desk, body: dict[str, Any], name: str = "MESSAGE_CREATE") -> list[str]:
    """The ids of all turns that live then."""
    await here.hear(name, body)
    return [turn.id for turn in await here.ledger.live_turns()]


async def own_a_thread(here: Desk, category: str | None = None) -> None:
    await here.hear("MESSAGE_CREATE", mentioning("10", "start", channel=THREAD, channel_type=11))
    turn = await here.ledger.claim("mine", NOW, NOW + 15.0)
    assert turn is not None
    place = Place(turn.place.guild, ChannelId(CHANNEL), ThreadId(THREAD), ChannelId(category) if category else None)
    await here.ledger.note_place(turn.id, "mine", place)
    await here.ledger.record(turn.id, "mine", Event.ACCEPTED, Facts())


@pytest.mark.parametrize(
    "body",
    [
        mentioning("1", "list the files"),
        message("1", f"<@&{ROLE}> list the files", mention_roles=[ROLE]),
        message("1", f"please <@!{BOT}> list the files", mentions=[{"id": BOT, "username": "OpenCord"}]),
        message("1", "list the files", type=19, referenced_message={"id": "9", "author": {"id": BOT}, "content": "?"}),
    ],
    ids=["mention", "role", "in the middle", "reply"],
)
async def test_what_names_us_is_written_down_with_its_author_and_without_our_name(
    here: Desk, body: dict[str, Any]
) -> None:
    assert await heard(here, body) == ["1"]

    turn = await here.turn("1")
    assert turn is not None
    assert (turn.asker.id, turn.asker.name, turn.addressed) == (ALICE, "Alice", Addressed.US)
    assert turn.place == Place(turn.place.guild, ChannelId(CHANNEL))
    assert turn.plain
    assert turn.prompt.partition("\n")[0].split() in (["list", "the", "files"], ["please", "list", "the", "files"])


@pytest.mark.parametrize(
    "body",
    [
        message("1", "list the files"),
        message("1", "hello", mention_roles=["902"]),
        message("1", "@everyone look", mention_everyone=True),
        mentioning("1", "list", author=BOT) | {"author": {"id": BOT, "username": "OpenCord", "bot": True}},
        mentioning("1", "list", webhook_id="5"),
        mentioning("1", "list", type=6),
        mentioning("1", "", type=21),
    ],
    ids=["nobody named", "another role", "everyone", "a bot", "a webhook", "a pin", "a thread's beginning"],
)
async def test_what_is_not_said_to_us_by_a_person_leaves_no_trace(here: Desk, body: dict[str, Any]) -> None:
    assert await heard(here, body) == []
    assert await here.turn("1") is None


async def test_in_a_thread_of_ours_every_persons_message_is_written_down_and_in_others_only_mentions(
    here: Desk,
) -> None:
    await own_a_thread(here)

    await heard(here, message("11", "and now?", channel=THREAD, channel_type=11))
    await heard(here, message("12", "and now?", channel="401", channel_type=11))
    await heard(here, message("13", f"<@{BOB}> and now?", channel=THREAD, channel_type=11, **FIRST_NAMED))
    await heard(here, message("14", "@here and now?", channel=THREAD, channel_type=11, mention_everyone=True))

    turns = {turn.id: turn for turn in await here.ledger.live_turns()}
    assert list(turns) == ["10", "11", "13"]
    assert turns[TurnId("11")].addressed is Addressed.NOBODY
    assert turns[TurnId("11")].place == Place(turns[TurnId("10")].place.guild, ChannelId(CHANNEL), ThreadId(THREAD))
    assert (turns[TurnId("13")].addressed, turns[TurnId("13")].prompt) == (Addressed.OTHERS, "@bob and now?")


async def test_a_thread_is_heard_from_the_moment_on_that_somebody_asked_in_it(here: Desk) -> None:
    await heard(here, mentioning("10", "start", channel=THREAD, channel_type=11))

    assert await heard(here, message("11", "and now?", channel=THREAD, channel_type=11)) == ["10", "11"]


async def test_where_discord_does_not_say_what_a_channel_is_the_place_is_vague(here: Desk) -> None:
    unsaid = mentioning("1", "look")
    del unsaid["channel_type"]

    await heard(here, unsaid)
    await heard(here, mentioning("2", "look", channel=THREAD, channel_type=11))

    channel, thread = await here.turn("1"), await here.turn("2")
    assert channel is not None
    assert thread is not None
    assert (channel.place.vague, channel.place.thread) == (True, None)
    assert (thread.place.vague, thread.place.thread, thread.place.lacks_parent) == (True, THREAD, True)


async def test_a_category_that_must_be_right_is_asked_for_unless_it_is_known(here: Desk) -> None:
    here.policy = Policy(category=ChannelId("40"))
    await heard(here, mentioning("1", "look"))
    turn = await here.ledger.claim("mine", NOW, NOW + 15.0)
    assert turn is not None
    await here.ledger.note_place(turn.id, "mine", Place(turn.place.guild, turn.place.channel, None, ChannelId("40")))

    await heard(here, mentioning("2", "look"))

    second = await here.turn("2")
    assert turn.place.vague
    assert second is not None
    assert second.place == Place(turn.place.guild, ChannelId(CHANNEL), None, ChannelId("40"))


@pytest.mark.parametrize(
    ("known", "vague"), [("40", False), ("41", True), (None, True)], ids=["the right one", "another", "none"]
)
async def test_a_category_that_is_not_the_wanted_one_may_have_changed(
    here: Desk, known: str | None, vague: bool
) -> None:
    here.policy = Policy(category=ChannelId("40"))
    await own_a_thread(here, known)

    await heard(here, message("11", "and now?", channel=THREAD, channel_type=11))
    await heard(here, mentioning("12", "look"))

    turns = [await here.turn(id) for id in ("11", "12")]
    assert [turn.place.vague for turn in turns if turn] == [vague, vague]
    assert turns[0] is not None
    assert turns[0].place.channel == CHANNEL


async def test_a_category_that_a_page_did_not_tell_is_asked_for(here: Desk) -> None:
    here.policy = Policy(category=ChannelId("40"))
    place = Place(GuildId(GUILD), ChannelId(CHANNEL), ThreadId(THREAD), ChannelId("40"))
    request = Request(TurnId("10"), Source.MESSAGE, place, Asker(UserId(ALICE), "Alice"), "look")
    await here.places.admit_page(ChannelId(THREAD), MessageId("10"), [request], NOW)
    await here.bring("10", Event.ACCEPTED)

    await heard(here, message("11", "and now?", channel=THREAD, channel_type=11))

    turn = await here.turn("11")
    assert turn is not None
    assert gate(turn.place, turn.asker, here.policy) in (None, Unknown.PLACE)


async def test_where_no_category_is_wanted_nothing_is_asked_for(here: Desk) -> None:
    await own_a_thread(here, "41")

    await heard(here, message("11", "and now?", channel=THREAD, channel_type=11))
    await heard(here, mentioning("12", "look"))

    turns = [await here.turn(id) for id in ("11", "12")]
    assert [turn.place.vague for turn in turns if turn] == [False, False]


@pytest.mark.parametrize("end", ["MESSAGE_DELETE", Event.IGNORED, Event.GIVEN_UP])
async def test_a_question_that_came_to_nothing_makes_no_thread_ours(here: Desk, end: str) -> None:
    await heard(here, mentioning("10", "look", channel=THREAD, channel_type=11))
    if isinstance(end, Event):
        await here.bring("10", end)
    else:
        await heard(here, {"id": "10"}, end)

    assert await heard(here, message("11", "and now?", channel=THREAD, channel_type=11)) == []


async def test_before_we_know_who_we_are_nothing_is_taken_and_nothing_is_lost(here: Desk) -> None:
    here.us = None
    with pytest.raises(Retriable):
        await here.hear("MESSAGE_CREATE", mentioning("1", "look"))
    here.us = BOT

    assert await heard(here, mentioning("1", "look")) == ["1"]


@pytest.mark.parametrize("times", [1, 3])
async def test_a_message_that_comes_again_is_one_turn_also_after_its_end(here: Desk, times: int) -> None:
    for _ in range(times):
        await heard(here, mentioning("1", "look"))
    turn = await here.ledger.claim("mine", NOW, NOW + 15.0)
    assert turn is not None
    await here.ledger.record(turn.id, "mine", Event.IGNORED, Facts())

    assert await heard(here, mentioning("1", "look")) == []


async def test_an_edit_changes_what_waits_however_often_it_comes(here: Desk) -> None:
    await heard(here, mentioning("1", "look"))
    edit = mentioning("1", "look twice", edited_timestamp="2026-11-22T10:00:00+00:00")

    for _ in range(2):
        await heard(here, edit, "MESSAGE_UPDATE")

    turn = await here.turn("1")
    assert turn is not None
    assert turn.prompt == "look twice"


@pytest.mark.parametrize(
    "edit",
    [
        mentioning("1", "look twice"),
        mentioning("1", "", edited_timestamp="2026-11-22T10:00:00+00:00"),
        {"id": "1", "channel_id": CHANNEL, "guild_id": GUILD, "embeds": []},
    ],
    ids=["nobody edited it", "nothing is left of it", "a part of it"],
)
async def test_what_is_no_edit_by_its_author_changes_nothing(here: Desk, edit: dict[str, Any]) -> None:
    await heard(here, mentioning("1", "look"))

    await heard(here, edit, "MESSAGE_UPDATE")

    turn = await here.turn("1")
    assert turn is not None
    assert turn.prompt == "look"


async def test_a_message_that_was_never_asked_is_not_asked_by_its_edit(here: Desk) -> None:
    edit = mentioning("1", "look", edited_timestamp="2026-11-22T10:00:00+00:00")

    assert await heard(here, edit, "MESSAGE_UPDATE") == []


@pytest.mark.parametrize(
    ("name", "body"), [("MESSAGE_DELETE", {"id": "1"}), ("MESSAGE_DELETE_BULK", {"ids": ["1", "9"]})]
)
async def test_a_deleted_message_is_withdrawn_and_does_not_come_back(
    here: Desk, name: str, body: dict[str, Any]
) -> None:
    await heard(here, mentioning("1", "look"))
    await heard(here, mentioning("2", "look"))

    left = [await heard(here, body, name) for _ in range(2)]

    assert left == [["2"], ["2"]]
    assert await heard(here, mentioning("1", "look")) == ["2"]
    turn = await here.turn("1")
    assert turn is not None
    assert turn.stage is Stage.CANCELLED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "1"},
        {"id": 1, "author": []},
        {**mentioning("1", "x"), "author": "alice"},
        {**mentioning("1", "x"), "type": []},
        {**mentioning("1", "x"), "type": {}, "channel_type": {}},
    ],
)
async def test_what_makes_no_sense_counts_as_taken_and_is_no_defect_of_ours(here: Desk, body: dict[str, Any]) -> None:
    with structlog.testing.capture_logs() as logs:
        for name in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE_BULK"):
            await here.hear(name, body, seq=7)

    position = await here.position()
    assert {line["event"] for line in logs} == {"event.unreadable"}
    assert position is not None
    assert position.seq == 7
    assert await here.ledger.live_turns() == []


FILE: dict[str, Any] = {"id": "9", "filename": "a.png", "size": 12, "url": "https://cdn.discordapp.com/a.png?ex=1"}
OTHER_FILE: dict[str, Any] = {**FILE, "id": "8", "filename": "b.png"}


async def files_of(here: Desk, id: str) -> list[str]:
    turn = await here.turn(id)
    assert turn is not None
    return [attachment.name for attachment in turn.attachments]


async def test_a_file_with_a_mention_and_no_words_is_asked(here: Desk) -> None:
    assert await heard(here, mentioning("1", "", attachments=[FILE])) == ["1"]

    turn = await here.turn("1")
    assert turn is not None
    assert turn.prompt == ""
    assert [(file.name, file.message) for file in turn.attachments] == [("a.png", "1")]


async def test_an_edit_changes_the_files_that_wait_too(here: Desk) -> None:
    await heard(here, mentioning("1", "look", attachments=[FILE, OTHER_FILE]))
    edit = mentioning("1", "look", attachments=[OTHER_FILE], edited_timestamp="2026-11-22T10:00:00+00:00")

    before = await files_of(here, "1")
    await heard(here, edit, "MESSAGE_UPDATE")

    assert (before, await files_of(here, "1")) == (["a.png", "b.png"], ["b.png"])


async def test_an_edit_that_leaves_only_a_file_is_one(here: Desk) -> None:
    await heard(here, mentioning("1", "look", attachments=[FILE]))

    await heard(
        here, mentioning("1", "", attachments=[FILE], edited_timestamp="2026-11-22T10:00:00+00:00"), "MESSAGE_UPDATE"
    )

    turn = await here.turn("1")
    assert turn is not None
    assert (turn.prompt, await files_of(here, "1")) == ("", ["a.png"])
