"""What is asked as in OpenCode's own terminal: which of it is meant as a command."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.turns.catalogue import Command, command_in
from app.turns.records import Attachment, Request
from tests.samples import command, message
from tests.turns.engine import World, world

pytestmark = pytest.mark.anyio
THREAD = "400000000000000001"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def understood(here: World, request: Request) -> Command | None:
    await here.ledger.admit(request, here.now)
    await here.live()
    return here.agent.commands[request.id]


async def test_what_is_asked_by_a_command_of_ours_may_be_one_of_opencodes(here: World) -> None:
    found = await understood(here, command(1, "/review the last commit", thread=THREAD))

    assert found == Command("review", "the last commit")
    assert here.agent.prompts[command(1).id].endswith("/review the last commit")


async def test_a_command_on_a_machine_that_was_replaced_comes_after_what_was_said(here: World) -> None:
    first = command(1, "/review the tests", thread=THREAD)
    await understood(here, first)
    here.agent.lose_session(THREAD)

    await understood(here, command(2, "/review the last commit", thread=THREAD))
    await understood(here, command(3, "/review it again", thread=THREAD))

    assert f"answer to {first.id}" in here.agent.befores[command(2).id]
    assert here.agent.befores[first.id] == here.agent.befores[command(3).id] == ""


async def test_what_people_say_among_themselves_is_never_one(here: World) -> None:
    assert await understood(here, message(1, "/review the last commit", thread=THREAD)) is None


async def test_nor_is_it_one_when_it_is_asked_again_by_a_button(here: World) -> None:
    again = replace(command(1, "/review the last commit", thread=THREAD), plain=True)

    assert await understood(here, again) is None


async def test_what_comes_with_a_file_is_a_prompt(here: World) -> None:
    file = Attachment("9", "a.txt", 3, "https://cdn.discordapp.com/a.txt")

    found = await understood(here, replace(command(1, "/review this", thread=THREAD), attachments=(file,)))

    assert found is None


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("/init", Command("init", "")),
        ("/init  be\nbrief ", Command("init", "be\nbrief")),
        ("/own/thing x", Command("own/thing", "x")),
        ("init", None),
        ("please /init", None),
        ("/", None),
        ("/ init", None),
        ("//init", None),
        ("/what?", None),
    ],
)
def test_a_command_is_one_word_behind_a_slash(prompt: str, expected: Command | None) -> None:
    assert command_in(prompt) == expected
