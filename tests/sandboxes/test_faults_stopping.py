"""What is left when a machine is not stopped as it should be, and when Daytona stops one by itself."""

import asyncio
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from app.connections import open_http
from app.opencode.client import Client
from app.sandboxes.machine import State as Row
from scripts.playground.daytona import State
from tests.sandboxes.cloud_stage import EXPIRED, IDLE, THREAD, scene
from tests.sandboxes.daytona_stage import PACE, heard

pytestmark = pytest.mark.anyio
ALWAYS = float("inf")


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_stop_that_fails_is_finished_by_the_next_look(tmp_path: Path, after_effect: bool) -> None:
    async with scene(tmp_path, pace=replace(PACE, call=0.3, change=0.3, stop=0.8)) as cloud:
        await cloud.ask("!say hello")
        cloud.clock.ahead += IDLE
        cloud.daytona.fail("POST", "/stop$", hang=True, times=ALWAYS, after_effect=after_effect)
        if after_effect:
            cloud.daytona.fail("GET", "^/sandbox/", hang=True, times=ALWAYS)
        paused = await cloud.rounds.pause_idle()
        between = (await cloud.row()).state
        cloud.daytona.heal()

        reconciled = await cloud.rounds.reconcile()

        await cloud.check()
        assert (paused, between, reconciled) == ({"failed": 1}, Row.PAUSING, {"taken_over": 1})
        assert (await cloud.row()).state is Row.PAUSED


async def test_a_message_during_a_stop_that_fails_is_answered(tmp_path: Path) -> None:
    async with scene(tmp_path, pace=replace(PACE, call=0.3, change=0.3, stop=0.8)) as cloud:
        await cloud.ask("!say hello")
        session = await cloud.session()
        cloud.clock.ahead += IDLE
        cloud.daytona.fail("POST", "/stop$", hang=True, times=ALWAYS)
        async with anyio.create_task_group() as group:
            group.start_soon(cloud.rounds.pause_idle)
            await cloud.daytona.wait_for(lambda: heard(cloud.daytona, "POST", "/stop"))
            await cloud.ask("!say again")
        cloud.daytona.heal()

        await cloud.rounds.reconcile()

        await cloud.check()
        assert cloud.said() == ["hello", "again"]
        assert await cloud.session() == session


async def test_a_deletion_that_fails_is_finished_by_the_next_look(tmp_path: Path) -> None:
    async with scene(tmp_path, pace=replace(PACE, call=0.3, delete=0.5)) as cloud:
        await cloud.ask("!say hello")
        await cloud.keeper.pause(THREAD)
        cloud.clock.ahead += EXPIRED
        cloud.daytona.fail("DELETE", "^/sandbox/", hang=True, times=ALWAYS)
        destroyed = await cloud.rounds.destroy_expired()
        cloud.daytona.heal()

        reconciled = await cloud.rounds.reconcile()

        await cloud.check()
        assert (destroyed, reconciled) == ({"failed": 1}, {"taken_over": 1})
        assert cloud.daytona.sandboxes == []


# Daytona's own clock.


async def test_a_machine_that_daytona_stopped_by_itself_is_woken(tmp_path: Path) -> None:
    async with scene(tmp_path, minute=6.0, auto_stop=1) as cloud:
        await cloud.ask("!say hello")
        session, cloud.daytona.minute = await cloud.session(), 0.3
        await cloud.until(lambda: cloud.machine.state is State.STOPPED)
        cloud.daytona.minute = 60.0

        await cloud.ask("!say again")

        await cloud.check()
        assert cloud.said() == ["hello", "again"]
        assert await cloud.session() == session


async def test_a_busy_turn_keeps_its_machine_awake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.turns.work.TOUCH_SECONDS", 0.1)
    async with scene(tmp_path, minute=6.0, auto_stop=1) as cloud:
        id = await cloud.begin_gated()
        cloud.daytona.minute = 0.5
        await asyncio.sleep(1.5)
        cloud.daytona.minute = 60.0
        cloud.open_gate()

        turn = await cloud.ended(id)

        await cloud.check()
        assert cloud.said() == ["done"]
        assert (turn.interruptions, cloud.questions()) == (0, 1)


async def test_a_stream_of_events_keeps_no_machine_awake(tmp_path: Path) -> None:
    async with scene(tmp_path, minute=6.0, auto_stop=1) as cloud, open_http() as http:
        await cloud.ask("!say hello")
        cloud.daytona.minute = 0.3
        machine = await cloud.keeper.awake(THREAD)
        assert machine is not None
        async with Client(http, machine.endpoint, machine.password).events() as events:
            await anext(aiter(events))
            await cloud.until(lambda: cloud.machine.state is State.STOPPED)

        counts = await cloud.rounds.reconcile()

        await cloud.check()
        assert counts == {"found_paused": 1}
