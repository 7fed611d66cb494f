"""`POST /relay/jobs/{name}`: who may ask, and what they are told."""

import asyncio

import httpx
import pytest
import structlog

from app.turns.errors import Refused, Retriable
from app.web.body import LARGEST
from tests.web.doorway import door_of, front_of, listening, signed

pytestmark = pytest.mark.anyio
NOW = 1_700_000_000.75
TODAY = "1700000000"
Headers = dict[str, str] | dict[bytes, bytes]


class Work:
    """A job that a test has in its hands."""

    def __init__(self) -> None:
        self.runs = 0
        self.ended = 0
        self.counts = {"paused": 3}
        self.failure: Exception | None = None
        self.started, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> dict[str, int]:
        self.runs += 1
        self.started.set()
        await self.may_end.wait()
        if self.failure is not None:
            raise self.failure
        self.ended += 1
        return self.counts


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Door:
    def __init__(self) -> None:
        self.clock = Clock()
        self.pausing, self.pruning = Work(), Work()
        self.front = front_of({"pause-idle": self.pausing, "prune": self.pruning}, self.clock)

    async def post(self, body: bytes, headers: Headers, name: str = "pause-idle") -> httpx.Response:
        transport = httpx.ASGITransport(door_of(self.front))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.post(f"/relay/jobs/{name}", content=body, headers=headers)

    async def ask(self, name: str = "pause-idle", body: bytes = b"{}", timestamp: str = TODAY) -> httpx.Response:
        return await self.post(body, signed(body, timestamp), name)


@pytest.fixture
async def door() -> Door:
    return Door()


async def test_a_signed_request_has_the_job_done_and_is_told_its_counts(door: Door) -> None:
    answer = await door.ask()

    assert (answer.status_code, answer.json()) == (200, {"paused": 3})
    assert (door.pausing.runs, door.pruning.runs) == (1, 0)


async def test_a_job_can_be_asked_for_again_and_again(door: Door) -> None:
    answers = [(await door.ask()).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert door.pausing.runs == 3


@pytest.mark.parametrize("body", [b'{"why": "cron"}', b' {"nested": {"deep": [1]}} '])
async def test_any_signed_json_object_will_do(door: Door, body: bytes) -> None:
    assert (await door.ask(body=body)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"{}"', b"\xff\xfe", b"[" * 100_000])
async def test_a_signed_body_that_is_no_object_is_400(door: Door, body: bytes) -> None:
    answer = await door.ask(body=body)

    assert (answer.status_code, door.pausing.runs) == (400, 0)


async def test_a_signed_body_that_is_too_large_is_413(door: Door) -> None:
    assert (await door.ask(body=b" " * (LARGEST + 1))).status_code == 413


@pytest.mark.parametrize("name", ["nothing", "Pause-Idle", "pause-idle%00", "..%2fhealthz"])
async def test_a_job_that_does_not_exist_is_404(door: Door, name: str) -> None:
    assert (await door.ask(name)).status_code == 404


async def test_names_of_jobs_are_told_only_to_those_who_sign(door: Door) -> None:
    assert (await door.post(b"{}", {}, "nothing")).status_code == 401


@pytest.mark.parametrize("age", [-60, -59, 0, 59, 60])
async def test_a_timestamp_within_a_minute_of_the_clock_is_fresh(door: Door, age: int) -> None:
    assert (await door.ask(timestamp=str(1_700_000_000 - age))).status_code == 200


@pytest.mark.parametrize("age", [-1_000_000, -61, 61, 1_000_000])
async def test_a_timestamp_further_away_is_401_though_it_is_signed(door: Door, age: int) -> None:
    answer = await door.ask(timestamp=str(1_700_000_000 - age))

    assert (answer.status_code, door.pausing.runs) == (401, 0)


@pytest.mark.parametrize(
    "timestamp", ["now", f"+{TODAY}", f"-{TODAY}", f"{TODAY}.0", "1_700_000_000", "1.7e9", "1" * 5_000]
)
async def test_a_signed_timestamp_that_is_no_number_of_seconds_is_401(door: Door, timestamp: str) -> None:
    assert (await door.ask(timestamp=timestamp)).status_code == 401


async def test_somebody_elses_signature_is_401(door: Door) -> None:
    answer = await door.post(b"{}", signed(b"{}", TODAY, seed=b"\x08" * 32))

    assert (answer.status_code, door.pausing.runs) == (401, 0)


async def test_a_signature_of_another_body_or_another_time_is_401(door: Door) -> None:
    of_another_body = await door.post(b'{"a": 1}', signed(b"{}", TODAY))
    of_another_time = await door.post(b"{}", signed(b"{}", TODAY) | {"X-Signature-Timestamp": "1700000001"})

    assert (of_another_body.status_code, of_another_time.status_code) == (401, 401)


@pytest.mark.parametrize("given", ["", "zz", "00", "0" * 128, "é" * 64, "0" * 100_000])
async def test_a_malformed_signature_is_401(door: Door, given: str) -> None:
    answer = await door.post(b"{}", {b"X-Signature-Ed25519": given.encode(), b"X-Signature-Timestamp": TODAY.encode()})

    assert answer.status_code == 401


@pytest.mark.parametrize("missing", ["X-Signature-Ed25519", "X-Signature-Timestamp"])
async def test_a_header_that_is_missing_is_401(door: Door, missing: str) -> None:
    headers = signed(b"{}", TODAY)
    del headers[missing]

    assert (await door.post(b"{}", headers)).status_code == 401


async def test_as_long_as_no_key_is_known_nobody_may_ask(door: Door) -> None:
    without = front_of({"pause-idle": door.pausing}, door.clock)
    object.__setattr__(without, "relay_key", "")
    door.front = without

    assert (await door.ask()).status_code == 401


async def test_a_second_request_while_the_job_runs_is_409_and_starts_nothing(door: Door) -> None:
    door.pausing.may_end.clear()
    first = asyncio.ensure_future(door.ask())
    await door.pausing.started.wait()

    second, other = await door.ask(), await door.ask("prune")
    door.pausing.may_end.set()

    assert (second.status_code, other.status_code, (await first).status_code) == (409, 200, 200)
    assert door.pausing.runs == 1
    assert (await door.ask()).status_code == 200


async def test_a_job_that_runs_for_very_long_is_told_in_the_log(door: Door) -> None:
    door.pausing.may_end.clear()
    first = asyncio.ensure_future(door.ask())
    await door.pausing.started.wait()
    door.clock.now += 301

    with structlog.testing.capture_logs() as logs:
        await door.ask(timestamp=str(int(door.clock.now)))
    door.pausing.may_end.set()
    await first

    assert logs == [{"event": "job.slow", "log_level": "warning", "name": "pause-idle", "seconds": 301}]


@pytest.mark.parametrize(
    ("failure", "status", "word"),
    [
        (Retriable("Daytona said 502 to secret-thing"), 503, "later"),
        (Refused("The key secret-thing is not accepted."), 503, "refused"),
        (RuntimeError("secret-thing"), 500, "defect"),
    ],
)
async def test_a_failure_is_one_word_to_the_caller_and_all_of_it_in_the_log(
    door: Door, failure: Exception, status: int, word: str
) -> None:
    door.pausing.failure = failure

    with structlog.testing.capture_logs() as logs:
        answer = await door.ask()

    assert (answer.status_code, answer.json()) == (status, {"error": word})
    (said,) = logs
    assert said["event"] == ("job.defect" if status == 500 else "job.failed")
    assert said["name"] == "pause-idle"
    assert "exc_info" in said or "secret-thing" in said["reason"]


async def test_a_job_that_failed_may_be_asked_for_at_once(door: Door) -> None:
    door.pausing.failure = RuntimeError()
    await door.ask()
    door.pausing.failure = None

    assert (await door.ask()).status_code == 200


async def test_a_client_that_goes_away_does_not_stop_the_job() -> None:
    work = Work()
    work.may_end.clear()
    async with listening(front_of({"prune": work}, lambda: NOW)) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(f"{url}/relay/jobs/prune", content=b"{}", headers=signed(b"{}", TODAY), timeout=0.05)

        busy = await client.post(f"{url}/relay/jobs/prune", content=b"{}", headers=signed(b"{}", TODAY))
        work.may_end.set()
        async with asyncio.timeout(5):
            while True:
                again = await client.post(f"{url}/relay/jobs/prune", content=b"{}", headers=signed(b"{}", TODAY))
                if again.status_code != 409:
                    break

    assert (busy.status_code, again.status_code, work.ended) == (409, 200, 2)


async def test_only_post_is_taken(door: Door) -> None:
    transport = httpx.ASGITransport(door_of(door.front))
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        answer = await client.get("/relay/jobs/prune", headers=signed(b"", TODAY))

    assert answer.status_code == 405
    assert door.pruning.runs == 0
