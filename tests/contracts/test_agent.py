"""What the app promises itself of OpenCode, held against the real binary and against the fake that other tests use:
sessions, prompts, answers, failures. How a turn goes in between is in `test_agent_at_work`.

One server of each kind serves the whole module; every test has a thread and a session of its own.
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.ids import SessionId, TurnId
from app.opencode.agent import OpenCodeAgent
from app.opencode.client import Client
from app.sandboxes.provider import Endpoint, Unclear
from app.turns.errors import Refused, Retriable
from app.turns.ports import Interrupted, Prompt
from tests.contracts.agent_stage import IMPATIENT, PASSWORD, World, last_prompt, staged, text_said, until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["fake", "real"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with staged(request.param, tmp_path_factory.mktemp(request.param)) as world:
        yield world


async def test_an_answer_is_everything_that_the_model_said(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "1001", "!say First this. !bash true !say Then that.")

    assert text_said(answer) == "First this.\n\nThen that."


async def test_tools_really_run_in_the_workspace(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "1101", "list the files and write hello.py")

    assert "Hello from OpenCode" in (world.workspace / "hello.py").read_text()
    assert "`hello.py`" in text_said(answer)


async def test_the_second_turn_of_a_session_shows_the_model_the_first(world: World) -> None:
    machine, session = await world.opened()
    await world.ask(machine, session, "1201", "my number is 4711")

    await world.ask(machine, session, "1202", "what was my number?")

    (request,) = world.requests_about("what was my number?")
    assert "my number is 4711" in json.dumps(request["messages"])


async def test_a_long_prompt_arrives_whole(world: World) -> None:
    machine, session = await world.opened()
    prompt = "x" * 6_000

    await world.ask(machine, session, "1301", prompt)

    assert prompt in last_prompt(world.requests_about(prompt)[0])


async def test_a_model_that_says_nothing_is_told_as_that(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "1401", "!say")

    assert "without writing" in text_said(answer)


async def test_a_session_is_found_again_by_its_id_and_by_its_thread(world: World) -> None:
    machine, session = await world.opened()

    by_id = await world.agent.open_session(replace(machine, session=session), "another title")
    by_thread = await world.agent.open_session(machine, "another title")

    assert (by_id, by_thread) == (session, session)


async def test_a_session_that_is_gone_is_replaced(world: World) -> None:
    machine = replace(world.machine(), session=SessionId("ses_gone"))

    session = await world.agent.open_session(machine, "a title")

    assert session not in ("ses_gone", "")
    assert await world.agent.open_session(replace(machine, session=session), "a title") == session


async def test_threads_do_not_share_a_session(world: World) -> None:
    _, one = await world.opened()
    _, other = await world.opened()

    assert one != other


async def test_a_repeated_prompt_is_asked_once(world: World) -> None:
    machine, session = await world.opened()
    prompt = Prompt(TurnId("1501"), "!slow 0.5 !say Only once, please.")

    await world.agent.prompt(machine, session, prompt)
    await world.agent.prompt(machine, session, prompt)
    answer = (await world.followed(machine, session, prompt.turn))[-1]
    await world.agent.prompt(machine, session, prompt)
    again = (await world.followed(machine, session, prompt.turn))[-1]

    assert answer == again
    assert text_said(answer) == "Only once, please."
    assert len(world.requests_about("Only once, please.")) == 1


async def test_an_aborted_turn_is_told_as_stopped_and_the_next_one_works(world: World) -> None:
    machine, session = await world.opened()
    started = world.workspace / "abort-started"
    prompt = Prompt(TurnId("1601"), "!bash touch abort-started; sleep 60")
    await world.agent.prompt(machine, session, prompt)
    await until(started.exists)

    await world.agent.abort(machine, session)
    with pytest.raises(Refused, match="stopped"):
        await world.followed(machine, session, prompt.turn)
    answer = await world.ask(machine, session, "1602", "!say Still here.")

    assert text_said(answer) == "Still here."


async def test_a_prompt_that_is_sent_right_after_an_abort_is_answered(world: World) -> None:
    machine, session = await world.opened()
    await world.agent.prompt(machine, session, Prompt(TurnId("1701"), "!slow 60 !say Too late."))
    await until(lambda: world.requests_about("Too late."))

    await world.agent.abort(machine, session)
    answer = await world.ask(machine, session, "1702", "!say In time.")

    assert text_said(answer) == "In time."


async def test_a_refused_key_is_told_in_words_and_the_next_turn_works(world: World) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused) as failure:
        await world.ask(machine, session, "1801", "!fail 401")
    answer = await world.ask(machine, session, "1802", "!say Fine again.")

    assert_told_in_words(failure.value, "key")
    assert text_said(answer) == "Fine again."


async def test_a_chosen_model_that_its_provider_does_not_offer_is_for_whoever_chose_it_to_change(world: World) -> None:
    machine, session = await world.opened()
    agent = OpenCodeAgent(world.http, "playground/the-operators", time.time, IMPATIENT["real"])
    await agent.prompt(machine, session, Prompt(TurnId("281"), "!fail 404", model="playground/scripted"))

    with pytest.raises(Refused) as refusal:
        async for _ in agent.follow(machine, session, TurnId("281")):
            pass

    assert "'playground/scripted'" in refusal.value.tell
    assert "/opencord model" in refusal.value.tell


@pytest.mark.parametrize(
    ("kind", "prompt", "nearest"),
    [
        ("model", Prompt(TurnId("271"), "!say Never.", model="playground/scirpted"), "playground/scripted"),
        ("agent", Prompt(TurnId("273"), "!say Never.", agent="plam"), "plan"),
    ],
)
async def test_what_somebody_chose_and_the_server_does_not_have_is_told_with_the_nearest_and_not_asked(
    world: World, kind: str, prompt: Prompt, nearest: str
) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused) as refusal:
        await world.agent.prompt(machine, session, prompt)
    end = await world.ask(machine, session, f"{prompt.turn}9", "!say Fine.")

    assert f"no {kind} called '{prompt.model or prompt.agent}'. Nearest to it: {nearest}" in refusal.value.tell
    assert f"/opencord {kind}" in refusal.value.tell
    assert text_said(end) == "Fine."
    assert not world.requests_about("Never.")


async def test_a_failing_model_is_given_up_in_words_and_the_next_turn_works(world: World) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused) as failure:
        await world.ask(machine, session, "1901", "!fail 500")
    answer = await world.ask(machine, session, "1902", "!say Fine again.")

    assert_told_in_words(failure.value, "try again")
    assert text_said(answer) == "Fine again."


async def test_a_model_that_fails_once_is_asked_again_by_the_server(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "2001", "!fail 503 1 !say Better now.")

    assert text_said(answer) == "Better now."
    assert len(world.requests_about("Better now.")) == 2


def assert_told_in_words(refusal: Refused, about: str) -> None:
    assert refusal.tell.startswith("Sorry")
    assert about in refusal.tell
    assert not any(trace in refusal.tell for trace in ("http", "127.0.0.1", "{", "Invalid API key", "stumbled"))


async def test_events_arrive_and_begin_with_a_greeting(world: World) -> None:
    client = Client(world.http, world.endpoint, PASSWORD)

    async with client.events() as events:
        first = await anext(events)

    assert first["type"] == "server.connected"


async def test_only_the_right_password_counts_as_an_answer(world: World) -> None:
    assert await world.server.answers(world.endpoint, PASSWORD)
    assert not await world.server.answers(world.endpoint, "guessed")


async def test_a_server_that_cannot_be_reached_may_be_at_work_all_the_same(world: World) -> None:
    with pytest.raises(Unclear):
        await world.server.answers(Endpoint("http://127.0.0.1:1"), PASSWORD)


async def test_a_killed_server_interrupts_the_turn_and_the_same_prompt_completes_it_once(world: World) -> None:
    """And the session knows everything that was said before. One test, for a boot takes seconds."""
    machine, session = await world.opened()
    await world.ask(machine, session, "2100", "my colour is green")
    command = "if [ -e once ]; then echo second; else touch once; sleep 60; fi; echo ran >> runs"
    prompt = Prompt(TurnId("2101"), f"!bash {command} !say It is done.")
    await world.agent.prompt(machine, session, prompt)
    await until((world.workspace / "once").exists)

    await world.end_at_once()
    with pytest.raises(Retriable):
        await world.followed(machine, session, prompt.turn)
    with pytest.raises(Unclear):
        await world.server.answers(world.endpoint, PASSWORD)
    await world.boot()
    machine = replace(machine, endpoint=world.endpoint, session=session)
    assert await world.agent.open_session(machine, "a thread") == session
    with pytest.raises(Interrupted):
        await world.followed(machine, session, prompt.turn)
    await world.agent.prompt(machine, session, prompt)
    answer = (await world.followed(machine, session, prompt.turn))[-1]
    await world.ask(machine, session, "2102", "what was my colour?")

    assert text_said(answer) == "It is done."
    (request,) = world.requests_about("what was my colour?")
    assert "my colour is green" in json.dumps(request["messages"])
    assert (world.workspace / "runs").read_text() == "ran\n"


async def test_a_far_away_next_try_is_not_waited_for(world: World) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused, match="too many requests"):
        await world.ask(machine, session, "2301", "!limit 600")
