import json
import tracemalloc
from typing import Any

import httpx
import pytest

from app.ids import SessionId, TurnId
from app.opencode.client import Client
from app.opencode.reading import PAGE, Reader
from app.opencode.transcript import message_id
from app.sandboxes.ports import Endpoint
from tests.opencode.conftest import PASSWORD, PATIENCE
from tests.opencode.samples import Message, assistant, user

pytestmark = pytest.mark.anyio

PROMPT = message_id(TurnId("31"))
STEPS = 300
OUTPUT = 20_000  # characters that the tool of a step has printed


class Archive:
    """A server with one long turn. `held` is how much memory was in use whenever a page was asked for."""

    def __init__(self) -> None:
        self.held: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.held.append(tracemalloc.get_traced_memory()[0])
        limit, end = (int(request.url.params.get(key, STEPS + 1)) for key in ("limit", "before"))
        begin = max(0, end - limit)
        page = [message(number) for number in range(begin, end)]
        headers = {"Content-Type": "application/json"} | ({"X-Next-Cursor": str(begin)} if begin else {})
        return httpx.Response(200, content=json.dumps(page), headers=headers)


def message(number: int) -> Message:
    if number == 0:
        return user(PROMPT, "hi")
    state: dict[str, Any] = {"status": "completed", "input": {"command": f"step {number}"}, "output": "x" * OUTPUT}
    answer = assistant(PROMPT, finish="tool-calls")
    answer["info"]["id"] = f"msg_{number}"
    answer["parts"] = [{"type": "tool", "tool": "bash", "state": state}]
    return answer


async def test_the_first_look_at_a_long_turn_does_not_hold_all_of_it() -> None:
    archive = Archive()
    async with httpx.AsyncClient(transport=httpx.MockTransport(archive)) as http:
        client = Client(http, Endpoint("http://127.0.0.1"), PASSWORD)
        reader = Reader(client, SessionId("ses_1"), PROMPT, PATIENCE, lambda: 0.0)
        tracemalloc.start()
        try:
            await reader.read()
        finally:
            tracemalloc.stop()

    assert [tool.subject for tool in reader.progress().tools] == [f"step {number + 1}" for number in range(STEPS)]
    assert max(archive.held) - archive.held[0] < 2 * PAGE * OUTPUT < STEPS * OUTPUT / 2
