"""`POST /relay/events` and `GET /relay/position`: what the scheduler's listener hands in, and where it goes on."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from app.inbox.pulse import Gateway
from app.relay import Shard
from app.turns.errors import Retriable
from app.web.front import Front
from app.web.relay import LEASE_SECONDS
from tests.inbox.desk import Desk, desk, event, mentioning
from tests.web.doorway import door_of, front_of, signed

pytestmark = pytest.mark.anyio
START = 1_700_000_000.0


class Relay:
    """Signs as the scheduler does, by the desk's clock."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.nudges = 0

    def front(self) -> Front:
        front = front_of({}, lambda: self.desk.now, self.desk.inbox())
        return Front(front.identity, front.room, self.nudge, front.started_at, front.inbox, front.ear, front.relay_key)

    def nudge(self) -> None:
        self.nudges += 1

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> httpx.Response:
        given = signed(body, str(int(self.desk.now))) | headers
        transport = httpx.ASGITransport(door_of(self.front()))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, content=body, headers=given)

    async def send(self, said: object) -> int:
        return (await self.ask("POST", "/relay/events", json.dumps(said).encode())).status_code

    async def beat(self, number: int, holder: str = "a", **more: Any) -> int:
        body = {"holder": holder, "beat": number, "problem": None, "notice": None, **more}
        none = {"session_id": None, "resume_gateway_url": None, "s": None}
        return await self.send({**event("HEARTBEAT", body), **none})

    async def position(self, query: str = "") -> tuple[int, Any]:
        answer = await self.ask("GET", f"/relay/position{query}")
        return answer.status_code, answer.json()


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    async with desk(tmp_path, now=START) as made:
        yield Relay(made)


async def test_an_event_is_taken_once_and_its_position_with_it(relay: Relay) -> None:
    nobody = await relay.position()
    answers = [await relay.send(event("MESSAGE_CREATE", mentioning("1", "look"), seq=7)) for _ in range(2)]

    assert nobody == (200, {"session_id": None, "resume_gateway_url": None, "s": None})
    assert answers == [204, 204]
    assert relay.nudges == 2
    assert len(await relay.desk.ledger.live_turns()) == 1
    assert await relay.position() == (
        200,
        {"session_id": "s1", "resume_gateway_url": "wss://gateway.example", "s": 7},
    )


async def test_what_cannot_be_taken_now_must_come_again_and_is_not_passed_over(relay: Relay) -> None:
    relay.desk.us = None

    assert await relay.send(event("MESSAGE_CREATE", mentioning("1", "look"), seq=7)) == 503
    assert (await relay.position())[1]["s"] is None


async def test_what_an_event_sets_going_is_done_when_it_is_answered_and_may_fail(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(desk: Desk, thread: str) -> None:
        desk.done.append("failed")
        raise Retriable("the machine does not answer")

    monkeypatch.setattr(Desk, "pause", fail)

    answered = await relay.send(event("THREAD_UPDATE", {"id": "400", "thread_metadata": {"archived": True}}))

    assert (answered, relay.desk.done) == (204, ["failed"])


async def test_a_defect_in_what_an_event_sets_going_is_logged_and_bothers_nobody(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(desk: Desk, thread: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Desk, "pause", fail)

    with structlog.testing.capture_logs() as logs:
        answered = await relay.send(event("THREAD_UPDATE", {"id": "400", "thread_metadata": {"archived": True}}))

    assert answered == 204
    assert [line["event"] for line in logs] == ["event.defect"]


HALF = "\ud800"


@pytest.mark.parametrize(
    "broken",
    [
        {"session_id": HALF},
        {"resume_gateway_url": f"wss://{HALF}"},
        {"t": "HEARTBEAT", "d": {"holder": HALF, "beat": 1}},
        {"t": "HEARTBEAT", "d": {"holder": "a", "beat": 1, "problem": HALF}},
        {"t": "HEARTBEAT", "d": {"holder": "a", "beat": 1, "notice": HALF}},
    ],
)
async def test_half_a_character_in_the_envelope_is_refused_and_no_defect(relay: Relay, broken: dict[str, Any]) -> None:
    with structlog.testing.capture_logs() as logs:
        answered = await relay.send({**event("RESUMED", {}), **broken})

    assert answered == 400
    assert [line["event"] for line in logs] == ["relay.rejected"]
    assert await relay.desk.shards.pulses() == []
    assert await relay.desk.position() is None


async def test_half_a_character_in_a_message_is_kept_as_well_as_can_be(relay: Relay) -> None:
    assert await relay.send(event("MESSAGE_CREATE", mentioning("1", f"look {HALF}"))) == 204

    (turn,) = await relay.desk.ledger.live_turns()
    assert turn.prompt.startswith("look")


@pytest.mark.parametrize(
    "said",
    [
        [],
        {},
        {"shard": [0, 1], "d": {}},
        {"shard": [1, 1], "t": "READY", "d": {}},
        {"shard": ["0", "1"], "t": "READY", "d": {}},
        {"shard": [0, 1], "t": "READY", "d": {}, "session_id": "s", "s": "1"},
        {"shard": [0, 1], "t": "READY", "d": {}, "session_id": "s", "s": -1},
    ],
)
async def test_what_is_no_event_is_refused_for_good(relay: Relay, said: object) -> None:
    assert await relay.send(said) == 400


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/relay/events"), ("GET", "/relay/position"), ("GET", "/relay/position?holder=a")]
)
async def test_who_did_not_sign_just_now_gets_nothing(relay: Relay, method: str, path: str) -> None:
    body = json.dumps(event("MESSAGE_CREATE", mentioning("1", "look"))).encode() if method == "POST" else b""
    forged = await relay.ask(method, path, body, **signed(body, str(int(START)), b"\x08" * 32))
    stale = await relay.ask(method, path, body, **signed(body, str(int(START) - 61)))

    assert (forged.status_code, stale.status_code) == (401, 401)
    assert await relay.desk.ledger.live_turns() == []
    assert await relay.desk.shards.pulses() == []


async def test_a_shard_is_leased_to_one_and_kept_by_its_beats(relay: Relay) -> None:
    granted, _ = await relay.position("?shard=0&shards=2&holder=a")
    refused, why = await relay.position("?shard=0&shards=2&holder=b")
    other, _ = await relay.position("?shard=1&shards=2&holder=b")
    reader, _ = await relay.position("?shard=0&shards=2")
    relay.desk.now += LEASE_SECONDS

    over, _ = await relay.position("?shard=0&shards=2&holder=b")

    assert (granted, refused, other, reader, over) == (200, 409, 200, 200, 200)
    assert why == {"error": "held"}


async def test_a_beat_of_who_lost_the_lease_is_answered_with_409(relay: Relay) -> None:
    await relay.position("?holder=a")
    kept = await relay.beat(1)
    relay.desk.now += LEASE_SECONDS
    await relay.position("?holder=b")

    assert (kept, await relay.beat(2), await relay.beat(1, "b")) == (204, 409, 204)


async def test_a_beat_that_is_sent_again_within_its_minute_has_no_effect(relay: Relay) -> None:
    await relay.position("?holder=a")
    body = json.dumps({**event("HEARTBEAT", {"holder": "a", "beat": 1}), "session_id": None}).encode()
    recorded = signed(body, str(int(relay.desk.now)))
    await relay.ask("POST", "/relay/events", body, **recorded)
    relay.desk.now += 40

    again = await relay.ask("POST", "/relay/events", body, **recorded)

    (pulse,) = await relay.desk.shards.pulses()
    relay.desk.now += LEASE_SECONDS - 40
    assert (again.status_code, pulse.alive_at) == (204, START)
    assert (await relay.position("?holder=b"))[0] == 200


async def test_a_beat_brings_the_position_that_no_event_brought(relay: Relay) -> None:
    await relay.send(event("MESSAGE_CREATE", mentioning("1", "look"), seq=7))

    await relay.send(event("HEARTBEAT", {"holder": "a", "beat": 1}, seq=30))

    assert (await relay.position())[1]["s"] == 30


async def test_a_beat_without_a_holder_tells_of_life_and_takes_no_lease(relay: Relay) -> None:
    assert await relay.send({**event("HEARTBEAT", {}), "d": None}) == 204

    assert await Gateway(relay.desk.shards, lambda: relay.desk.now).problem() is None
    assert (await relay.position("?holder=b"))[0] == 200


async def test_what_the_listener_says_of_itself_is_the_reason_for_not_being_ready(relay: Relay) -> None:
    ear = Gateway(relay.desk.shards, lambda: relay.desk.now)
    before = await ear.problem()
    await relay.beat(1, problem="Discord refuses the token")
    broken = await ear.problem()
    await relay.beat(2, notice="messages without a mention cannot be read")
    well, notice = await ear.problem(), await ear.notice()
    relay.desk.now += 91

    assert before is not None
    assert broken is not None
    assert "Discord refuses the token" in broken
    assert (well, notice) == (None, "messages without a mention cannot be read")
    assert await ear.problem() is not None


@pytest.mark.parametrize("query", ["?shard=x", "?shard=1", "?shard=-1&shards=1", "?shard=0&shards=0"])
async def test_a_shard_that_cannot_be_is_refused(relay: Relay, query: str) -> None:
    assert (await relay.position(query))[0] == 400


async def test_a_signed_get_that_is_used_elsewhere_does_no_harm(relay: Relay) -> None:
    headers = signed(b"", str(int(START)))

    answers = [await relay.ask("POST", path, b"", **headers) for path in ("/relay/events", "/relay/jobs/prune")]

    assert [answer.status_code for answer in answers] == [400, 400]


async def test_the_store_that_is_locked_makes_the_relay_wait(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    async def locked(*_: object) -> None:
        raise Retriable("the database does not answer")

    monkeypatch.setattr(type(relay.desk.shards), "hold", locked)
    monkeypatch.setattr(type(relay.desk.shards), "move", locked)
    monkeypatch.setattr(type(relay.desk.shards), "beat", locked)

    answers = [await relay.send(event("RESUMED", {})), await relay.beat(1), (await relay.position("?holder=a"))[0]]

    assert answers == [503, 503, 503]
    assert time.time() > START
    assert await relay.desk.shards.position(Shard(0, 1)) is None
