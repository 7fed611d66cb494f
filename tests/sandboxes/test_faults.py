"""What a person gets when Daytona fails to make or to start a machine: an answer, once, or words; and what is left
behind. The provider's part in it is in `test_daytona`; faults around a running server are in `test_faults_at_work`,
those of a stop in `test_faults_stopping`.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.sandboxes.keeper import name_of
from app.sandboxes.waking import Patience
from app.words.answer import NEW_MACHINE
from app.words.machine import KEY_REFUSED, LIMIT_REACHED
from scripts.playground.daytona import State
from tests.sandboxes.cloud_stage import THREAD, Scene, scene
from tests.sandboxes.daytona_stage import LABELS, heard, provider_of

pytestmark = pytest.mark.anyio
NAME = name_of(THREAD)
ALWAYS = float("inf")


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as cloud:
        yield cloud


@pytest.fixture
async def asleep(cloud: Scene) -> Scene:
    """With a thread whose machine has answered once, and was paused."""
    await cloud.ask("!say hello")
    assert await cloud.keeper.pause(THREAD)
    return cloud


# Making one.

FAILURES: dict[str, dict[str, Any]] = {
    "400, failed to start": {"status": 400, "body": {"message": "Sandbox failed to start"}, "after_effect": True},
    "400, for no reason": {"status": 400, "body": {"message": "bad request"}},
    "409": {"status": 409, "body": {"message": "Sandbox state change in progress"}},
    "502": {"status": 502},
    "time-out": {"status": 504, "after_effect": True},
    "no answer": {"hang": True, "after_effect": True},
    "connection lost after it took effect": {"drop": True, "after_effect": True},
    "a page": {"status": 200, "body": "<html>back soon</html>"},
}


@pytest.mark.parametrize("fault", FAILURES.values(), ids=FAILURES)
async def test_a_failed_request_for_a_machine_is_not_noticed(cloud: Scene, fault: dict[str, Any]) -> None:
    planned = cloud.daytona.fail("POST", "^/sandbox$", **fault)

    turn = await cloud.ask("!say hello", thread=None)

    await cloud.check()
    assert planned.hits == 1
    assert cloud.said(str(turn.thread)) == ["hello"]
    assert cloud.questions() == 1


async def test_a_limit_of_requests_is_waited_out(cloud: Scene) -> None:
    cloud.daytona.fail("POST", "^/sandbox$", status=429, headers={"Retry-After-sandbox-create": "42"})

    await cloud.ask("!say hello")

    await cloud.check()
    assert cloud.said() == ["hello"]
    assert cloud.orders() == 2
    assert cloud.clock.ahead > 40


@pytest.mark.parametrize("state", ["started", "stopped", "error"])
async def test_a_machine_of_an_earlier_life_is_taken_over(cloud: Scene, state: str) -> None:
    earlier = provider_of(cloud.daytona)
    await earlier.create(NAME, LABELS, within=5)
    await earlier.close()
    cloud.daytona.force(NAME, state)

    await cloud.ask("!say hello")

    await cloud.check()
    assert cloud.said() == ["hello"]


async def test_one_that_is_still_being_made_is_waited_for(cloud: Scene) -> None:
    earlier, cloud.daytona.boot_seconds = provider_of(cloud.daytona), 0.5
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: earlier.create(NAME, LABELS, within=5))
        await cloud.daytona.wait_for(lambda: cloud.daytona.named(NAME))
        await cloud.ask("!say hello")
    await earlier.close()

    await cloud.check()
    assert cloud.said() == ["hello"]


async def test_a_machine_that_does_not_come_up_in_time_is_replaced(tmp_path: Path) -> None:
    async with scene(tmp_path, patience=Patience(creation=0.5, resumption=5.0)) as cloud:
        cloud.daytona.boot_seconds = 0.8
        id = await cloud.begin("!say hello")
        await cloud.daytona.wait_for(lambda: heard(cloud.daytona, "DELETE", "/sandbox"))
        cloud.daytona.boot_seconds = 0.02
        await cloud.ended(id)

        await cloud.check()
        assert cloud.said() == ["hello"]
        assert cloud.orders() == 2


async def test_a_quota_is_told_and_works_again_once_there_is_room(cloud: Scene) -> None:
    cloud.daytona.limit = 0
    await cloud.ask("!say hello")
    refused = cloud.said()
    await cloud.check()
    cloud.daytona.limit = None

    await cloud.ask("!say hello")

    await cloud.check()
    assert refused == [LIMIT_REACHED]
    assert cloud.said() == [LIMIT_REACHED, "hello"]


async def test_a_wrong_key_is_told_in_words_and_the_app_works_once_it_is_right(tmp_path: Path) -> None:
    async with scene(tmp_path, api_key="dtn_of_the_operator") as cloud:
        await cloud.ask("!say hello", thread=None)
        turn = await cloud.ask("!say hello")
        await cloud.check()
        refused, lines = cloud.said(), [line for line in cloud.logs if line["event"] == "daytona.unauthorised"]
        counts = await cloud.rounds.reconcile()
        cloud.daytona.api_key = "dtn_of_the_operator"

        await cloud.ask("!say hello")

        await cloud.check()
        assert (turn.failing_since, refused) == (None, [KEY_REFUSED])
        assert 2 <= len(lines) <= 4  # that is twice for each turn at most
        assert counts == {"failed": 1}
        assert cloud.said() == [KEY_REFUSED, "hello"]
        assert "dtn_of_the_operator" not in repr(cloud.logs)


async def test_a_key_that_is_revoked_does_not_harm_a_turn_at_work(cloud: Scene) -> None:
    id = await cloud.begin_gated()
    key, cloud.daytona.api_key = cloud.daytona.api_key, "dtn_another"
    cloud.open_gate()
    turn = await cloud.ended(id)
    cloud.daytona.api_key = key

    await cloud.check()
    assert cloud.said() == ["done"]
    assert (cloud.questions(), turn.interruptions) == (1, 0)


# Starting one.

STARTS: dict[str, dict[str, Any]] = {
    "409 while it stops": {"status": 409, "body": {"message": "Sandbox state change in progress"}, "times": 5},
    "400, not stopped": {"status": 400, "body": {"message": "Sandbox is not in a startable state"}},
    "429": {"status": 429, "headers": {"Retry-After": "42"}},
    "502": {"status": 502},
    "connection lost after it took effect": {"drop": True, "after_effect": True},
    "no answer": {"hang": True},
    "again and again": {"status": 503, "times": 8},
}


@pytest.mark.parametrize("fault", STARTS.values(), ids=STARTS)
async def test_a_failed_start_is_not_noticed(asleep: Scene, fault: dict[str, Any]) -> None:
    machine, session = asleep.machine.id, await asleep.session()
    planned = asleep.daytona.fail("POST", "/start$", **fault)

    await asleep.ask("!say again")

    await asleep.check()
    assert planned.hits == fault.get("times", 1)
    assert asleep.said() == ["hello", "again"]
    assert (asleep.machine.id, await asleep.session()) == (machine, session)
    assert asleep.questions() == 2


async def test_one_that_is_being_stopped_by_somebody_else_is_started_again(cloud: Scene) -> None:
    await cloud.ask("!say hello")
    session, cloud.daytona.stop_seconds = await cloud.session(), 0.5
    stranger = provider_of(cloud.daytona)
    async with anyio.create_task_group() as group:
        group.start_soon(stranger.stop, cloud.machine.id)
        await cloud.daytona.wait_for(lambda: cloud.machine.state is State.STOPPING)
        await cloud.ask("!say again")
    await stranger.close()

    await cloud.check()
    assert cloud.said() == ["hello", "again"]
    assert await cloud.session() == session


async def test_a_fault_that_daytona_can_repair_keeps_machine_and_session(asleep: Scene) -> None:
    machine, session = asleep.machine.id, await asleep.session()
    asleep.daytona.force(NAME, "error", recoverable=True)

    await asleep.ask("!say again")

    await asleep.check()
    assert asleep.said() == ["hello", "again"]
    assert (asleep.machine.id, await asleep.session()) == (machine, session)


@pytest.mark.parametrize("loss", ["gone", "broken", "broken while it starts", "gone while it starts", "gone awake"])
async def test_a_machine_that_is_lost_is_replaced_and_the_thread_told_so(cloud: Scene, loss: str) -> None:
    await cloud.ask("!say hello")
    if loss != "gone awake":
        await cloud.keeper.pause(THREAD)
    lost = cloud.machine.id
    if loss.endswith("starts"):
        cloud.daytona.boot_seconds = 0.5
        id = await cloud.begin("!say again")
        await cloud.daytona.wait_for(lambda: cloud.machine.state is State.STARTING)
        cloud.daytona.boot_seconds = 0.02
    _lose(cloud, loss)

    await (cloud.ended(id) if loss.endswith("starts") else cloud.ask("!say again"))

    await cloud.check()
    assert cloud.said() == [NEW_MACHINE, "hello", "again"]
    assert cloud.machine.id != lost
    assert "hello" in str(cloud.model.requests[-1]["messages"])
    assert cloud.questions() == 2


def _lose(cloud: Scene, loss: str) -> None:
    if "gone" in loss:
        cloud.daytona.lose(NAME)
    else:
        cloud.daytona.force(NAME, "error", error_reason="no disk at node 10.0.0.7")


async def test_a_start_that_takes_too_long_is_waited_for_once_more(tmp_path: Path) -> None:
    async with scene(tmp_path, patience=Patience(creation=5.0, resumption=1.5)) as cloud:
        await cloud.ask("!say hello")
        await cloud.keeper.pause(THREAD)
        session, cloud.daytona.boot_seconds = await cloud.session(), 2.0

        await cloud.ask("!say again")

        await cloud.check()
        assert cloud.said() == ["hello", "again"]
        assert await cloud.session() == session
