import asyncio
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from app.ids import SessionId, TurnId
from app.opencode.client import Client
from app.opencode.patience import Patience
from app.opencode.reading import PAGE, Reader
from app.opencode.transcript import message_id
from app.sandboxes.provider import Endpoint
from app.turns.errors import Retriable
from app.turns.progress import Doing, Tool
from tests.opencode.conftest import PASSWORD, PATIENCE
from tests.opencode.samples import Message, assistant, user

pytestmark = pytest.mark.anyio

PROMPT = message_id(TurnId("31"))
SESSION = SessionId("ses_1")
STEPS = 300
SIZE = 20_000  # characters of which a step consists, four times over
JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def reading(server: Callable[..., Any], patience: Patience = PATIENCE) -> AsyncIterator[Reader]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http:
        client = Client(http, Endpoint("http://127.0.0.1"), PASSWORD, patience.read)
        yield Reader(client, SESSION, PROMPT, patience, lambda: 0.0)


# --- what is held of a long turn


class Archive:
    """A server with one long turn. `held` is how much memory was in use whenever a page was asked for."""

    def __init__(self) -> None:
        self.held: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        gc.collect()  # when the collector runs by itself depends on what ran before
        self.held.append(tracemalloc.get_traced_memory()[0])
        limit, end = (int(request.url.params.get(key, STEPS + 1)) for key in ("limit", "before"))
        begin = max(0, end - limit)
        page = [message(number) for number in range(begin, end)]
        return httpx.Response(
            200, content=json.dumps(page), headers=JSON | ({"X-Next-Cursor": str(begin)} if begin else {})
        )


def message(number: int) -> Message:
    """A step that has thought, read, edited and written much."""
    if number == 0:
        return user(PROMPT, "hi")
    answer, much = assistant(PROMPT, finish="tool-calls"), "x" * SIZE
    answer["info"]["id"] = f"msg_{number}"
    answer["parts"] = [
        {"type": "reasoning", "text": much},
        used("read", {"filePath": f"{number}.txt"}, output=much),
        used("edit", {"filePath": f"{number}.txt", "oldString": "", "newString": much}),
        used("write", {"filePath": f"{number}.txt", "content": much}),
    ]
    return answer


def used(name: str, given: dict[str, Any], status: str = "completed", **state: Any) -> dict[str, Any]:
    return {"type": "tool", "tool": name, "state": {"status": status, "input": given, **state}}


async def test_of_a_long_turn_no_more_is_held_than_what_is_shown_and_a_page() -> None:
    archive = Archive()
    async with reading(archive) as reader:
        tracemalloc.start()
        try:
            await reader.read()
            gc.collect()  # the last page
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    names = [tool.subject for tool in reader.progress().tools]
    assert names == [f"{number + 1}.txt" for number in range(STEPS) for _ in range(3)]
    assert max(archive.held) - archive.held[0] < 4 * PAGE * SIZE  # one is as large, and there are five
    assert held < STEPS * SIZE / 4


# --- a server that does not answer everything


@dataclass(slots=True)
class Working:
    """A server on which one turn runs, with a sub-agent. What is in `hanging` is not answered before `released`."""

    asks: list[dict[str, Any]] = field(default_factory=list)
    hanging: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    child: list[Message] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[str] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.seen.append(path)
        body = self._body(path)
        if path in self.hanging:
            await self.released.wait()
        if path in self.failing:
            return httpx.Response(502)
        return httpx.Response(200, content=body, headers=JSON)

    def _body(self, path: str) -> str:
        task = used("task", {"description": "Look"}, "running", metadata={"sessionId": "ses_2"})
        turn = assistant(PROMPT, finish=None)
        turn["parts"] = [task]
        prompt = user(PROMPT, "hi")
        prompt["info"]["time"]["created"] = BEGUN
        bodies: dict[str, Any] = {
            "/session/status": {SESSION: {"type": "busy"}},
            "/session/ses_1/message": [prompt, turn],
            "/session/ses_2/message": self.child,
            "/permission": self.asks,
        }
        return json.dumps(bodies.get(path, []))


BEGUN = 5  # milliseconds
RUN = {"id": "per_1", "sessionID": SESSION, "permission": "bash", "metadata": {"command": "ls"}}


async def test_a_sub_agent_that_does_not_tell_what_it_does_holds_up_no_question() -> None:
    server = Working(asks=[RUN], hanging={"/session/ses_2/message"})
    async with reading(server, replace(PATIENCE, read=30.0)) as reader, asyncio.timeout(10):
        for _ in range(3):
            await reader.look()

    assert len(reader.progress().asks or ()) == 1
    assert server.seen.count("/session/ses_2/message") == 1


async def test_a_list_that_comes_late_is_not_taken_for_the_newest_after_a_look_that_failed() -> None:
    server = Working(asks=[RUN], hanging={"/question"}, failing={"/session/ses_1/message"})
    async with reading(server) as reader:
        with pytest.raises(Retriable):
            await reader.look()
        server.failing.clear()
        server.hanging.clear()
        server.asks = []  # somebody has decided
        await reader.look()
        server.released.set()
        await asyncio.sleep(0)

        await reader.look()

    assert reader.progress().asks == ()


async def test_nothing_goes_on_behind_a_look_that_failed() -> None:
    server = Working(hanging={"/permission", "/question"}, failing={"/session/ses_1/message"})
    before = asyncio.all_tasks()
    async with reading(server) as reader:
        with pytest.raises(Retriable):
            await reader.look()

        left = asyncio.all_tasks() - before

    assert left == set()


# --- sub-agents


def done(created: int, *parts: dict[str, Any]) -> Message:
    answer = assistant("msg_child", finish="tool-calls")
    answer["info"]["time"]["created"] = created
    answer["parts"] = list(parts)
    return answer


async def inside(*child: Message) -> Tool | None:
    """What is shown of a sub-agent with these messages."""
    async with reading(Working(child=list(child)), replace(PATIENCE, glance=5.0)) as reader:
        await reader.look()
    (task,) = reader.progress().tools
    return task.inside


async def test_what_a_sub_agent_did_for_an_earlier_turn_is_not_what_it_does_now() -> None:
    earlier = done(BEGUN - 1, used("bash", {"command": "make"}))

    assert await inside(earlier) is None
    assert await inside(earlier, done(BEGUN, used("bash", {"command": "ls"}))) == Tool("bash", "ls", Doing.DONE)


async def test_a_tool_that_a_sub_agent_still_writes_the_call_of_is_not_shown() -> None:
    seen = await inside(done(BEGUN, used("bash", {"command": "ls"}, "running"), used("bash", {}, "pending")))

    assert seen == Tool("bash", "ls", Doing.RUNNING)
