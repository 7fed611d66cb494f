"""A Gateway that behaves badly, and what becomes of the shim."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
import structlog
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from scheduler.gateway import protocol, tenure
from scheduler.gateway.gate import Gate
from scheduler.gateway.pace import Pace
from scheduler.gateway.selection import select
from scheduler.gateway.shard import ASTRAY, Shard
from scripts.playground.discord import Simulator
from tests.scheduler.gateway.rig import QUICK, Rig, rigged

pytestmark = pytest.mark.anyio
Manners = Callable[["Rude", ServerConnection], Awaitable[None]]


@dataclass(slots=True)
class Rude:
    """A Gateway that greets, hears IDENTIFY or RESUME, and then does as it likes."""

    manners: Manners
    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    codes: list[int | None] = field(default_factory=list)
    places: list[str] = field(default_factory=list)  # that were asked for, whether it let us in or not
    shut: Callable[[str], bool] = lambda place: False

    def admit(self, socket: ServerConnection, request: Request) -> Response | None:
        place = request.path.partition("?")[0]
        self.places.append(place)
        return socket.respond(503, "shut") if self.shut(place) else None

    async def serve(self, socket: ServerConnection) -> None:
        await socket.send('{"op": 10, "d": {"heartbeat_interval": 40000}}')
        try:
            self.heard.append(json.loads(await socket.recv()))
            await self.manners(self, socket)
            async for _ in socket:
                pass
        except ConnectionClosed:
            pass
        self.codes.append(socket.close_code)

    @property
    def ops(self) -> list[int]:
        return [frame["op"] for frame in self.heard]

    async def ready(self, socket: ServerConnection, s: int = 1) -> None:
        body = {"session_id": f"session {len(self.heard)}", "resume_gateway_url": self.url}
        await self.dispatch(socket, "READY", s, body)

    async def dispatch(self, socket: ServerConnection, name: str, s: int | None, body: Any = None) -> None:
        await socket.send(json.dumps({"op": 0, "t": name, "s": s, "d": {} if body is None else body}))


def gateway_body(url: str) -> dict[str, Any]:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": url, "shards": 1, "session_start_limit": limit}


@asynccontextmanager
async def rude(rig: Rig, manners: Manners) -> AsyncIterator[Rude]:
    """Discord's REST API is the simulator's, and it names this Gateway."""
    gateway = Rude(manners)
    async with serve(gateway.serve, "127.0.0.1", 0, process_request=gateway.admit) as server:
        gateway.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        rig.discord.faults.fail(path="/gateway/bot", status=200, body=gateway_body(gateway.url), times=1_000)
        yield gateway


async def drop_once(gateway: Rude, socket: ServerConnection) -> None:
    """The session has a place of its own for resuming."""
    if gateway.ops[-1] == 2:
        body = {"session_id": "a", "resume_gateway_url": gateway.url + "/own"}
        await gateway.dispatch(socket, "READY", 1, body)
        await socket.close(4000)
    else:
        await gateway.dispatch(socket, "RESUMED", 2)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with rigged(Simulator()) as made:
        yield made


@pytest.mark.parametrize(("lost", "identifies"), [(1, 1), (2, 2)])
async def test_a_resume_that_vanishes_is_sent_again_and_then_given_up_for_a_new_session(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, lost: int, identifies: int
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE_SECONDS", 0.2)
    rig.discord.faults.lose_resumes = lost
    async with rig.shim():
        await rig.connected()
        rig.discord.gateway.drop(4000)
        await rig.inbox.until(lambda: len(rig.inbox.named("READY")) == 2 or rig.inbox.named("RESUMED"))

    assert rig.identifies == identifies


async def test_a_hello_that_never_comes_is_asked_for_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "PATIENCE_SECONDS", 0.2)
    rig.discord.faults.lose_hellos = 2
    async with rig.shim():
        await rig.connected()

    assert rig.identifies == 1


async def test_frames_that_make_no_sense_end_the_connection_alone(rig: Rig) -> None:
    async def babble(gateway: Rude, socket: ServerConnection) -> None:
        if len(gateway.heard) == 1:
            await gateway.ready(socket)
            await gateway.dispatch(socket, "RESUMED", 2)
            await socket.send("{" if gateway.codes else '{"op": "what"}')
        else:
            await gateway.dispatch(socket, "RESUMED", 3)

    async with rude(rig, babble) as gateway, rig.shim():
        await rig.inbox.until(lambda: len(rig.inbox.named("RESUMED")) == 2 and rig.inbox.problem is None)

        assert gateway.ops == [2, 6]
        assert gateway.heard[1]["d"]["seq"] == 2
        assert gateway.codes == [4000]


async def test_a_session_that_is_resumed_again_and_again_for_nothing_is_given_up(rig: Rig) -> None:
    async def refuse(gateway: Rude, socket: ServerConnection) -> None:
        if gateway.ops[-1] == 2:
            await gateway.ready(socket)
            await rig.inbox.until(lambda: rig.inbox.named("READY"))
        if len(gateway.heard) < 8:
            await socket.close(4000)

    async with rude(rig, refuse) as gateway, rig.shim():
        await rig.inbox.until(lambda: len(rig.inbox.named("READY")) == 2)

    assert gateway.ops[:7] == [2, 6, 6, 6, 6, 6, 2]


async def test_where_the_place_for_resuming_cannot_be_reached_the_common_one_will_do(rig: Rig) -> None:
    async def lead_astray(gateway: Rude, socket: ServerConnection) -> None:
        if gateway.ops[-1] == 2:
            body = {"session_id": "a", "resume_gateway_url": "ws://127.0.0.1:9"}
            await gateway.dispatch(socket, "READY", 1, body)
            await socket.close(4000)
        else:
            await gateway.dispatch(socket, "RESUMED", 2)

    async with rude(rig, lead_astray) as gateway, rig.shim():
        await rig.inbox.until(lambda: rig.inbox.named("RESUMED"))

    assert gateway.ops == [2, 6]


async def test_a_frame_of_several_megabytes_is_an_ordinary_one(rig: Rig) -> None:
    async def swamp(gateway: Rude, socket: ServerConnection) -> None:
        await gateway.ready(socket)
        await gateway.dispatch(socket, "GUILD_CREATE", 2, {"id": "1", "name": "G", "members": ["x" * 100] * 60_000})

    async with rude(rig, swamp), rig.shim():
        await rig.inbox.until(lambda: rig.inbox.named("GUILD_CREATE"))

    assert rig.inbox.named("GUILD_CREATE")[0]["d"] == {"id": "1", "name": "G"}


async def test_it_always_leaves_with_a_code_that_keeps_the_session(rig: Rig) -> None:
    async def listen(gateway: Rude, socket: ServerConnection) -> None:
        await gateway.ready(socket)

    async with rude(rig, listen) as gateway:
        async with rig.shim():
            await rig.inbox.until(lambda: rig.inbox.named("READY"))
        await rig.inbox.until(lambda: gateway.codes)

    assert gateway.codes == [4000]


async def test_a_gateway_that_cannot_be_reached_is_told_of_and_tried_again(rig: Rig) -> None:
    rig.discord.faults.fail(path="/gateway/bot", status=200, body=gateway_body("ws://127.0.0.1:9"), times=4)
    async with rig.shim():
        await rig.inbox.until(lambda: "cannot be reached" in (rig.inbox.problem or ""))
        await rig.connected()

    assert rig.identifies == 1


async def test_a_defect_ends_neither_the_process_nor_the_session(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    real, defects = Shard._take, [RuntimeError("a defect")]

    def take(self: Any, event: Any, tenure: Any) -> str | None:
        if event.name == "MESSAGE_CREATE" and defects:
            raise defects.pop()
        return real(self, event, tenure)

    monkeypatch.setattr(Shard, "_take", take)
    with structlog.testing.capture_logs() as logs:
        async with rig.shim():
            await rig.connected()
            asked = await rig.ask("one", "two")
            await rig.heard(*asked)

    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["gateway.defect"]
    assert rig.identifies == 1


async def test_a_shard_whose_defect_returns_begins_again_more_and_more_seldom(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = []

    async def fail(_: Gate) -> str:
        times.append(time.monotonic())
        raise RuntimeError("a defect")

    monkeypatch.setattr(Gate, "bot", fail)
    async with rig.shim(replace(QUICK, calm=0.05, restart=0.0, spacing=0.0)):
        await rig.inbox.until(lambda: len(times) >= 4)

    gaps = [after - before for before, after in pairwise(times[:4])]
    assert [gap > least * 0.9 for gap, least in zip(gaps, [0.05, 0.1, 0.2], strict=True)] == [True] * 3


async def test_an_event_that_brings_out_a_defect_is_dropped_and_never_replayed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(name: str, body: Any, bot: str) -> dict[str, Any] | None:
        if "poison" in str(body):
            raise RuntimeError("a defect")
        return select(name, body, bot)

    monkeypatch.setattr(tenure, "select", choose)
    with structlog.testing.capture_logs() as logs:
        async with rig.shim():
            await rig.connected()
            asked = await rig.ask("poison", "after")
            await rig.heard(asked[1])
            await rig.inbox.until(lambda: rig.inbox.beats[-1]["s"] == 4)

    (defect,) = (line for line in logs if line["log_level"] == "error")
    assert (defect["event"], defect["name"], defect["s"]) == ("gateway.event_defect", "MESSAGE_CREATE", 3)
    assert (rig.identifies, rig.inbox.named("RESUMED")) == (1, [])


async def test_a_resumed_without_a_number_of_its_own_connects(rig: Rig) -> None:
    async def number_none(gateway: Rude, socket: ServerConnection) -> None:
        if gateway.ops[-1] == 2:
            await gateway.ready(socket)
            await rig.inbox.until(lambda: rig.inbox.named("READY"))
            await socket.close(4000)
        else:
            await gateway.dispatch(socket, "RESUMED", None)

    async with rude(rig, number_none) as gateway, rig.shim():
        await rig.inbox.until(lambda: len(gateway.heard) == 2 and rig.inbox.problem is None)

        assert gateway.ops == [2, 6]


async def test_where_no_new_session_could_be_begun_its_own_place_is_not_doubted(rig: Rig) -> None:
    nowhere = gateway_body("ws://127.0.0.1:9")
    rig.discord.faults.fail(path="/gateway/bot", status=200, body=nowhere, times=5)
    async with rude(rig, drop_once) as gateway, rig.shim():
        await rig.inbox.until(lambda: rig.inbox.named("RESUMED"))

    assert gateway.places == ["/", "/own"]


async def test_the_own_place_and_the_common_one_are_tried_by_turns(rig: Rig) -> None:
    async with rude(rig, drop_once) as gateway, rig.shim():
        gateway.shut = lambda place: 1 < len(gateway.places) < ASTRAY + 3
        await rig.inbox.until(lambda: rig.inbox.named("RESUMED"))

    assert gateway.places == ["/", *["/own"] * ASTRAY, "/", "/own"]


async def test_while_rest_is_in_trouble_the_own_place_is_tried_on(rig: Rig) -> None:
    async def lead_astray(gateway: Rude, socket: ServerConnection) -> None:
        body = {"session_id": "a", "resume_gateway_url": "ws://127.0.0.1:9"}
        await gateway.dispatch(socket, "READY", 1, body)
        rig.discord.faults.planned.clear()
        rig.discord.faults.fail(path="/gateway/bot", status=503, body={}, times=1_000)
        await socket.close(4000)

    with structlog.testing.capture_logs() as logs:
        async with rude(rig, lead_astray), rig.shim():
            await rig.inbox.until(lambda: [line["event"] for line in logs].count("gateway.unreachable") >= ASTRAY + 4)

    assert "cannot be reached" in (rig.inbox.problem or "")


async def test_resumes_in_vain_count_only_in_a_row(rig: Rig) -> None:
    async def refuse(gateway: Rude, socket: ServerConnection) -> None:
        if gateway.ops[-1] == 2:
            await gateway.ready(socket)
            await rig.inbox.until(lambda: rig.inbox.named("READY"))
        elif len(gateway.heard) in (4, 8):  # it brings something, after two and three that did not
            await gateway.dispatch(socket, "RESUMED", len(gateway.heard))
        if len(gateway.heard) < 10:
            await socket.close(4000)
        else:
            await gateway.dispatch(socket, "RESUMED", 20)

    async with rude(rig, refuse) as gateway, rig.shim():
        await rig.inbox.until(lambda: len(gateway.heard) == 10 and rig.inbox.problem is None)

    assert gateway.ops == [2, *[6] * 9]


@pytest.mark.parametrize(
    "pace",
    [replace(QUICK, calm=0.05, restart=0.0, spacing=0.0), replace(QUICK, calm=0.0, restart=0.05, spacing=0.0)],
    ids=["calm", "restart"],
)
async def test_a_fleet_that_is_refused_again_and_again_is_begun_more_and_more_seldom(rig: Rig, pace: Pace) -> None:
    """Its own pauses grow, and so do those of a shard, though every fleet has new ones."""
    times = []

    async def refuse(_: Rude, socket: ServerConnection) -> None:
        times.append(time.monotonic())
        await socket.close(4011)

    async with rude(rig, refuse), rig.shim(pace):
        await rig.inbox.until(lambda: len(times) >= 4)

    gaps = [after - before for before, after in pairwise(times[:4])]
    assert [gap > least * 0.9 for gap, least in zip(gaps, [0.05, 0.1, 0.2], strict=True)] == [True] * 3


async def test_not_even_a_library_that_says_everything_shows_the_token(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # of all loggers, past what telemetry sets
    async with rig.shim():
        await rig.connected()
        asked = await rig.ask("a secret of ada's")
        await rig.heard(*asked)

    assert rig.discord.token not in caplog.text
    assert "a secret of ada's" not in caplog.text


async def test_heartbeats_that_are_asked_for_are_given_and_the_connection_stays(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        for _ in range(5):
            rig.discord.gateway.demand_heartbeat()
        await rig.discord.wait_for(lambda: rig.discord.world.beats >= 5)
        asked = await rig.ask("still there?")
        await rig.heard(*asked)

    assert (rig.identifies, rig.discord.violations, rig.inbox.named("RESUMED")) == (1, [], [])


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_is_resumed_or_begun_anew_as_discord_says(rig: Rig, resumable: bool) -> None:
    async with rig.shim():
        await rig.connected()
        invalidated = time.monotonic()
        rig.discord.gateway.invalidate(resumable=resumable)
        if resumable:
            await rig.inbox.until(lambda: rig.inbox.named("RESUMED"))
        else:
            await rig.connected(sessions=2)
        took = time.monotonic() - invalidated
        asked = await rig.ask("after")
        await rig.heard(*asked)

    assert took >= 1
    assert rig.identifies == (1 if resumable else 2)


async def test_a_bot_that_may_have_no_intents_at_all_stops_with_a_reason_and_asks_again(rig: Rig) -> None:
    rig.discord.faults.close_starts = [4014, 4014, 4013]
    async with rig.shim():
        await rig.connected()
    told = " ".join(str(beat["d"]["problem"]) for beat in rig.inbox.beats)

    assert rig.identifies == 1
    assert "does not allow the bot its intents" in told
    assert "does not know these intents" in told


async def test_leaving_takes_no_longer_than_it_may_though_nobody_answers(rig: Rig) -> None:
    async with rig.shim():
        await rig.connected()
        rig.inbox.verdict = lambda envelope: 503
        await rig.ask("too late")
        rig.discord.gateway.freeze()
        clock = asyncio.get_running_loop().time
        started = clock()
    took = clock() - started

    assert 0.5 <= took < 2  # the drain is half a second here, and closing another
