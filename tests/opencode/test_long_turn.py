"""A turn of three minutes in which OpenCode tells of two thousand things, and how often we look at it.

All pauses are the real ones: time is that of a `LeapingLoop`.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.connections import open_http
from app.ids import SessionId, ThreadId, TurnId
from app.opencode.agent import OpenCodeAgent, Patience
from app.opencode.transcript import message_id
from app.sandboxes.ports import Machine
from app.sandboxes.provider import Endpoint
from app.turns.ports import Prompt
from app.turns.progress import Doing, Progress
from tests.fakes.leaping import LeapingLoop
from tests.fakes.opencode import FakeOpenCode, Session
from tests.opencode.conftest import PASSWORD

pytestmark = pytest.mark.anyio

SECONDS = 180.0
STEPS = 100  # of the model, a message each; and one more for the last words
TOOLS = 10  # of a step; each begins and ends
TURN = TurnId("31")
PATIENCE = Patience()
LAST_WORDS = "That was all."


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": LeapingLoop}


class Diligent(FakeOpenCode):
    """Has no model: it works by the clock."""

    async def _run(self, session: Session) -> None:
        for number in range(STEPS):
            await self._use_tools(session, number)
        answer = self._begin(session, message_id(TURN))
        self._say(session, answer, LAST_WORDS)
        self._complete(session, answer, "stop")
        self._work.pop(session.id)
        self._rest(session.id)

    async def _use_tools(self, session: Session, number: int) -> None:
        answer = self._begin(session, message_id(TURN))
        self._say(session, answer, f"Step {number} of many.")
        for call in range(TOOLS):
            command = {"command": f"step {number}.{call}"}
            state: dict[str, Any] = {"status": "running", "input": command, "metadata": {}}
            part = self._add(session, answer, {"type": "tool", "tool": "bash", "state": state})
            await self._pass()
            state.update(status="completed", output="x" * 1_000, title="", metadata={"output": "x" * 1_000})
            self._tell("message.part.updated", session.id, part=part)
            await self._pass()
        self._complete(session, answer, "tool-calls")

    async def _pass(self) -> None:
        await asyncio.sleep(SECONDS / STEPS / TOOLS / 2)

    def _say(self, session: Session, answer: dict[str, Any], text: str) -> None:
        self._add(session, answer, {"type": "text", "text": text, "time": {"start": 1, "end": 2}})

    def _complete(self, session: Session, answer: dict[str, Any], finish: str) -> None:
        answer["info"].update(finish=finish)
        answer["info"]["time"]["completed"] = answer["info"]["time"]["created"]
        self._tell("message.updated", session.id, info=answer["info"])


@dataclass(frozen=True, slots=True)
class Course:
    """What was asked of the server, by the kind of address; how many messages it sent; what was seen."""

    requests: Counter[str]
    sent: int
    seconds: float
    looks: int
    last: Progress


@pytest.fixture(scope="module")
async def course(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Course]:
    """One for all tests of this module."""
    server = Diligent(tmp_path_factory.mktemp("workspace"), PASSWORD, {})
    await server.start()
    async with open_http() as http:
        machine = Machine(ThreadId("7"), Endpoint(f"http://127.0.0.1:{server.port}"), PASSWORD, None)
        agent = OpenCodeAgent(http, "playground/scripted", time.time, PATIENCE)
        yield await play(server, agent, machine)
    await server.kill()


async def play(server: FakeOpenCode, agent: OpenCodeAgent, machine: Machine) -> Course:
    session, clock = await agent.open_session(machine, "a thread"), asyncio.get_running_loop().time
    await agent.prompt(machine, session, Prompt(TURN, "do a lot"))
    server.seen.clear()
    server.sent, began, looks = 0, clock(), 0
    async for progress in agent.follow(machine, session, TURN):
        looks, last = looks + 1, progress
    requests = Counter(kind_of(path, session) for _, path in server.seen)
    return Course(requests, server.sent, clock() - began, looks, last)


def kind_of(path: str, session: SessionId) -> str:
    return path.replace(f"/{session}", "")


def most_looks(seconds: float) -> float:
    """The first, those that the pace allows, and a few that are called for at once: the stream opens, the turn ends."""
    return seconds / PATIENCE.pace + 5


async def test_we_look_no_more_often_than_at_our_pace(course: Course) -> None:
    requests, most = Counter(course.requests), most_looks(course.seconds)

    statuses, pages = requests.pop("/session/status"), requests.pop("/session/message")
    permissions, questions = requests.pop("/permission"), requests.pop("/question")

    assert course.seconds == pytest.approx(SECONDS, abs=1.0)
    assert statuses <= most
    assert max(permissions, questions) <= SECONDS / (PATIENCE.lists - PATIENCE.poll) + 5
    assert pages <= statuses + STEPS + 1  # a new message takes a second page
    assert requests == {"/event": 1}


async def test_no_message_is_read_again_once_it_is_known(course: Course) -> None:
    """But for the newest, at every look, and what the second page of a new one brings along."""
    assert course.sent <= course.requests["/session/status"] + 4 * (STEPS + 1)


async def test_everything_is_seen_in_the_end(course: Course) -> None:
    said = [*(f"Step {number} of many." for number in range(STEPS)), LAST_WORDS]

    assert course.last.ended
    assert [text.text for text in course.last.texts] == said
    assert [(tool.subject, tool.doing) for tool in course.last.tools] == [
        (f"step {number}.{call}", Doing.DONE) for number in range(STEPS) for call in range(TOOLS)
    ]


async def test_it_is_seen_as_it_happens(course: Course) -> None:
    """Else the bounds above would say nothing."""
    assert course.looks > 0.7 * most_looks(course.seconds)
