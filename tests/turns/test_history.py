"""What a session that is younger than its thread is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import UserId
from app.sandboxes.keeper import name_of
from app.turns.history import BETWEEN, CUT, MOST_CHARACTERS, MOST_MESSAGES, Said, recent_lines, said_by, with_history
from app.turns.machine import Stage
from app.turns.records import Asker, Request
from app.words.answer import NEW_MACHINE
from tests.samples import ALICE, command, message
from tests.turns.engine import World, world

THREAD = "400000000000000001"


def test_a_prompt_without_a_history_stays_as_it_is() -> None:
    assert with_history("go on", []) == "go on"
    assert with_history("go on", [Said("alice", " \n")]) == "go on"


def test_what_was_said_comes_before_the_prompt_in_its_order_and_with_its_authors() -> None:
    text = with_history("go on", [Said("alice", "make a file"), Said("OpenCode", "made")])

    assert text.index("alice: make a file") < text.index("OpenCode: made") < text.index("go on")
    assert text.endswith("go on")


def test_of_many_messages_the_newest_count() -> None:
    lines = recent_lines([Said("alice", str(number)) for number in range(100)])

    assert lines == [f"alice: {number}" for number in range(100 - MOST_MESSAGES, 100)]


def test_of_long_messages_as_much_goes_in_as_fits_and_the_end_is_kept() -> None:
    lines = recent_lines([Said("alice", "a" * 5_000 + "END"), Said("bob", "b" * 5_000)])

    assert len(BETWEEN.join(lines)) == MOST_CHARACTERS
    assert lines[0].startswith(CUT)
    assert lines[0].endswith("END")
    assert lines[1] == "bob: " + "b" * 5_000


NAMES = [
    ("alice", "alice"),
    ("al\nice", "al ice"),
    ("bob (42): yes\n\neve", "bob 42 yes eve"),
    ("bob\u2028eve", "bob eve"),
    (" \n", "somebody"),
    ("():", "somebody"),
]


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_a_name_looks_like_nothing_but_a_name(name: str, shown: str) -> None:
    asked = said_by(Asker(UserId("7"), name), "make a file")
    told = recent_lines([Said(name, "make a file")])

    assert asked == f"{shown} (7): make a file"
    assert told == [f"{shown}: make a file"]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def answered(here: World, request: Request) -> str:
    """The text of the prompt that this request became."""
    await here.ledger.admit(request, here.now)
    await here.live()
    turn = await here.ledger.turn(request.id)
    assert turn is not None
    assert turn.stage is Stage.DELIVERED
    return here.agent.prompts[request.id]


@pytest.mark.anyio
async def test_a_session_that_remembers_is_told_nothing(here: World) -> None:
    await answered(here, command(1, "make a file", THREAD))

    prompt = await answered(here, command(2, "and another", THREAD))

    assert prompt == said_by(ALICE, "and another")
    assert here.chat.announced == []


@pytest.mark.anyio
async def test_when_the_machine_is_lost_the_thread_is_told_and_the_new_session_knows_what_was_said(here: World) -> None:
    first = command(1, "make a file", THREAD)
    await answered(here, first)
    here.provider.lose(name_of(THREAD))  # type: ignore[arg-type]
    here.agent.lose_session(THREAD)

    prompt = await answered(here, command(2, "and another", THREAD))
    third = await answered(here, command(3, "and a third", THREAD))

    assert "make a file" in prompt
    assert f"answer to {first.id}" in prompt
    assert prompt.endswith("and another")
    assert third == said_by(ALICE, "and a third")
    assert here.chat.announced == [(command(2).id, NEW_MACHINE)]


@pytest.mark.anyio
async def test_who_is_asked_in_an_old_thread_for_the_first_time_knows_what_was_said_and_speaks_of_no_loss(
    here: World,
) -> None:
    here.chat._append(THREAD, "the build is red", None)

    prompt = await answered(here, command(1, "mend it", THREAD))

    assert "the build is red" in prompt
    assert here.chat.announced == []


@pytest.mark.anyio
async def test_a_thread_of_its_own_has_no_history(here: World) -> None:
    assert await answered(here, message(1, "make a file")) == said_by(ALICE, "make a file")


@pytest.mark.anyio
async def test_a_machine_that_is_lost_in_the_middle_is_told_and_the_same_prompt_goes_to_the_new_one(
    here: World,
) -> None:
    here.agent.speak = asyncio.Event()
    asked = command(1, "make a file", THREAD)
    await here.ledger.admit(asked, here.now)
    engine = asyncio.create_task(here.live())
    await here.agent.thinking.wait()
    here.agent.interrupt[asked.id] = 0
    here.agent._cut.add(asked.id)
    here.agent.lose_session(THREAD)

    here.agent.speak.set()
    await engine

    assert [session for session, _ in here.agent.runs] == [f"ses_{THREAD}", f"ses_{THREAD}_1"]
    assert here.chat.announced == [(asked.id, NEW_MACHINE)]
