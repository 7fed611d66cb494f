import pytest

from app.ids import SessionId, ThreadId
from app.opencode.client import Client, Health, Missing
from app.sandboxes.ports import Endpoint
from app.turns.errors import Retriable
from tests.opencode.conftest import PASSWORD, Desk

pytestmark = pytest.mark.anyio


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


async def test_messages_come_in_order_and_reach_back_as_far_as_asked(desk: Desk) -> None:
    told = [{"info": {"id": f"msg_{n:04}", "role": "user"}, "parts": []} for n in range(150)]
    desk.fake.sessions[desk.session].messages += told

    recent = await desk.client.messages(desk.session, "msg_0149")
    older = await desk.client.messages(desk.session, "msg_0060")
    everything = await desk.client.messages(desk.session, "msg_nowhere")

    assert recent == told[-60:]
    assert older == told[-120:]
    assert everything == told


async def test_events_that_cannot_be_had_are_worth_another_try(desk: Desk) -> None:
    desk.fake.events_work = False

    with pytest.raises(Retriable):
        async with desk.client.events():
            pass


async def test_a_stream_without_a_heartbeat_is_given_up(desk: Desk) -> None:
    client = Client(desk.http, desk.machine.endpoint, PASSWORD, silence_seconds=0.2)

    with pytest.raises(Retriable, match="events stopped"):
        await listen(client)


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
