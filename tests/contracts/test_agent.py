"""What the app promises itself of OpenCode, held against the real binary and against the fake that other tests use.

One server of each kind serves the whole module; every test has a thread and a session of its own.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.connections import open_http
from app.ids import SessionId, ThreadId, TurnId
from app.opencode.agent import OpenCodeAgent, Patience
from app.opencode.client import Client
from app.opencode.config import Options, model_of
from app.opencode.server import OpenCodeServer
from app.sandboxes.local import LocalProvider
from app.sandboxes.ports import Endpoint, Instance, Machine, Provider, Unclear
from app.turns.errors import Refused, Retriable
from app.turns.ports import Answer, Interrupted, Prompt
from scripts.playground.model import ScriptedModel
from scripts.playground.model_script import text_of
from tests.fakes.opencode import OneMachine

pytestmark = pytest.mark.anyio

TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "bin"
PATH = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
PASSWORD = "not a secret at all"
BOOT_SECONDS = 60.0
IMPATIENT = {
    "fake": Patience(settle=0.3, settle_unanswered=0.6, most_retries=1),
    "real": Patience(settle=1.5, settle_unanswered=3.0, most_retries=1),
}


def options(model: ScriptedModel) -> Options:
    limits = {"context": 200_000, "output": 8_192}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Playground",
        "options": {"baseURL": model.url, "apiKey": "none"},
        "models": {"scripted": {"name": "Scripted", "limit": limits, "tool_call": True}},
    }
    return Options("playground/scripted", extra={"provider": {"playground": provider}})


@dataclass(slots=True)
class World:
    model: ScriptedModel
    provider: Provider
    instance: Instance
    workspace: Path
    http: httpx.AsyncClient
    server: OpenCodeServer
    agent: OpenCodeAgent
    end_at_once: Callable[[], Awaitable[None]]
    endpoint: Endpoint = field(default_factory=lambda: Endpoint(""))
    threads: int = 0

    async def boot(self) -> None:
        self.endpoint = await self.server.boot(
            self.provider, self.instance.ref, PASSWORD, within=BOOT_SECONDS, fresh=True
        )

    def machine(self) -> Machine:
        """Another thread's, each time."""
        self.threads += 1
        return Machine(ThreadId(f"{self.threads}"), self.endpoint, PASSWORD, None)

    async def opened(self) -> tuple[Machine, SessionId]:
        machine = self.machine()
        return machine, await self.agent.open_session(machine, "a thread")

    async def ask(self, machine: Machine, session: SessionId, turn: str, text: str) -> Answer:
        async with asyncio.timeout(60):
            await self.agent.prompt(machine, session, Prompt(TurnId(turn), text))
            return await self.agent.await_answer(machine, session, TurnId(turn))

    def requests_about(self, text: str) -> list[dict[str, Any]]:
        """Those whose last user message contains it."""
        return [body for body in self.model.requests if text in last_prompt(body)]


def last_prompt(body: dict[str, Any]) -> str:
    return text_of([message for message in body["messages"] if message["role"] == "user"][-1])


async def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if true():
                return
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module", params=["fake", "real"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedModel())
        http = await stack.enter_async_context(open_http())
        folder = tmp_path_factory.mktemp(request.param)
        make = real if request.param == "real" else fake
        provider, instance, home, end_at_once = await make(folder)
        stack.push_async_callback(provider.close)
        ours = options(model)
        agent = OpenCodeAgent(http, model_of(ours), time.time, IMPATIENT[request.param])
        server = OpenCodeServer(http, ours)
        world = World(model, provider, instance, home / "workspace", http, server, agent, end_at_once)
        await world.boot()
        yield world
        await provider.delete(instance.ref)


Made = tuple[Provider, Instance, Path, Callable[[], Awaitable[None]]]


async def real(folder: Path) -> Made:
    provider = LocalProvider(folder, PATH)
    instance = await provider.create("contract", {}, within=60)

    async def end_at_once() -> None:
        record = json.loads((folder / "contract" / "programs" / "opencode.json").read_bytes())
        os.kill(record["pid"], signal.SIGKILL)

    return provider, instance, folder / "contract" / "home", end_at_once


async def fake(folder: Path) -> Made:
    provider = OneMachine(folder, PATH)

    async def end_at_once() -> None:
        await provider.close()

    (folder / "bin").mkdir()
    stub = folder / "bin" / "opencode"
    stub.touch()
    stub.chmod(0o755)
    provider.path = f"{folder / 'bin'}{os.pathsep}{PATH}"
    return provider, provider.instance, folder, end_at_once


async def test_an_answer_is_everything_that_the_model_said(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "1001", "!say First this. !bash true !say Then that.")

    assert answer.text == "First this.\n\nThen that."


async def test_tools_really_run_in_the_workspace(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "1101", "list the files and write hello.py")

    assert "Hello from OpenCode" in (world.workspace / "hello.py").read_text()
    assert "`hello.py`" in answer.text


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

    assert "without writing" in answer.text


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
    answer = await world.agent.await_answer(machine, session, prompt.turn)
    await world.agent.prompt(machine, session, prompt)
    again = await world.agent.await_answer(machine, session, prompt.turn)

    assert answer == again == Answer("Only once, please.")
    assert len(world.requests_about("Only once, please.")) == 1


async def test_an_aborted_turn_is_told_as_stopped_and_the_next_one_works(world: World) -> None:
    machine, session = await world.opened()
    started = world.workspace / "abort-started"
    prompt = Prompt(TurnId("1601"), "!bash touch abort-started; sleep 60")
    await world.agent.prompt(machine, session, prompt)
    await until(started.exists)

    await world.agent.abort(machine, session)
    with pytest.raises(Refused, match="stopped"):
        await world.agent.await_answer(machine, session, prompt.turn)
    answer = await world.ask(machine, session, "1602", "!say Still here.")

    assert answer.text == "Still here."


async def test_a_prompt_that_is_sent_right_after_an_abort_is_answered(world: World) -> None:
    machine, session = await world.opened()
    await world.agent.prompt(machine, session, Prompt(TurnId("1701"), "!slow 60 !say Too late."))
    await until(lambda: world.requests_about("Too late."))

    await world.agent.abort(machine, session)
    answer = await world.ask(machine, session, "1702", "!say In time.")

    assert answer.text == "In time."


async def test_a_refused_key_is_told_in_words_and_the_next_turn_works(world: World) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused) as failure:
        await world.ask(machine, session, "1801", "!fail 401")
    answer = await world.ask(machine, session, "1802", "!say Fine again.")

    assert_told_in_words(failure.value, "key")
    assert answer.text == "Fine again."


async def test_a_failing_model_is_given_up_in_words_and_the_next_turn_works(world: World) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused) as failure:
        await world.ask(machine, session, "1901", "!fail 500")
    answer = await world.ask(machine, session, "1902", "!say Fine again.")

    assert_told_in_words(failure.value, "try again")
    assert answer.text == "Fine again."


async def test_a_model_that_fails_once_is_asked_again_by_the_server(world: World) -> None:
    machine, session = await world.opened()

    answer = await world.ask(machine, session, "2001", "!fail 503 1 !say Better now.")

    assert answer.text == "Better now."
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
        await world.agent.await_answer(machine, session, prompt.turn)
    with pytest.raises(Unclear):
        await world.server.answers(world.endpoint, PASSWORD)
    await world.boot()
    machine = replace(machine, endpoint=world.endpoint, session=session)
    assert await world.agent.open_session(machine, "a thread") == session
    with pytest.raises(Interrupted):
        await world.agent.await_answer(machine, session, prompt.turn)
    await world.agent.prompt(machine, session, prompt)
    answer = await world.agent.await_answer(machine, session, prompt.turn)
    await world.ask(machine, session, "2102", "what was my colour?")

    assert answer.text == "It is done."
    (request,) = world.requests_about("what was my colour?")
    assert "my colour is green" in json.dumps(request["messages"])
    assert (world.workspace / "runs").read_text() == "ran\n"


async def test_a_far_away_next_try_is_not_waited_for(world: World) -> None:
    machine, session = await world.opened()

    with pytest.raises(Refused, match="too many requests"):
        await world.ask(machine, session, "2301", "!limit 600")
