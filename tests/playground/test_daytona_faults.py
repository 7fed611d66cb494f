"""The planned mishaps of the simulated Daytona, as the real SDK feels them."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.playground.daytona import DaytonaSimulator
from tests.playground.machines import PATH, make, running_in

if TYPE_CHECKING:
    from daytona import AsyncDaytona

pytestmark = pytest.mark.anyio


async def test_a_status_is_answered_instead_and_only_so_often(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaRateLimitError

    body, headers = {"message": "slow down"}, {"Retry-After-Sandbox-Create": "7"}
    fault = daytona.fail("POST", "^/sandbox$", status=429, body=body, headers=headers, times=2)

    for _ in range(2):
        with pytest.raises(DaytonaRateLimitError, match="slow down") as caught:
            await make(sdk, "one")
        assert caught.value.headers["retry-after-sandbox-create"] == "7"  # the server's spelling, not the planned one
    assert daytona.sandboxes == []
    await make(sdk, "one")
    assert fault.hits == 2


async def test_an_effect_remains_when_its_answer_is_replaced(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaBadGatewayError

    daytona.fail("POST", "^/sandbox$", status=502, after_effect=True)

    with pytest.raises(DaytonaBadGatewayError):
        await make(sdk, "one")

    assert (await sdk.get("one")).state == "started"


@pytest.mark.parametrize("after_effect", [True, False])
async def test_a_connection_is_dropped_before_or_after_the_effect(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona", after_effect: bool
) -> None:
    from daytona import DaytonaConnectionError

    daytona.fail("POST", "^/sandbox$", drop=True, times=float("inf"), after_effect=after_effect)

    with pytest.raises(DaytonaConnectionError):
        await make(sdk, "one")

    assert len(daytona.sandboxes) == int(after_effect)
    assert daytona.requests[0].status == 0


async def test_a_delay_makes_it_slow_and_nothing_else(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    sandbox = await make(sdk, "one")
    daytona.fail("GET", "^/sandbox/", delay=0.3)

    before = asyncio.get_running_loop().time()
    await sandbox.refresh_data()

    assert asyncio.get_running_loop().time() - before >= 0.3


async def test_what_hangs_is_answered_truly_once_it_is_healed(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    await make(sdk, "one")
    daytona.fail("GET", "^/sandbox/", hang=True, times=float("inf"))

    async def heal() -> None:
        await daytona.wait_for(lambda: daytona.requests[-1].method == "GET")
        daytona.heal()

    found, _ = await asyncio.gather(sdk.get("one"), heal())

    assert found.name == "one"
    assert daytona.requests[-1].status == 200


async def test_a_request_that_hangs_has_no_effect_when_the_client_gives_up(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    daytona.fail("POST", "^/sandbox$", hang=True)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await make(sdk, "one")

    assert daytona.sandboxes == []


async def test_a_web_page_may_come_instead_of_json(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaError

    daytona.fail("GET", "^/sandbox/", status=200, body="<h1>Maintenance</h1>")

    with pytest.raises(DaytonaError):
        await sdk.get("one")


async def test_a_fault_of_the_toolbox_strikes_nothing_else(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaTimeoutError

    sandbox = await make(sdk, "one")
    daytona.fail("", "", status=504, plane="toolbox")

    await sandbox.refresh_data()
    with pytest.raises(DaytonaTimeoutError):
        await sandbox.process.exec("touch done")
    assert (await sandbox.process.exec("ls")).result == ""


async def test_every_request_is_written_down(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    sandbox = await make(sdk, "one")
    await sandbox.process.exec("true", env={"SECRET": "s3cret"})

    created, executed = daytona.requests

    assert (created.plane, created.method, created.path, created.status) == ("api", "POST", "/sandbox", 200)
    assert created.headers["authorization"] == f"Bearer {daytona.api_key}"
    assert (executed.plane, executed.path, executed.sandbox) == ("toolbox", "/process/execute", sandbox.id)
    assert b"s3cret" in executed.body


async def test_what_a_killed_simulator_left_running_is_ended_by_the_next(tmp_path: Path) -> None:
    left = {"PATH": PATH, "HOME": str(tmp_path / "gone" / "home"), "DAYTONA_SANDBOX_ID": "gone"}
    orphan = await asyncio.create_subprocess_exec("sleep", "300", env=left)
    before = running_in("gone")

    async with DaytonaSimulator(tmp_path, PATH):
        await orphan.wait()

    assert before == ["sleep 300"]
