"""OpenCode's own commands as turns like any other, held against the real binary and against the fake that other tests
use."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.ids import TurnId
from app.turns.catalogue import Command
from app.turns.errors import Refused
from app.turns.ports import Interrupted, Prompt
from scripts.playground.model_script import text_of
from tests.contracts.agent_stage import World, last_prompt, staged, text_said, until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["fake", "real"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with staged(request.param, tmp_path_factory.mktemp(request.param)) as world:
        yield world


def prompt(turn: str, name: str, arguments: str) -> Prompt:
    return Prompt(TurnId(turn), f"/{name} {arguments}", command=Command(name, arguments))


async def test_a_command_is_answered_as_a_prompt_is_and_repeated_runs_once(world: World) -> None:
    machine, session = await world.opened()
    greeting = prompt("9001", "greet", "to you all")

    for _ in range(2):
        await world.agent.prompt(machine, session, greeting)
        end = (await world.followed(machine, session, "9001"))[-1]

    assert text_said(end) == "Hello to you all"
    assert len(world.requests_about("Hello to you all")) == 1


async def test_what_a_new_session_must_know_comes_before_a_command_and_is_not_answered(world: World) -> None:
    machine, session = await world.opened()
    before = "This thread is older than this session. alice: my favourite number is 47."
    greeting = replace(prompt("9005", "greet", "to the newcomers"), before=before)

    for _ in range(2):
        await world.agent.prompt(machine, session, greeting)
        end = (await world.followed(machine, session, "9005"))[-1]
    after = await world.ask(machine, session, "9006", "!say Known.")

    (asked,) = world.requests_about("Hello to the newcomers")
    texts = [text_of(one) for one in asked["messages"] if one["role"] == "user"]
    assert texts == [before, "!say Hello to the newcomers"]
    assert (text_said(end), text_said(after)) == ("Hello to the newcomers", "Known.")


async def test_a_command_that_opencode_does_not_have_is_asked_in_words(world: World) -> None:
    machine, session = await world.opened()

    await world.agent.prompt(machine, session, prompt("9011", "no-such", "thing"))
    await world.followed(machine, session, "9011")

    assert last_prompt(world.model.requests[-1]) == "/no-such thing"


async def test_a_command_that_a_sub_agent_runs_comes_to_its_end(world: World) -> None:
    machine, session = await world.opened()

    await world.agent.prompt(machine, session, prompt("9021", "hand-over", "done"))
    end = (await world.followed(machine, session, "9021"))[-1]

    assert end.ended


async def test_a_command_can_be_stopped_and_the_next_question_is_answered(world: World) -> None:
    machine, session = await world.opened()
    await world.agent.prompt(machine, session, prompt("9031", "take-long", "stopped"))
    await until((world.workspace / "stopped").exists)

    await world.agent.abort(machine, session)
    with pytest.raises(Refused, match="stopped"):
        await world.followed(machine, session, "9031")
    end = await world.ask(machine, session, "9032", "!say Still here.")

    assert text_said(end) == "Still here."


async def test_a_command_that_a_killed_server_cut_off_is_completed(world: World) -> None:
    machine, session = await world.opened()
    command = prompt("9041", "take-long", "killed")
    await world.agent.prompt(machine, session, command)
    await until((world.workspace / "killed").exists)

    await world.end_at_once()
    (world.workspace / "naps").write_text("0")
    await world.boot()
    machine = replace(machine, endpoint=world.endpoint, session=session)
    with pytest.raises(Interrupted):
        await world.followed(machine, session, "9041")
    await world.agent.prompt(machine, session, command)
    end = (await world.followed(machine, session, "9041"))[-1]

    assert text_said(end) == "Rested."
