"""Previews of the simulated Daytona: who gets through, what comes through, and what keeps a sandbox awake."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from scripts.playground.daytona import DaytonaSimulator
from scripts.playground.serving import Listener
from tests.playground.machines import PATH, make

if TYPE_CHECKING:
    from daytona import AsyncDaytona, AsyncSandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def daytona(tmp_path: Path) -> AsyncIterator[DaytonaSimulator]:
    async with DaytonaSimulator(tmp_path, PATH, minute=0.1) as daytona:
        daytona.boot_seconds = daytona.stop_seconds = 0.0
        yield daytona


@pytest.fixture
async def sandbox(sdk: "AsyncDaytona") -> "AsyncSandbox":
    return await make(sdk, "one", auto_stop_interval=0)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=5) as http:
        yield http


class Service:
    """What listens in the sandbox, as it were: ports other than 4096 are this machine's own."""

    def __init__(self, daytona: DaytonaSimulator) -> None:
        routes = [
            Route("/echo/{rest:path}", self.echo, methods=["GET", "POST"]),
            Route("/events", self.events),
            Route("/never", self.never),
        ]
        self.listener = Listener(Starlette(routes=routes))
        self.port = self.listener.port
        self.more = asyncio.Event()
        self.abandoned = asyncio.Event()

    async def echo(self, request: Request) -> Response:
        body = (await request.body()).decode()
        target = f"{request.scope['raw_path'].decode()}?{request.scope['query_string'].decode()}"
        told = {"target": target, "body": body, "headers": dict(request.headers)}
        return JSONResponse(told, 203, {"x-own": "yes"})

    async def events(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[str]:
            yield "data: 1\n\n"
            await self.more.wait()
            yield "data: 2\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def never(self, request: Request) -> Response:
        await request.body()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.abandoned.set()
        return Response()


@pytest.fixture
async def service(daytona: DaytonaSimulator) -> AsyncIterator[Service]:
    service = Service(daytona)
    await service.listener.open(daytona.spawn)
    yield service
    await service.listener.close()


async def open_to(sandbox: "AsyncSandbox", port: int) -> tuple[str, dict[str, str]]:
    link = await sandbox.get_preview_link(port)
    return link.url, {"x-daytona-preview-token": link.token}


async def test_a_server_in_the_sandbox_is_reached_by_the_port_that_it_thinks_it_has(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", http: httpx.AsyncClient
) -> None:
    await sandbox.fs.upload_file(b"hello", "index.html")
    command = "python -m http.server --bind 127.0.0.1 $SANDBOX_PORT_4096 >/dev/null 2>&1 &"
    await sandbox.process.exec(command)
    url, headers = await open_to(sandbox, 4096)

    while (answer := await http.get(url, headers=headers)).status_code == 502:
        assert answer.content == b""

    assert answer.text == "hello"


async def test_requests_and_answers_come_through_unchanged_but_for_what_is_daytonas(
    sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)
    headers |= {"X-Daytona-Skip-Preview-Warning": "true", "X-Daytona-Skip-Last-Activity-Update": "true", "X-Mine": "a"}

    answer = await http.post(f"{url}/echo/a%2Fb?q=%20x", content=b"body", headers=headers, auth=("user", "password"))

    told = answer.json()
    assert (answer.status_code, answer.headers["x-own"]) == (203, "yes")
    assert (told["target"], told["body"]) == ("/echo/a%2Fb?q=%20x", "body")
    assert (told["headers"]["host"], told["headers"]["x-mine"]) == (f"localhost:{service.port}", "a")
    assert told["headers"]["authorization"].startswith("Basic ")
    assert not [name for name in told["headers"] if "daytona" in name]


@pytest.mark.parametrize("denial", [307, 401])
async def test_without_the_token_there_is_a_login_page_elsewhere(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient, denial: int
) -> None:
    daytona.denial = denial
    url, _ = await open_to(sandbox, service.port)

    answers = [
        await http.get(f"{url}/echo/", headers=headers) for headers in ({}, {"x-daytona-preview-token": "wrong"})
    ]

    assert [answer.status_code for answer in answers] == [denial, denial]
    if denial == 307:
        assert answers[0].headers["location"].startswith("https://")


async def test_the_api_key_a_query_and_being_public_open_a_preview_too(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)

    by_key = await http.get(f"{url}/echo/", headers={"Authorization": f"Bearer {daytona.api_key}"})
    by_query = await http.get(f"{url}/echo/?a=1&DAYTONA_SANDBOX_AUTH_KEY={headers['x-daytona-preview-token']}")
    await sandbox.set_public(True)
    as_public = await http.get(f"{url}/echo/")

    assert [by_key.status_code, by_query.status_code, as_public.status_code] == [203, 203, 203]
    assert "authorization" not in by_key.json()["headers"]
    assert by_query.json()["target"] == "/echo/?a=1"


async def test_a_start_gives_another_token_under_the_same_url(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    before = await open_to(sandbox, service.port)
    await sandbox.stop()
    await sandbox.start()
    after = await open_to(sandbox, service.port)

    assert after[0] == before[0]
    assert (await http.get(f"{before[0]}/echo/", headers=before[1])).status_code == 307
    assert (await http.get(f"{after[0]}/echo/", headers=after[1])).status_code == 203
    daytona.rotate("one")
    assert (await http.get(f"{after[0]}/echo/", headers=after[1])).status_code == 307


async def test_a_stream_comes_through_piece_by_piece_and_breaks_off_at_a_stop(
    sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)
    async with http.stream("GET", f"{url}/events", headers=headers) as answer:
        pieces = answer.aiter_text()
        first = await anext(pieces)
        service.more.set()
        second = await anext(pieces)

        await sandbox.stop()

        with pytest.raises(httpx.RemoteProtocolError):
            await anext(pieces)
    assert (first, second) == ("data: 1\n\n", "data: 2\n\n")


async def test_a_stop_leaves_what_had_no_answer_yet_with_an_empty_one(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)

    async def stop_it() -> None:
        await daytona.wait_for(lambda: daytona.records[sandbox.id].in_use)
        await sandbox.stop()

    answer, _ = await asyncio.gather(http.get(f"{url}/never", headers=headers), stop_it())

    assert (answer.status_code, answer.content) == (502, b"")


async def test_a_client_that_goes_away_is_missed_by_the_server(
    sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)

    with pytest.raises(httpx.ReadTimeout):
        await http.get(f"{url}/never", headers=headers, timeout=0.1)

    await asyncio.wait_for(service.abandoned.wait(), 5)


async def test_a_closed_port_answers_empty_and_a_stopped_sandbox_in_words(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, 4096)

    closed = await http.get(url, headers=headers)
    daytona.force("one", "stopping")
    stopping = await http.get(url, headers=headers)
    daytona.force("one", "stopped")
    stopped = await http.get(url, headers=headers)
    daytona.lose("one")
    gone = await http.get(url, headers=headers)

    assert (closed.status_code, closed.content) == (502, b"")
    assert (stopping.status_code, stopping.content) == (502, b"")
    assert (stopped.status_code, stopped.json()["code"]) == (400, "BAD_REQUEST")
    assert "Is the Sandbox started?" in stopped.json()["message"]
    assert gone.status_code == 404


async def test_a_browser_is_warned_unless_it_skips_that(
    sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)
    headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64)"

    warned = await http.get(f"{url}/echo/", headers=headers)
    skipped = await http.get(f"{url}/echo/", headers={**headers, "X-Daytona-Skip-Preview-Warning": "true"})

    assert (warned.status_code, warned.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert skipped.status_code == 203


@pytest.mark.parametrize(("skip", "state"), [("true", "stopped"), ("false", "started")])
async def test_an_open_stream_keeps_a_sandbox_awake_unless_it_says_not_to(
    daytona: DaytonaSimulator,
    sandbox: "AsyncSandbox",
    service: Service,
    http: httpx.AsyncClient,
    skip: str,
    state: str,
) -> None:
    record = daytona.records[sandbox.id]
    url, headers = await open_to(sandbox, service.port)
    headers["X-Daytona-Skip-Last-Activity-Update"] = skip
    await sandbox.set_autostop_interval(2)

    async with http.stream("GET", f"{url}/events", headers=headers):
        await asyncio.sleep(4 * daytona.minute)  # nothing happens in one of the two cases: there is nothing to wait for
        found = record.state

    assert found == state


async def test_a_fault_strikes_a_preview_too(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox", service: Service, http: httpx.AsyncClient
) -> None:
    url, headers = await open_to(sandbox, service.port)
    daytona.fail("GET", "^/echo", status=502, plane="preview")
    daytona.fail("GET", "^/echo", hang=True, plane="preview")

    first = await http.get(f"{url}/echo/", headers=headers)
    with pytest.raises(httpx.ReadTimeout):
        await http.get(f"{url}/echo/", headers=headers, timeout=0.1)
    third = await http.get(f"{url}/echo/", headers=headers)

    heard = [request for request in daytona.requests if request.plane == "preview"]
    assert [first.status_code, third.status_code] == [502, 203]
    assert [(request.path, request.status, request.sandbox) for request in heard] == [
        ("/echo/", 502, sandbox.id),
        ("/echo/", 0, sandbox.id),
        ("/echo/", 203, sandbox.id),
    ]


async def test_a_signed_url_opens_its_port_until_it_expires(
    daytona: DaytonaSimulator,
    sandbox: "AsyncSandbox",
    service: Service,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = [await sandbox.create_signed_preview_url(service.port, seconds) for seconds in (60, 3_600)]

    before = [(await http.get(f"{link.url}/echo/")).status_code for link in links]
    later = time.time() + 61
    monkeypatch.setattr(daytona, "now", lambda: later)
    after = [(await http.get(f"{link.url}/echo/")).status_code for link in links]

    assert (before, after) == ([203, 203], [307, 203])
    assert {(link.port, link.sandbox_id) for link in links} == {(service.port, sandbox.id)}
    assert links[0].token != links[1].token


async def test_a_signed_url_is_for_a_day_at_most(sandbox: "AsyncSandbox", service: Service) -> None:
    from daytona import DaytonaError

    with pytest.raises(DaytonaError, match="expiresInSeconds"):
        await sandbox.create_signed_preview_url(service.port, 86_401)


async def test_access_by_ssh_says_until_when(sandbox: "AsyncSandbox") -> None:
    access = await sandbox.create_ssh_access(10)

    assert access.token in access.ssh_command
    assert (access.expires_at - access.created_at).total_seconds() == 600
