import gzip
import time
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from app.ids import SessionId, ThreadId, TurnId
from app.opencode.client import Client, Health, Missing
from app.opencode.wire import MOST_EVENT_BYTES, Overlong
from app.opencode.workbench import OpenCodeWorkbench
from app.sandboxes.provider import Endpoint
from app.turns.errors import Refused, Retriable
from tests.opencode.conftest import PASSWORD, Desk

pytestmark = pytest.mark.anyio
MODEL = "playground/scripted"


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1_000_000)


FLOOD = httpx.MockTransport(lambda request: httpx.Response(200, content=endless()))


async def test_a_request_that_is_never_answered_is_repeated(desk: Desk) -> None:
    client = hasty(desk)
    desk.fake.silent = 2

    status = await client.status(desk.session)

    assert not status.busy


async def test_a_server_that_answers_nothing_is_worth_another_try_later(desk: Desk) -> None:
    client = hasty(desk)
    desk.fake.silent = 3

    with pytest.raises(Retriable, match="does not answer"):
        await client.status(desk.session)


async def test_a_session_is_not_made_twice_by_itself(desk: Desk) -> None:
    client = hasty(desk)
    desk.fake.silent = 1

    with pytest.raises(Retriable):
        await client.create_session(ThreadId("8"), "a title")

    assert len(desk.fake.sessions) == 1


def hasty(desk: Desk) -> Client:
    return Client(desk.http, desk.machine.endpoint, PASSWORD, read_seconds=0.1)


async def test_what_does_not_exist_is_missing(desk: Desk) -> None:
    with pytest.raises(Missing):
        await desk.client.message(desk.session, "msg_dc404")
    assert not await desk.client.has_session(SessionId("ses_404"))


async def test_a_web_page_is_no_answer(desk: Desk) -> None:
    desk.fake.html = True

    with pytest.raises(Retriable, match="text/html"):
        await desk.client.sessions()
    assert await desk.client.health() is Health.FOREIGN


async def test_messages_come_in_order_page_by_page_from_the_newest(desk: Desk) -> None:
    told = [{"info": {"id": f"msg_{n:04}", "role": "user"}, "parts": []} for n in range(150)]
    desk.fake.sessions[desk.session].messages += told

    recent, before = await desk.client.page(desk.session, 60)
    older, begin = await desk.client.page(desk.session, 100, before)

    assert recent == told[-60:]
    assert older == told[:-60]
    assert begin is None


async def test_events_that_cannot_be_had_are_worth_another_try(desk: Desk) -> None:
    desk.fake.events_work = False

    with pytest.raises(Retriable):
        async with desk.client.events():
            pass


async def test_a_stream_without_a_heartbeat_is_given_up(desk: Desk) -> None:
    client = Client(desk.http, desk.machine.endpoint, PASSWORD, silence_seconds=0.2)

    with pytest.raises(Retriable, match="events stopped"):
        await listen(client)


@pytest.mark.parametrize("line", [b"data: ", b"data: {}\ndata: "])
async def test_a_stream_whose_event_does_not_end_is_given_up_before_it_fills_the_memory(
    desk: Desk, line: bytes
) -> None:
    endless = Endless(line + b"x" * 65_000 + b"\n" * (line.count(b"\n")))
    headers = {"Content-Type": "text/event-stream"}
    server = httpx.MockTransport(lambda request: httpx.Response(200, stream=endless, headers=headers))
    async with httpx.AsyncClient(transport=server) as http:
        with pytest.raises(Retriable, match="Oversized"):
            await listen(Client(http, desk.machine.endpoint, PASSWORD))

    assert MOST_EVENT_BYTES < endless.sent < 1.1 * MOST_EVENT_BYTES


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
async def test_many_events_are_no_large_event_however_they_end_and_are_torn(desk: Desk, end: bytes) -> None:
    events = (b'data: {"type": "server.heartbeat"}' + end) * 100
    pieces = Pieces([events[at : at + 7] for at in range(0, len(events), 7)])
    headers = {"Content-Type": "text/event-stream"}
    server = httpx.MockTransport(lambda request: httpx.Response(200, stream=pieces, headers=headers))
    async with httpx.AsyncClient(transport=server) as http:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("app.opencode.wire.MOST_EVENT_BYTES", 50)
            async with Client(http, desk.machine.endpoint, PASSWORD).events() as stream:
                seen = [event async for event in stream]

    assert seen == [{"type": "server.heartbeat"}] * 100


class Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Endless(httpx.AsyncByteStream):
    """As long as anybody would listen to it."""

    def __init__(self, piece: bytes) -> None:
        self._piece = piece
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.sent < 4 * MOST_EVENT_BYTES:
            self.sent += len(self._piece)
            yield self._piece


async def listen(client: Client) -> None:
    async with client.events() as events:
        async for _ in events:
            pass


async def test_nobody_listening_is_told_from_silence(desk: Desk) -> None:
    nobody = Client(desk.http, Endpoint("http://127.0.0.1:1"), PASSWORD)

    assert await nobody.health() is Health.REFUSED
    desk.fake.silent = 1
    assert await desk.client.health(0.1) is Health.SILENT


async def test_the_headers_of_an_endpoint_are_sent_with_every_request(desk: Desk) -> None:
    endpoint = Endpoint(desk.machine.endpoint.url, {"x-preview-token": "t0ken"})
    client = Client(desk.http, endpoint, PASSWORD)

    await client.sessions()
    async with client.events() as events:
        await anext(events)

    assert [headers.get("x-preview-token") for headers in desk.fake.headers[-2:]] == ["t0ken", "t0ken"]


async def test_a_session_that_is_at_work_is_worth_another_try_whatever_was_wanted(desk: Desk) -> None:
    busy = httpx.MockTransport(lambda request: httpx.Response(409, json={"_tag": "SessionBusyError"}))
    async with httpx.AsyncClient(transport=busy) as http:
        client = Client(http, desk.machine.endpoint, PASSWORD)

        with pytest.raises(Retriable, match="at work"):
            await client.prompt(desk.session, "msg_dc31", [], "playground/scripted")


async def test_an_answer_that_would_take_all_memory_is_given_up(desk: Desk) -> None:
    async with httpx.AsyncClient(transport=FLOOD) as http:
        client = Client(http, desk.machine.endpoint, PASSWORD)

        with pytest.raises(Overlong, match="too much"):
            await client.diff(desk.session, "msg_dc31")
        assert await client.health() is Health.BARRED


async def test_changes_that_would_take_all_memory_are_told_as_too_many(desk: Desk) -> None:
    async with httpx.AsyncClient(transport=FLOOD) as http:
        bench = OpenCodeWorkbench(http, MODEL, time.time)

        for changes in (bench.uncommitted(desk.machine), bench.difference(desk.machine, desk.session, TurnId("31"))):
            with pytest.raises(Refused, match="more than 200 MB"):
                await changes


async def test_an_answer_may_be_compressed(desk: Desk) -> None:
    content, headers = gzip.compress(b"[]"), {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    packed = httpx.MockTransport(lambda request: httpx.Response(200, content=content, headers=headers))
    async with httpx.AsyncClient(transport=packed) as http:
        assert await Client(http, desk.machine.endpoint, PASSWORD).sessions() == []
