"""What the agent says and makes, on its way into the thread; what people send, on its way to the agent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.ids import AskId, MessageId, ThreadId
from app.turns.delivery import MOST_BYTES, MOST_FILES, batches, question_of, with_files
from app.turns.errors import Retriable
from app.turns.machine import Stage
from app.turns.progress import Ask, Permission, Progress
from app.turns.records import Attachment, Content, File, Parcel
from app.turns.status import Outcome, Summary
from app.words.answer import PART_REFUSED
from tests.fakes.chat import Posted
from tests.samples import accepted, message
from tests.turns.engine import World, running, until, world
from tests.turns.test_display import THREAD, shown, turn_of

pytestmark = pytest.mark.anyio
TURN = message(1).id
HOME = ThreadId(THREAD)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f000105010127"
    "18e3660000000049454e44ae426082"
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def posted(here: World) -> list[Posted]:
    return here.chat.channels.get(THREAD, [])


async def test_a_text_is_sent_when_it_is_complete_and_the_last_one_at_the_end(here: World) -> None:
    here.agent.speak = asyncio.Event()
    here.agent.texts[TURN] = ["I will look.", "Found it."]
    here.agent.answers[TURN] = "Mended."
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: len(posted(here)) == 2)
        so_far = [one.content for one in posted(here)]

        here.agent.speak.set()
        await until(lambda: len(posted(here)) == 3)

    assert so_far == ["I will look.", "Found it."]
    assert posted(here)[-1].content.startswith("Mended.")


async def test_one_person_is_notified_once_at_the_end(here: World) -> None:
    here.agent.texts[TURN] = ["I will look."]
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [one.notified for one in posted(here)] == [None, None, message(1).asker.id]


async def test_what_was_said_before_a_failure_stands_before_the_apology_and_is_not_said_again(here: World) -> None:
    here.agent.texts[TURN] = ["I will look."]
    here.agent.refuse[TURN] = "Sorry, the model could not answer."
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [one.content.partition("\n-#")[0] for one in posted(here)] == [
        "I will look.",
        "Sorry, the model could not answer.",
    ]


async def test_a_new_process_says_nothing_twice(here: World) -> None:
    here.agent.speak = asyncio.Event()
    here.agent.texts[TURN] = ["I will look."]
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: len(posted(here)) == 1)

    here.agent.speak.set()
    here.now += 3_600.0
    await here.live()

    assert [one.content for one in posted(here)].count("I will look.") == 1


async def test_a_turn_that_said_all_it_had_to_say_still_notifies(here: World) -> None:
    here.agent.speak = asyncio.Event()
    here.agent.texts[TURN] = ["All done."]
    here.agent.answers[TURN] = ""
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: len(posted(here)) == 1)

        here.agent.speak.set()
        await until(lambda: len(posted(here)) == 2)

    assert [one.content for one in posted(here)] == ["All done.", f"-# <@{message(1).asker.id}>"]


async def test_what_is_cut_off_says_so(here: World) -> None:
    here.agent.progress[TURN] = Progress(remark="(It ends here.)")
    here.agent.answers[TURN] = "Half of it"
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [one.content for one in posted(here)] == [f"Half of it\n-# (It ends here.)\n-# <@{message(1).asker.id}>"]


async def test_files_in_the_outbox_go_out_once_until_they_change(here: World) -> None:
    held = here.files.held[HOME]
    held |= {"outbox/plot.png": PNG, "outbox/empty": b"", "notes.txt": b"not asked for"}
    for number, change in ((1, None), (2, None), (3, b"another")):
        if change is not None:
            held["outbox/plot.png"] = change
        await here.ledger.admit(message(number, thread=THREAD), here.now)
        await here.live()

    assert [file.content for one in posted(here) for file in one.files] == [PNG, b"another"]


@pytest.mark.parametrize(
    ("starts_thread", "ordinal", "question"), [(False, 0, TURN), (False, 1, None), (True, 0, None), (True, 1, None)]
)
def test_only_the_first_message_says_whose_question_it_answers_and_only_where_others_may_have_asked(
    starts_thread: bool, ordinal: int, question: str | None
) -> None:
    turn = replace(accepted(message(1, thread=THREAD)), opener=MessageId(TURN), starts_thread=starts_thread)

    assert question_of(turn, Parcel(ordinal, Content("a"), "n")) == question


async def test_an_image_that_the_agent_made_goes_out_with_its_answer(here: World) -> None:
    here.files.held[HOME] = {"docs/logo.png": PNG}
    here.agent.progress[TURN] = Progress(made=("docs/logo.png", "src/main.py"))
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [(file.name, file.content) for file in posted(here)[-1].files] == [("logo.png", PNG)]


async def test_a_file_that_discord_does_not_take_is_named(here: World) -> None:
    here.files.held[HOME] = {"outbox/film.mp4": b"x" * (MOST_BYTES + 1)}
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert "outbox/film.mp4" in "".join(one.content for one in posted(here))


async def test_files_that_cannot_be_looked_for_hold_up_no_answer(here: World) -> None:
    here.files.failure = Retriable("the machine does not answer")
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert "and its end" in "".join(one.content for one in posted(here))


async def test_an_answer_whose_file_cannot_be_attached_is_read_without_it_and_says_why(here: World) -> None:
    here.chat.lacks = "Attach Files"
    here.files.held[HOME] = {"outbox/plot.png": PNG}
    here.agent.answers[TURN] = "There it is."
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    (one,) = posted(here)
    words, *remarks = one.content.split("\n")
    assert words == "There it is."
    assert (
        remarks[1] == "-# I could not attach plot.png: I lack Attach Files. What is not attached stays in the machine."
    )
    assert (one.files, one.notified) == ((), message(1).asker.id)
    assert (await turn_of(here)).stage is Stage.DELIVERED


async def test_a_file_that_could_not_be_attached_goes_with_the_next_answer(here: World) -> None:
    here.chat.lacks = "Attach Files"
    here.files.held[HOME] = {"outbox/plot.png": PNG}
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    await here.live()

    here.chat.lacks = None
    await here.ledger.admit(message(2, thread=THREAD), here.now)
    await here.live()

    assert [file.content for one in posted(here) for file in one.files] == [PNG]


async def test_files_that_no_message_takes_leave_a_remark_in_their_place_and_nobody_out(here: World) -> None:
    here.chat.lacks = "Attach Files"
    here.files.held[HOME] = {f"outbox/{n:02}.bin": bytes([n]) for n in range(1, MOST_FILES + 6)}
    here.agent.answers[TURN] = "Many of them."
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    first, last = posted(here)
    assert first.content.startswith("-# I could not attach 01.bin, 02.bin, 03.bin and 7 more: ")
    assert last.content.startswith("Many of them.")
    assert [one.notified for one in (first, last)] == [None, message(1).asker.id]


@pytest.mark.parametrize(
    ("blocked", "left"),
    [("one", [PART_REFUSED, "two", "three"]), ("three", ["one", "two", PART_REFUSED])],
    ids=["first", "last"],
)
async def test_a_message_that_is_refused_costs_no_other_and_leaves_a_remark(
    here: World, blocked: str, left: list[str]
) -> None:
    here.chat.blocked = {blocked}
    here.agent.answers[TURN] = "one\n\ntwo\n\nthree"
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [one.content.removeprefix("-# ").partition("\n")[0] for one in posted(here)] == left
    assert [one.notified for one in posted(here)] == [None, None, message(1).asker.id]
    assert posted(here)[-1].content.endswith(f"<@{message(1).asker.id}>")
    assert (await turn_of(here)).stage is Stage.DELIVERED


async def test_what_is_refused_while_the_agent_goes_on_is_replaced_at_once(here: World) -> None:
    here.chat.blocked = {"rude"}
    here.agent.texts[TURN] = ["Something rude.", "Something kind."]
    here.agent.answers[TURN] = "Bye."
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [one.content.partition("\n")[0] for one in posted(here)] == [f"-# {PART_REFUSED}", "Something kind.", "Bye."]


async def test_where_not_even_a_remark_is_taken_the_turn_has_failed_and_says_so(here: World) -> None:
    here.chat.blocked = {"one", PART_REFUSED}
    here.agent.answers[TURN] = "one"
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    last = shown(here)[-1]
    assert isinstance(last, Summary)
    assert (last.outcome, last.reason) == (Outcome.FAILED, "This was blocked.")


async def test_what_was_named_in_a_remark_that_was_refused_is_named_again(here: World) -> None:
    here.files.held[HOME] = {"outbox/film.mp4": b"x" * (MOST_BYTES + 1)}
    here.chat.blocked = {"film"}
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    await here.live()

    here.chat.blocked = set()
    await here.ledger.admit(message(2, thread=THREAD), here.now)
    await here.live()

    assert sum("film.mp4" in one.content for one in posted(here)) == 1


async def test_an_agent_that_was_interrupted_is_not_heard_saying_the_same_again(here: World) -> None:
    here.agent.interrupt[TURN] = 1
    here.agent.renames = True
    here.agent.texts[TURN] = ["I ask first."]
    here.agent.asks[TURN] = [Ask(AskId("per_1"), Permission("bash", "ls"))]
    here.agent.answers[TURN] = "Done."
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert len(here.agent.runs) == 2
    assert [one.content.partition("\n")[0] for one in posted(here)] == ["I ask first.", "Done."]


async def test_an_agent_that_was_not_interrupted_may_say_the_same_twice(here: World) -> None:
    here.agent.texts[TURN] = ["Again.", "Again."]
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert [one.content for one in posted(here)].count("Again.") == 2


def attached(*names: str) -> tuple[Attachment, ...]:
    return tuple(Attachment(name, name, 10, f"https://cdn.example/{name}") for name in names)


async def test_images_and_texts_are_shown_to_the_model_and_all_files_lie_in_the_workspace(here: World) -> None:
    files = {"a.png": PNG, "b.py": b"print()", "c.zip": b"PK\x03\x04\0"}
    here.chat.files = {name: File(name, content) for name, content in files.items()}
    await here.ledger.admit(replace(message(1, thread=THREAD), attachments=attached(*files)), here.now)

    await here.live()

    assert [file.name for file in here.agent.files[TURN]] == ["a.png", "b.py"]
    assert here.files.held[HOME] == {f"inbox/{name}": content for name, content in files.items()}
    assert all(f"inbox/{name}" in here.agent.prompts[TURN] for name in files)


async def test_a_file_that_the_server_cannot_read_lies_in_the_workspace(here: World) -> None:
    here.chat.files = {"a.png": File("a.png", PNG)}
    here.agent.unreadable.add(TURN)
    await here.ledger.admit(replace(message(1, thread=THREAD), attachments=attached("a.png")), here.now)

    await here.live()

    assert here.agent.files[TURN] == ()
    assert "inbox/a.png" in here.agent.prompts[TURN]


async def test_who_asked_hears_of_a_file_that_is_gone_and_the_rest_is_asked(here: World) -> None:
    await here.ledger.admit(replace(message(1, thread=THREAD), attachments=attached("a.png")), here.now)

    await here.live()

    assert here.chat.announced == [(TURN, "The file a.png is gone.")]
    assert TURN in here.agent.prompts


async def test_a_mention_with_a_file_and_no_words_is_a_question(here: World) -> None:
    here.chat.files = {"a.png": File("a.png", PNG)}
    await here.ledger.admit(replace(message(1, "", thread=THREAD), attachments=attached("a.png")), here.now)

    await here.live()

    assert [file.name for file in here.agent.files[TURN]] == ["a.png"]


def test_no_message_has_more_files_than_discord_takes() -> None:
    files = [File(f"{number}.txt", b"x" * (MOST_BYTES // 4)) for number in range(23)]

    groups = batches(files)
    contents = with_files([Content("first"), Content("last", (File("answer.md", b"y"),))], files)

    assert [len(group) for group in groups] == [4, 4, 4, 4, 4, 3]
    assert [content.text for content in contents] == ["first", *[""] * 5, "last"]
    assert sum(len(content.files) for content in contents) == 24
