"""When the lists of what is asked are read, and which of what they hold is shown."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest

from app.ids import SessionId, TurnId
from app.opencode.chronicle import Chronicle
from app.opencode.client import Client
from app.opencode.listening import Bell
from app.opencode.open_asks import OpenAsks
from app.opencode.patience import Patience
from app.opencode.reading import Reader
from app.opencode.slimming import slim
from app.opencode.transcript import message_id
from app.sandboxes.provider import Endpoint
from tests.fakes.leaping import LeapingLoop
from tests.opencode.conftest import PASSWORD
from tests.opencode.samples import assistant, user

pytestmark = pytest.mark.anyio

SESSION = SessionId("ses_1")
PROMPT = message_id(TurnId("31"))
ANSWER = "msg_2041"  # of this turn
BEGUN = 10  # milliseconds
SECONDS = 5.0


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": LeapingLoop}


@dataclass(slots=True)
class Server:
    """One that asks for permissions. ses_2 is a sub-agent of the session, ses_9 is somebody else's; `created` is when
    the message with which the sub-agent asks was."""

    asks: list[dict[str, Any]] = field(default_factory=list)
    works: bool = True
    created: int = BEGUN
    seen: list[str] = field(default_factory=list)
    read_at: list[float] = field(default_factory=list)  # the lists, by the loop's clock

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.seen.append(path)
        if path == "/permission":
            self.read_at.append(asyncio.get_running_loop().time())
        bodies: dict[str, Any] = {
            "/session/status": {SESSION: {"type": "busy"}},
            "/session/ses_1/message": [user(PROMPT, "hi"), assistant(PROMPT, finish=None)],
            "/permission": self.asks,
            "/question": [],
            "/session/ses_2": {"id": "ses_2", "parentID": SESSION},
            "/session/ses_9": {"id": "ses_9"},
            "/session/ses_2/message/msg_child": {"info": {"id": "msg_child", "time": {"created": self.created}}},
        }
        return httpx.Response(200, json=bodies[path]) if self.works else httpx.Response(502)

    @property
    def readings(self) -> int:
        return len(self.read_at)


@dataclass(slots=True)
class Desk:
    server: Server
    asks: OpenAsks
    rings: int = 0

    async def look(self) -> list[str] | None:
        """The ids of what is asked."""
        await self.asks.read(self.rings)
        await self.asks.sift()
        return None if self.asks.now is None else [str(ask.id) for ask in self.asks.now]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    server, chronicle = Server(), Chronicle(PROMPT)
    prompt = user(PROMPT, "hi")
    prompt["info"]["time"]["created"] = BEGUN
    chronicle.take([slim(prompt), slim(assistant(PROMPT, finish=None))])
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http:
        client = Client(http, Endpoint("http://127.0.0.1"), PASSWORD)
        yield Desk(server, OpenAsks(client, SESSION, chronicle, SECONDS))


def asked(id: str, message: str | None = ANSWER, session: str = SESSION) -> dict[str, Any]:
    tool = {"messageID": message, "callID": "call_1"} if message else None
    return {"id": id, "sessionID": session, "permission": "bash", "metadata": {"command": "ls"}, "tool": tool}


# --- when they are read


async def test_lists_that_are_empty_are_read_again_after_a_while_or_when_an_event_calls_for_it(desk: Desk) -> None:
    readings = []
    for pause, rings in ((0.0, 0), (SECONDS - 1.0, 0), (1.0, 0), (0.0, 1), (0.0, 1)):
        await asyncio.sleep(pause)
        desk.rings = rings
        await desk.look()
        readings.append(desk.server.readings)

    assert readings == [1, 1, 2, 3, 3]


async def test_of_a_turn_that_is_silent_the_lists_are_read_every_five_seconds() -> None:
    """With the real pauses."""
    patience, server = Patience(), Server()
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http:
        reader = Reader(Client(http, Endpoint("http://127.0.0.1"), PASSWORD), SESSION, PROMPT, patience, lambda: 0.0)
        for _ in range(20):
            await reader.look()
            await Bell().wait(patience.pace, patience.poll)

    pauses = [later - earlier for earlier, later in pairwise(server.read_at)]
    assert 3.0 <= min(pauses) <= max(pauses) <= 5.0


async def test_as_long_as_something_is_listed_every_look_reads_the_lists(desk: Desk) -> None:
    """Else buttons would stand for seconds below what was decided somewhere else."""
    desk.server.asks = [asked("per_1")]
    shown = await desk.look()
    desk.server.asks = []

    assert (shown, await desk.look()) == (["per_1"], [])


async def test_what_could_not_be_read_is_read_at_the_next_look(desk: Desk) -> None:
    await desk.look()
    await asyncio.sleep(SECONDS)
    desk.server.works = False
    failed = await desk.look()
    desk.server.works, desk.server.asks = True, [asked("per_1")]

    assert (failed, await desk.look()) == ([], ["per_1"])


async def test_what_stood_there_before_nothing_ran_is_not_shown_again_unread(desk: Desk) -> None:
    desk.server.asks = [asked("per_1")]
    await desk.look()
    desk.asks.none()
    desk.server.works = False

    assert await desk.look() == []


async def test_when_something_runs_again_the_lists_are_read_at_once(desk: Desk) -> None:
    await desk.look()
    desk.asks.none()
    desk.server.asks = [asked("per_1")]

    assert await desk.look() == ["per_1"]


# --- whose they are


async def test_what_an_earlier_turn_has_left_behind_is_not_shown(desk: Desk) -> None:
    desk.server.asks = [asked("per_1", "msg_of_an_earlier_turn"), asked("per_2"), asked("per_3", message=None)]

    assert await desk.look() == ["per_2", "per_3"]


async def test_what_a_stranger_asks_is_not_shown(desk: Desk) -> None:
    desk.server.asks = [asked("per_1", session="ses_9"), asked("per_2", message=None, session="ses_9")]

    assert await desk.look() == []


@pytest.mark.parametrize(("created", "shown"), [(BEGUN - 1, []), (BEGUN, ["per_1"]), (BEGUN + 1, ["per_1"])])
async def test_a_sub_agent_asks_for_the_turn_in_which_it_asks(desk: Desk, created: int, shown: list[str]) -> None:
    """One of an earlier turn may have left something behind, and may be gone on with."""
    desk.server.created = created
    desk.server.asks = [asked("per_1", "msg_child", "ses_2")]

    assert await desk.look() == shown


async def test_whose_an_ask_is_is_found_out_once(desk: Desk) -> None:
    """It may stand there for an hour, with a look every two seconds."""
    desk.server.asks = [asked("per_1", "msg_child", "ses_2"), asked("per_2", session="ses_9")]

    for _ in range(3):
        await desk.look()

    assert desk.server.readings == 3
    assert sorted(path for path in desk.server.seen if path.startswith("/session")) == [
        "/session/ses_2",
        "/session/ses_2/message/msg_child",
        "/session/ses_9",
    ]
