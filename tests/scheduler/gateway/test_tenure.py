"""What is told to the app, and what becomes of it there."""

import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
import structlog

from scheduler.gateway.backlog import Backlog
from scheduler.gateway.pace import Pace
from scheduler.gateway.protocol import Event
from scheduler.gateway.session import Session
from scheduler.gateway.tenure import LeaseLost, Tenure
from scheduler.relay import Relay
from tests.scheduler.gateway.rig import QUICK
from tests.web.doorway import SEED

pytestmark = pytest.mark.anyio
Answer = Callable[[dict[str, Any]], Awaitable[int]]


class Desk:
    """An app that answers as a test wants, and a tenure that talks to it."""

    def __init__(self, answer: Answer, pace: Pace) -> None:
        self.answer, self.heard, self.times = answer, list[dict[str, Any]](), list[float]()
        self.changed = anyio.Event()
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._hear))
        relay = Relay(self.http, "http://app.test", SEED)
        backlog = Backlog(None)
        self.tenure = Tenure(relay, (0, 1), "me", itertools.count(1), backlog, pace, lambda: 0.1)

    async def _hear(self, request: httpx.Request) -> httpx.Response:
        envelope = json.loads(request.content)
        self.heard.append(envelope)
        self.times.append(time.monotonic())
        self.changed.set()
        self.changed = anyio.Event()
        return httpx.Response(await self.answer(envelope))

    def take(self, *numbers: int) -> None:
        for s in numbers:
            self.tenure.take(Event(Session("a", "wss://x", s), "GUILD_DELETE", {"id": str(s)}))

    @property
    def problem(self) -> str | None:
        beats = [envelope["d"] for envelope in self.heard if envelope["t"] == "HEARTBEAT"]
        return str(beats[-1]["problem"]) if beats and beats[-1]["problem"] else None

    async def until(self, condition: Callable[[], Any]) -> None:
        with anyio.fail_after(5):
            while not condition():
                with anyio.move_on_after(0.005):
                    await self.changed.wait()


@asynccontextmanager
async def at_work(answer: Answer, pace: Pace, *, deliver: bool = True, beat: bool = True) -> AsyncIterator[Desk]:
    desk = Desk(answer, pace)
    async with desk.http, anyio.create_task_group() as group:
        for work in [desk.tenure.deliver] * deliver + [desk.tenure.beat] * beat:
            group.start_soon(work)
        yield desk
        group.cancel_scope.cancel()


def answers(*statuses: int) -> Answer:
    """One after the other; then always 204."""
    left = list(statuses)

    async def answer(_: dict[str, Any]) -> int:
        return left.pop(0) if left else 204

    return answer


@pytest.mark.parametrize("status", [200, 202, 401, 404, 409, 429, 500, 502, 503])
async def test_an_event_comes_again_until_it_is_taken_in_so_many_words(status: int) -> None:
    async with at_work(answers(status, status), QUICK, beat=False) as desk:
        desk.take(1, 2)
        await desk.until(lambda: not len(desk.tenure.backlog))

    assert [envelope["s"] for envelope in desk.heard] == [1, 1, 1, 2]


@pytest.mark.parametrize("status", [400, 413])
async def test_only_an_event_that_can_never_be_taken_is_let_go(status: int) -> None:
    async with at_work(answers(status), QUICK, beat=False) as desk:
        desk.take(1, 2)
        await desk.until(lambda: not len(desk.tenure.backlog))

    assert [envelope["s"] for envelope in desk.heard] == [1, 2]


async def test_an_app_that_holds_an_event_for_long_is_a_problem_until_it_goes_on() -> None:
    goes_on = anyio.Event()

    async def hold(envelope: dict[str, Any]) -> int:
        if envelope["t"] != "HEARTBEAT":
            await goes_on.wait()
        return 204

    async with at_work(hold, replace(QUICK, overdue=0.05, beat=60.0)) as desk:
        desk.tenure.tell(None)
        await desk.until(lambda: desk.heard and desk.problem is None)
        desk.take(1)
        await desk.until(lambda: desk.problem)
        told = desk.problem
        goes_on.set()
        await desk.until(lambda: desk.problem is None)

    assert told == "The app does not take events: no answer for 0.05 seconds."


async def test_an_app_that_refuses_an_event_for_long_is_told_of_with_its_reason() -> None:
    async def refuse(envelope: dict[str, Any]) -> int:
        return 204 if envelope["t"] == "HEARTBEAT" else 503

    async with at_work(refuse, replace(QUICK, overdue=0.05)) as desk:
        desk.tenure.tell(None)
        desk.take(1)
        await desk.until(lambda: desk.problem)

    assert desk.problem == "The app does not take events: status 503."


async def test_an_app_that_takes_its_time_with_each_event_is_none() -> None:
    async def dawdle(envelope: dict[str, Any]) -> int:
        await anyio.sleep(0 if envelope["t"] == "HEARTBEAT" else 0.03)
        return 204

    async with at_work(dawdle, replace(QUICK, overdue=0.2, beat=0.01)) as desk:
        desk.tenure.tell(None)
        desk.take(*range(10))
        await desk.until(lambda: not len(desk.tenure.backlog))

    assert [
        envelope["d"] for envelope in desk.heard if envelope["d"].get("problem") and envelope["d"]["beat"] > 1
    ] == []


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_beats_that_are_not_taken_come_again_more_and_more_seldom_and_the_log_says_so_once(status: int) -> None:
    pace = replace(QUICK, beat_again=0.02, beat=0.07)
    with structlog.testing.capture_logs() as logs:
        async with at_work(answers(*[status] * 4), pace, deliver=False) as desk:
            await desk.until(lambda: len(desk.heard) >= 5)

    gaps = [after - before for before, after in pairwise(desk.times)]
    for gap, least in zip(gaps, [0.02, 0.04, 0.07, 0.07], strict=False):
        assert gap > least * 0.9
    assert [(line["event"], line["log_level"]) for line in logs] == [("gateway.beat_lost", "warning")]


async def test_a_beat_that_is_taken_is_followed_by_the_next_in_its_time() -> None:
    async with at_work(answers(), replace(QUICK, beat=0.05, beat_again=0.001), deliver=False) as desk:
        await desk.until(lambda: len(desk.heard) >= 3)

    assert min(after - before for before, after in pairwise(desk.times)) > 0.045


async def test_news_is_told_at_once() -> None:
    async with at_work(answers(), replace(QUICK, beat=60.0), deliver=False) as desk:
        await desk.until(lambda: desk.heard)
        desk.tenure.tell("news")
        await desk.until(lambda: desk.problem == "news")
        desk.tenure.note("more")
        await desk.until(lambda: desk.heard[-1]["d"]["notice"] == "more")

    assert [envelope["d"]["beat"] for envelope in desk.heard] == [1, 2, 3]


async def test_a_lease_that_is_somebody_elses_ends_the_tenure() -> None:
    desk = Desk(answers(409), QUICK)

    async with desk.http:
        with pytest.raises(LeaseLost):
            await desk.tenure.beat()


async def test_a_beat_does_not_wait_for_ever() -> None:
    async def hang(_: dict[str, Any]) -> int:
        await anyio.sleep(60)
        return 204

    async with at_work(hang, replace(QUICK, short_answer=0.02), deliver=False) as desk:
        await desk.until(lambda: len(desk.heard) >= 2)
