"""What is left to do after the first answer is done, and heard of, whatever goes wrong."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from app.commands import answers
from app.commands.answers import Answer, Result, carry_out
from app.discord.errors import token_dead
from app.discord.interactions import Interaction, Kind
from app.discord.limits import CONTENT
from app.discord.payloads import button, row
from app.discord.text import units
from app.ids import UserId
from app.turns.errors import Refused, Retriable, UnfitFiles
from app.turns.records import Asker, File
from app.words.door import DEFECT, FILE_REFUSED, LATE, NOT_NOW, TOO_LONG, UNSHOWN
from tests.fakes.replies import FakeReplies

pytestmark = pytest.mark.anyio
ASKED = Interaction(Kind.COMMAND, "500", "interaction-token")


async def heard(failure: Exception) -> str:
    replies = FakeReplies([])

    async def fail() -> Result:
        raise failure

    await carry_out(fail, ASKED, replies)
    (text,) = replies.texts
    return text


async def test_a_failure_is_told_in_its_own_words_where_it_has_some() -> None:
    told = [
        await heard(Refused("Sorry, no.")),
        await heard(Retriable("503", tell="Sorry, not yet.")),
        await heard(Retriable("503")),
    ]

    assert told == ["Sorry, no.", "Sorry, not yet.", NOT_NOW]


async def test_a_defect_is_told_and_logged_and_goes_no_further() -> None:
    with capture_logs() as logs:
        told = await heard(ZeroDivisionError("division by zero"))

    assert told == DEFECT
    assert [(line["event"], line["log_level"]) for line in logs] == [("command.defect", "error")]


async def test_work_that_takes_too_long_is_given_up_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "WORK_SECONDS", 0.01)
    replies, ended = FakeReplies([]), asyncio.Event()

    async def last() -> Result:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        raise AssertionError("never")

    await carry_out(last, ASKED, replies)

    assert replies.texts == [TOO_LONG]
    assert ended.is_set()


@pytest.mark.parametrize("failure", [token_dead("gone"), Retriable("503"), RuntimeError("a defect")])
async def test_what_the_asker_cannot_hear_everybody_hears_all_the_same(failure: Exception) -> None:
    replies = FakeReplies([], failure=failure)

    async def work() -> Result:
        return Result("done", aloud="it was done")

    with capture_logs() as logs:
        await carry_out(work, ASKED, replies)

    assert replies.aloud == ["it was done"]
    assert [line["event"] for line in logs] == [
        "command.defect" if isinstance(failure, RuntimeError) else "command.unheard"
    ]


async def test_a_file_that_discord_refuses_leaves_the_words_and_says_why() -> None:
    replies = FakeReplies([], unfit=UnfitFiles("that is too large for this server."))

    async def work() -> Result:
        return Result("1 file changed.", (row(button("Undo", "undo")),), (File("a.diff", b"x"),), "it was done")

    await carry_out(work, ASKED, replies)

    remark = FILE_REFUSED.format(reason="that is too large for this server.")
    assert replies.texts == [f"1 file changed.\n-# {remark}"]
    assert (replies.buttons, replies.files, replies.aloud) == ([{"Undo": "undo"}], [], ["it was done"])


async def test_however_long_the_words_are_it_is_said_that_the_file_is_missing() -> None:
    replies = FakeReplies([], unfit=UnfitFiles("too large."))

    async def work() -> Result:
        return Result("word " * 1_000, files=(File("a.diff", b"x"),))

    await carry_out(work, ASKED, replies)

    (text,) = replies.texts
    assert text.endswith(FILE_REFUSED.format(reason="too large."))
    assert units(text) <= CONTENT


async def test_what_everybody_hears_never_takes_the_place_of_what_discord_refused() -> None:
    replies = FakeReplies([], failure=Refused("Sorry, Discord refused it."))

    async def work() -> Result:
        return Result("done", aloud="it was done")

    await carry_out(work, ASKED, replies)

    assert (replies.texts, replies.aloud) == ([], ["it was done"])


async def late(*, is_private: bool, aloud: str | None = None) -> FakeReplies:
    replies = FakeReplies([], failure=token_dead("too old"))

    async def work() -> Result:
        return Result("The machine is asleep.", (row(button("Wake", "wake")),), (File("a", b"x"),), aloud)

    asker = Asker(UserId("300"), "*alice*")
    await carry_out(work, replace(ASKED, member=asker), replies, is_private=is_private)
    return replies


async def test_what_comes_too_late_for_its_place_is_said_in_the_channel() -> None:
    replies = await late(is_private=False)

    assert replies.aloud == [LATE.format(name=r"**\*alice\***", text="The machine is asleep.")]
    assert replies.offered == [{"Wake": "wake"}]


async def test_of_what_is_for_one_person_nothing_is_said_in_the_channel_but_that_it_could_not_be_shown() -> None:
    replies = await late(is_private=True)

    assert replies.aloud == [UNSHOWN.format(name=r"**\*alice\***")]
    assert (replies.offered, replies.files) == ([], [])


@pytest.mark.parametrize("is_private", [True, False])
async def test_what_everybody_hears_anyway_is_said_once(is_private: bool) -> None:
    replies = await late(is_private=is_private, aloud="alice did it")

    assert replies.aloud == ["alice did it"]


async def test_what_comes_later_is_for_one_person_unless_it_is_said_not_to_be() -> None:
    assert Answer({}).is_private


async def test_the_end_of_the_process_is_not_held_up() -> None:
    replies, began = FakeReplies([]), asyncio.Event()

    async def work() -> Result:
        began.set()
        await asyncio.sleep(60)
        return Result("done")

    at_work = asyncio.ensure_future(carry_out(work, ASKED, replies))
    await began.wait()
    at_work.cancel()
    (ended,) = await asyncio.gather(at_work, return_exceptions=True)

    assert isinstance(ended, asyncio.CancelledError)
    assert replies.texts == []


def test_there_is_time_left_to_say_how_it_went() -> None:
    assert answers.WORK_SECONDS < 14 * 60
