"""What becomes of a request to the app, in the log and for the next ones."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import respx
import structlog
from structlog.typing import EventDict

from app.connections import open_http
from app.discord import signature
from scheduler import relay as module
from scheduler.backoff import Backoff
from scheduler.relay import KEEP_SECONDS, Held, Relay, Unanswered
from tests.web.doorway import SEED, front_of, listening

pytestmark = pytest.mark.anyio
URL = "http://app.test/base"
NOW = 1_700_000_000.9


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Ear:
    """A relay to an app that says what a test wants, and what the relay says of it."""

    def __init__(self, http: httpx.AsyncClient, router: respx.MockRouter) -> None:
        self.time = Time()
        self.relay = Relay(http, URL, SEED, lambda: NOW, self.time)
        self.app = router.route(url__startswith=URL)

    def hears(self, *answers: httpx.Response | Exception) -> None:
        self.app.side_effect = list(answers)

    async def ask(self, name: str = "prune") -> list[EventDict]:
        with structlog.testing.capture_logs() as logs:
            await self.relay.ask(name)
        return list(logs)


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    async with httpx.AsyncClient() as http:
        with respx.mock(assert_all_called=False) as router:
            yield Ear(http, router)


def counts(**numbers: int) -> httpx.Response:
    return httpx.Response(200, json=numbers)


def events(logs: list[EventDict]) -> list[tuple[str, str]]:
    return [(line["log_level"], line["event"]) for line in logs]


async def test_a_job_is_asked_for_with_a_signature_over_time_and_body(ear: Ear) -> None:
    ear.hears(counts())

    await ear.ask("pause-idle")

    request = ear.app.calls.last.request
    timestamp = request.headers["X-Signature-Timestamp"]
    assert (request.method, str(request.url), request.content) == ("POST", f"{URL}/relay/jobs/pause-idle", b"{}")
    assert timestamp == "1700000000"
    given = request.headers["X-Signature-Ed25519"]
    assert signature.verify(signature.public_key(SEED), given, timestamp, request.content)


async def test_the_real_app_accepts_it_and_tells_its_counts() -> None:
    async def pause() -> dict[str, int]:
        return {"paused": 2}

    async with listening(front_of({"pause-idle": pause})) as url, httpx.AsyncClient() as http:
        with structlog.testing.capture_logs() as logs:
            await Relay(http, url, SEED).ask("pause-idle")

    (line,) = (line for line in logs if line["event"] == "job.done")
    assert (line["log_level"], line["name"], line["paused"]) == ("info", "pause-idle", 2)
    assert 0 <= line["seconds"] < 5


async def test_what_was_done_is_told_and_that_nothing_was_only_at_debug(ear: Ear) -> None:
    ear.hears(counts(paused=1, failed=0), counts(paused=0), counts())

    said = [await ear.ask() for _ in range(3)]

    assert [events(logs) for logs in said] == [[("info", "job.done")], [("debug", "job.done")], [("debug", "job.done")]]
    assert (said[0][0]["paused"], said[0][0]["failed"]) == (1, 0)


async def test_a_job_that_is_at_work_already_is_no_news(ear: Ear) -> None:
    ear.hears(httpx.Response(409, json={"error": "running"}), counts(pruned=1))

    said = [await ear.ask(), await ear.ask()]

    assert [events(logs) for logs in said] == [[("debug", "job.busy")], [("info", "job.done")]]


async def test_while_the_app_cannot_be_reached_all_jobs_wait_and_recovery_is_told_once(ear: Ear) -> None:
    down = httpx.ConnectError("refused")
    ear.hears(down, down, counts(), counts())

    first = await ear.ask("prune")
    too_soon = await ear.ask("reconcile")
    ear.time.now = 1
    second = await ear.ask("reconcile")
    ear.time.now = 2.9
    too_soon += await ear.ask("prune")
    ear.time.now = 3
    up = await ear.ask("prune")
    ear.time.now = 4
    later = await ear.ask("reconcile")

    assert events(first + second) == [("warning", "relay.unreachable")] * 2
    assert [line["wait_seconds"] for line in first + second] == [1, 2]
    assert first[0]["why"] == "ConnectError: refused"
    assert too_soon == []
    assert events(up) == [("info", "relay.recovered"), ("debug", "job.done")]
    assert up[0]["failures"] == 2
    assert events(later) == [("debug", "job.done")]


@pytest.mark.parametrize("outage", [httpx.ConnectError("refused"), httpx.Response(401)])
async def test_jobs_that_meet_one_outage_side_by_side_wait_it_out_once(
    ear: Ear, outage: httpx.Response | Exception
) -> None:
    jobs, all_asked = ("prune", "reconcile", "pause-idle"), asyncio.Barrier(3)

    async def fail(_: httpx.Request) -> httpx.Response:
        await all_asked.wait()
        if isinstance(outage, Exception):
            raise outage
        return outage

    ear.app.side_effect = fail
    with structlog.testing.capture_logs() as logs:
        await asyncio.gather(*map(ear.relay.ask, jobs))
    ear.hears(counts())
    ear.time.now = 1
    up = await ear.ask()

    assert [line["wait_seconds"] for line in logs] == [1]
    assert events(up) == [("info", "relay.recovered"), ("debug", "job.done")]


@pytest.mark.parametrize("status", [502, 504])
async def test_a_proxy_that_does_not_reach_the_app_is_as_good_as_no_app(ear: Ear, status: int) -> None:
    ear.hears(httpx.Response(status))

    logs = await ear.ask("prune")
    too_soon = await ear.ask("reconcile")

    assert (events(logs), too_soon) == ([("warning", "relay.unreachable")], [])


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"error": "defect"}),
        httpx.Response(503, json={"error": "later"}),
        httpx.Response(404),
        httpx.Response(301, headers={"Location": "http://elsewhere.test/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json={"paused": "many"}),
        httpx.Response(200, json={"not a word": 1}),
        httpx.Response(204),
    ],
)
async def test_a_job_that_fails_waits_by_itself_and_holds_up_no_other(ear: Ear, answer: httpx.Response) -> None:
    ear.hears(answer, counts(), counts())

    failed = await ear.ask("prune")
    too_soon = await ear.ask("prune")
    other = await ear.ask("reconcile")
    ear.time.now = 1
    again = await ear.ask("prune")

    assert events(failed) == [("warning", "job.failed")]
    assert (failed[0]["name"], failed[0]["wait_seconds"]) == ("prune", 1)
    assert too_soon == []
    assert events(other) == [("debug", "job.done")]
    assert events(again) == [("info", "job.recovered"), ("debug", "job.done")]


async def test_a_signature_that_is_not_accepted_is_an_error_that_names_what_to_look_at(ear: Ear) -> None:
    ear.hears(httpx.Response(401), counts())

    refused = await ear.ask("prune")
    too_soon = await ear.ask("reconcile")
    ear.time.now = 1
    accepted = await ear.ask("reconcile")

    assert events(refused) == [("error", "relay.refused")]
    assert "RELAY_SIGNING_KEY" in refused[0]["check"]
    assert "clock" in refused[0]["check"]
    assert too_soon == []
    assert events(accepted) == [("info", "relay.recovered"), ("debug", "job.done")]


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang() -> dict[str, int]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(module, "JOB_SECONDS", 0.05)
    async with listening(front_of({"prune": hang})) as url, httpx.AsyncClient() as http:
        with structlog.testing.capture_logs() as logs:
            await Relay(http, url, SEED).ask("prune")

    assert [(line["event"], line["why"]) for line in logs] == [("job.failed", "no answer within 0.05 seconds")]


@pytest.mark.parametrize("answer", [RuntimeError("a defect"), httpx.InvalidURL("?"), counts(event=1), counts(self=1)])
async def test_not_even_a_defect_ends_the_clock(ear: Ear, answer: httpx.Response | Exception) -> None:
    ear.hears(answer, counts())

    said = [await ear.ask(), await ear.ask()]

    assert [events(logs) for logs in said] == [[("error", "job.defect")], [("debug", "job.done")]]


async def test_an_event_is_told_with_a_signature_and_its_status_is_for_the_caller_to_judge(ear: Ear) -> None:
    ear.hears(httpx.Response(204), httpx.Response(413))

    statuses = [await ear.relay.tell(b'{"t":"READY"}', 5.0) for _ in range(2)]

    request = ear.app.calls.last.request
    given, timestamp = request.headers["X-Signature-Ed25519"], request.headers["X-Signature-Timestamp"]
    assert statuses == [204, 413]
    assert (request.method, str(request.url), request.content) == ("POST", f"{URL}/relay/events", b'{"t":"READY"}')
    assert signature.verify(signature.public_key(SEED), given, timestamp, request.content)


async def test_neither_an_answer_nor_a_position_is_waited_for_any_longer_than_it_may_take(ear: Ear) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    ear.app.side_effect = hang

    for asked in (ear.relay.tell(b"{}", 0.02), ear.relay.position(0, 1, "me", 0.02)):
        with pytest.raises(Unanswered, match="within 0"):
            await asyncio.wait_for(asked, 5)


async def test_the_position_is_asked_for_with_a_signature_over_nothing(ear: Ear) -> None:
    ear.hears(httpx.Response(200, json={"session_id": None}))

    position = await ear.relay.position(2, 5, "me", 5.0)

    request = ear.app.calls.last.request
    given, timestamp = request.headers["X-Signature-Ed25519"], request.headers["X-Signature-Timestamp"]
    assert position == {"session_id": None}
    assert (request.method, str(request.url)) == ("GET", f"{URL}/relay/position?shard=2&shards=5&holder=me")
    assert signature.verify(signature.public_key(SEED), given, timestamp, b"")


async def test_a_lease_that_somebody_else_has_is_no_failure(ear: Ear) -> None:
    ear.hears(httpx.Response(409, json={"error": "held"}))

    with pytest.raises(Held):
        await ear.relay.position(0, 1, "me", 5.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401), "RELAY_SIGNING_KEY"),
        (httpx.Response(503), "status 503"),
        (httpx.Response(200, text="<html>"), "status 200"),
        (httpx.Response(200, json=[1]), "status 200"),
        (httpx.ConnectError("refused"), "ConnectError: refused"),
        (httpx.ReadError("cut"), "ReadError: cut"),
    ],
)
async def test_a_position_that_is_not_told_says_why(ear: Ear, answer: httpx.Response | Exception, words: str) -> None:
    ear.hears(answer)

    with pytest.raises(Unanswered, match=words):
        await ear.relay.position(0, 1, "me", 5.0)


async def test_events_one_after_the_other_share_a_connection() -> None:
    front = front_of({})
    async with listening(front) as url, open_http(KEEP_SECONDS) as http:
        ports = []

        async def note(request: httpx.Response) -> None:
            ports.append(request.extensions["network_stream"].get_extra_info("client_addr"))

        http.event_hooks = {"response": [note]}
        relay = Relay(http, url, SEED)
        for _ in range(3):
            await relay.tell(b"{}", 5.0)

    assert len(ports) == 3
    assert len(set(ports)) == 1


def test_the_waits_double_up_to_a_minute_and_begin_anew_after_a_success() -> None:
    backoff = Backoff()

    waits = [backoff.fail(0) for _ in range(2_000)]
    failures = backoff.clear()

    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert waits[-1] == 60
    assert (failures, backoff.fail(0)) == (2_000, 1)
