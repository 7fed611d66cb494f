"""What a person gets when Daytona fails around a server that runs: between two questions, and while one is worked on.

A server that works must be left to its work, whatever stands in the way to it; one that is gone must be started again.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.sandboxes.keeper import name_of
from app.sandboxes.machine import State as Row
from app.sandboxes.waking import DOUBT_SECONDS, Patience
from app.words.answer import NEW_MACHINE
from scripts.playground.daytona import State
from tests.sandboxes.cloud_stage import THREAD, Scene, scene
from tests.sandboxes.daytona_stage import PACE, provider_of

pytestmark = pytest.mark.anyio
NAME = name_of(THREAD)
ALWAYS = float("inf")
FIVE_MINUTES = 300.0


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as cloud:
        yield cloud


# On the way to a server that runs.

LOGIN = {"Location": "https://login.daytona.example/authorize"}
STOPPED = {"statusCode": 400, "message": "bad request: no IP address found. Is the Sandbox started?"}
ON_THE_WAY: dict[str, dict[str, Any]] = {
    "307": {"status": 307, "headers": LOGIN},
    "401": {"status": 401},
    "400": {"status": 400, "body": STOPPED},
    "502": {"status": 502},
    "a page": {"status": 200, "body": "<html>back soon</html>"},
    "connection lost": {"drop": True},
}


@pytest.mark.parametrize("fault", ON_THE_WAY.values(), ids=ON_THE_WAY)
async def test_a_question_gets_through_to_a_server_that_runs(cloud: Scene, fault: dict[str, Any]) -> None:
    await cloud.ask("!say hello")
    session = await cloud.session()
    cloud.daytona.fail("", "", plane="preview", times=5, **fault)

    await cloud.ask("!say again")

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert (await cloud.session(), cloud.launches(), cloud.questions()) == (session, 1, 2)


@pytest.mark.parametrize("fault", ON_THE_WAY.values(), ids=ON_THE_WAY)
async def test_a_turn_at_work_is_not_disturbed(cloud: Scene, fault: dict[str, Any]) -> None:
    id = await cloud.begin_gated()
    planned = cloud.daytona.fail("", "", plane="preview", times=9, **fault)
    await cloud.until(lambda: planned.hits >= 7)
    cloud.open_gate()

    turn = await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == ["done"]
    assert (turn.interruptions, cloud.launches(), cloud.questions()) == (0, 1, 1)


async def test_a_preview_that_does_not_answer_for_a_while_disturbs_no_turn(cloud: Scene) -> None:
    id = await cloud.begin_gated()
    planned = cloud.daytona.fail("", "", plane="preview", times=5, hang=True)
    await cloud.until(lambda: planned.hits >= 5)
    cloud.open_gate()

    turn = await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == ["done"]
    assert (turn.interruptions, cloud.launches(), cloud.questions()) == (0, 1, 1)


async def test_a_server_that_stays_out_of_reach_is_started_anew(cloud: Scene) -> None:
    await cloud.ask("!say hello")
    session = await cloud.session()
    cloud.daytona.fail("", "", plane="preview", status=502, times=ALWAYS)
    id, began = await cloud.begin("!say again"), cloud.clock()
    await cloud.until(lambda: cloud.launches() == 2)
    lasted = cloud.clock() - began
    cloud.daytona.heal()

    await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert lasted > DOUBT_SECONDS
    assert (await cloud.session(), cloud.launches(), cloud.questions()) == (session, 2, 2)


@pytest.mark.parametrize("denial", [307, 401])
async def test_a_new_token_is_fetched(cloud: Scene, denial: int) -> None:
    cloud.daytona.denial = denial
    await cloud.ask("!say hello")
    cloud.daytona.rotate(NAME)

    await cloud.ask("!say again")

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert (cloud.launches(), len(cloud.postponed())) == (1, 1)


@pytest.mark.parametrize("denial", [307, 401])
async def test_a_token_that_goes_stale_under_a_turn_is_fetched_anew(cloud: Scene, denial: int) -> None:
    cloud.daytona.denial = denial
    id = await cloud.begin_gated()
    cloud.daytona.rotate(NAME)
    await cloud.until(cloud.postponed)
    cloud.open_gate()

    turn = await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == ["done"]
    assert (turn.interruptions, cloud.launches(), cloud.questions()) == (0, 1, 1)
    assert len(cloud.postponed()) == 1


# A server that does not run any more.


async def _stopped(cloud: Scene) -> None:
    stranger = provider_of(cloud.daytona)
    await stranger.stop(cloud.machine.id)
    await stranger.close()


async def _stopping(cloud: Scene) -> None:
    """Not down yet when the turn finds out."""
    cloud.daytona.stop_seconds = 1.0
    cloud.daytona.spawn(_stopped(cloud))
    await cloud.until(lambda: cloud.machine.state is State.STOPPING)


async def _died(cloud: Scene) -> None:
    await cloud.signal_server(signal.SIGKILL)


ENDS = {"stopped": _stopped, "being stopped": _stopping, "died": _died}
End = Callable[[Scene], Awaitable[None]]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_a_server_that_ended_is_started_again(cloud: Scene, end: End) -> None:
    await cloud.ask("!say hello")
    session = await cloud.session()
    await end(cloud)

    await cloud.ask("!say again")

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert (await cloud.session(), cloud.launches(), cloud.questions()) == (session, 2, 2)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_a_turn_that_was_cut_off_is_finished_on_the_same_machine(cloud: Scene, end: End) -> None:
    id = await cloud.begin_gated()
    machine, session = cloud.machine.id, await cloud.session()
    await end(cloud)
    await cloud.until(lambda: cloud.machine.state is not State.STOPPING)  # else it may just about be answered
    cloud.open_gate()

    turn = await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == ["done"]
    assert (cloud.machine.id, await cloud.session()) == (machine, session)
    assert (turn.interruptions, cloud.launches()) == (1, 2)


async def test_a_turn_whose_machine_is_lost_is_finished_on_a_new_one(cloud: Scene) -> None:
    id = await cloud.begin_gated()
    cloud.daytona.lose(NAME)
    await cloud.until(cloud.at_gate)
    cloud.open_gate()

    turn = await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == [NEW_MACHINE, "done"]
    assert (turn.interruptions, cloud.questions()) == (1, 2)


async def test_a_server_that_hangs_is_replaced(cloud: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await cloud.ask("!say hello")
    session = await cloud.session()
    await cloud.signal_server(signal.SIGSTOP)
    monkeypatch.setattr("app.opencode.server.LOOKS", (0.4,))

    await cloud.ask("!say again")

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert (await cloud.session(), cloud.launches(), cloud.questions()) == (session, 2, 2)


@pytest.mark.parametrize("nth", [1, 2])
async def test_a_command_that_hangs_in_a_new_machine_costs_time_only(tmp_path: Path, nth: int) -> None:
    """The first makes the workspace, the second prepares the server's start."""
    pace, patience = replace(PACE, call=0.5), Patience(creation=6.0, resumption=6.0)
    async with scene(tmp_path, pace=pace, patience=patience) as cloud:
        if nth == 2:
            cloud.daytona.fail("POST", "/process/execute$", plane="toolbox", delay=0.01)
        cloud.daytona.fail("POST", "/process/execute$", plane="toolbox", hang=True)

        await cloud.ask("!say hello")

        await cloud.check()
        assert cloud.said() == ["hello"]
        assert (len(cloud.daytona.sandboxes), cloud.questions()) == (1, 1)


async def test_a_server_out_of_reach_is_not_called_awake(cloud: Scene) -> None:
    await cloud.ask("!say hello")
    cloud.daytona.fail("", "", plane="preview", times=ALWAYS, status=502)

    machine = await cloud.keeper.awake(THREAD)

    await cloud.check()
    assert machine is None
    assert cloud.launches() == 1


# Daytona is down.


def _down(cloud: Scene) -> None:
    """For five minutes from now."""
    ends = cloud.clock() + FIVE_MINUTES
    for plane in ("api", "toolbox", "preview"):
        cloud.daytona.fail("", "", plane=plane, times=ALWAYS, status=503, body="<html>back soon</html>")

    async def heal() -> None:
        await cloud.until(lambda: cloud.clock() >= ends)
        cloud.daytona.heal()

    cloud.daytona.spawn(heal())


async def test_a_first_question_outlasts_daytonas_being_down(cloud: Scene) -> None:
    _down(cloud)

    turn = await cloud.ask("!say hello", thread=None)

    await cloud.check()
    assert cloud.said(str(turn.thread)) == ["hello"]
    assert len(cloud.postponed()) >= 5
    assert cloud.questions() == 1


@pytest.mark.parametrize("rest", [Row.ACTIVE, Row.PAUSED])
async def test_a_thread_outlasts_daytonas_being_down(cloud: Scene, rest: Row) -> None:
    await cloud.ask("!say hello")
    if rest is Row.PAUSED:
        await cloud.keeper.pause(THREAD)
    machine, session = cloud.machine.id, await cloud.session()
    _down(cloud)

    await cloud.ask("!say again")

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert (cloud.machine.id, await cloud.session(), cloud.questions()) == (machine, session, 2)
    assert cloud.launches() == (1 if rest is Row.ACTIVE else 2)


async def test_a_turn_at_work_outlasts_daytonas_being_down(cloud: Scene) -> None:
    """And what the clock asks for meanwhile does no harm."""
    id = await cloud.begin_gated()
    _down(cloud)
    await cloud.until(lambda: len(cloud.postponed()) >= 2)
    counts = [await cloud.rounds.reconcile(), await cloud.rounds.pause_idle(), await cloud.rounds.destroy_expired()]
    cloud.open_gate()

    turn = await cloud.ended(id)

    await cloud.check()
    assert cloud.said() == ["done"]
    assert (turn.interruptions, cloud.launches(), cloud.questions()) == (0, 1, 1)
    assert counts == [{"failed": 1}, {}, {}]
