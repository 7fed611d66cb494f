"""The control plane of the simulated Daytona, by the real SDK: what exists, in which state, and for how long."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.playground.daytona import DaytonaSimulator
from tests.playground.machines import PATH, make, running_in, sdk_of

if TYPE_CHECKING:
    from daytona import AsyncDaytona

pytestmark = pytest.mark.anyio


async def test_a_created_sandbox_runs_with_its_labels_its_environment_and_a_home(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    sandbox = await make(sdk, "one", labels={"app": "x"}, env_vars={"A": "1"}, auto_stop_interval=7)

    record = daytona.named("one")
    assert record is not None
    assert (record.id, record.state, record.desired_state, record.auto_stop) == (sandbox.id, "started", "started", 7)
    assert record.labels["app"] == "x"
    assert record.env == {"A": "1"}
    assert await sandbox.get_user_home_dir() == str(record.home)
    assert record.home.is_dir()


async def test_a_name_is_taken_once(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaConflictError

    await make(sdk, "one")

    with pytest.raises(DaytonaConflictError):
        await make(sdk, "one")
    assert len(daytona.sandboxes) == 1


async def test_the_name_of_a_deleted_sandbox_is_free_at_once(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaNotFoundError

    daytona.stop_seconds = 0.5
    first = await make(sdk, "one")
    await first.delete()

    with pytest.raises(DaytonaNotFoundError):
        await sdk.get("one")
    assert (await sdk.get(first.id)).state == "destroying"
    assert (await make(sdk, "one")).id != first.id


async def test_a_deleted_sandbox_is_gone_with_its_files_and_its_processes(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona", tmp_path: Path
) -> None:
    from daytona import DaytonaNotFoundError

    sandbox = await make(sdk, "one")
    await sandbox.process.exec("mkdir -p cache/inner && chmod 500 cache; setsid sleep 300 >/dev/null 2>&1 &")
    await daytona.wait_for(lambda: running_in(sandbox.id))

    await sandbox.delete(wait=True)

    assert running_in(sandbox.id) == []
    assert os.listdir(tmp_path) == []
    with pytest.raises(DaytonaNotFoundError):
        await sdk.get(sandbox.id)


async def test_a_limit_is_told_in_daytonas_words(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaBadRequestError

    daytona.limit = 1
    await make(sdk, "one")

    with pytest.raises(DaytonaBadRequestError, match=r"Total CPU limit exceeded\. Maximum allowed: 1"):
        await make(sdk, "two")


async def test_a_stop_ends_what_runs_and_a_start_finds_the_files(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    sandbox = await make(sdk, "one")
    await sandbox.process.exec("echo kept > note; setsid nohup sleep 300 >/dev/null 2>&1 &")

    await sandbox.stop()
    left = running_in(sandbox.id)
    await sandbox.start()

    assert left == []
    assert (await sandbox.process.exec("cat note")).result == "kept\n"


async def test_a_program_that_will_not_end_is_killed_in_the_end(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    daytona.stop_grace = 0.2
    sandbox = await make(sdk, "one")
    await sandbox.process.exec("trap '' TERM; (while :; do sleep 1; done) >/dev/null 2>&1 &")

    await sandbox.stop()

    assert running_in(sandbox.id) == []


async def test_nothing_may_be_changed_while_a_change_is_pending(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaConflictError, DaytonaTimeoutError

    sandbox = await make(sdk, "one")
    daytona.stop_seconds = 0.5
    with pytest.raises(DaytonaTimeoutError):
        await sandbox.stop(timeout=0.1)

    for change in (sandbox.start, sandbox.stop, sandbox.delete, sandbox.archive):
        with pytest.raises(DaytonaConflictError, match="Sandbox state change in progress"):
            await change()
    await sandbox.wait_for_sandbox_stop()
    await sandbox.start()


async def test_a_creation_that_takes_long_is_answered_with_what_there_is(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import CreateSandboxFromSnapshotParams, DaytonaConflictError, DaytonaTimeoutError

    daytona.boot_seconds, daytona.hold_seconds = 5.0, 0.05

    with pytest.raises(DaytonaTimeoutError) as caught:
        await sdk.create(CreateSandboxFromSnapshotParams(name="one"), timeout=0.3)

    record = daytona.named("one")
    assert record is not None
    assert (record.state, caught.value.sandbox_id) == ("creating", record.id)
    with pytest.raises(DaytonaConflictError):
        await (await sdk.get("one")).delete()


async def test_a_sandbox_that_fails_while_it_is_created_exists_and_is_not_named(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import DaytonaBadRequestError

    daytona.boot_seconds = 5.0

    async def break_it() -> None:
        await daytona.wait_for(lambda: daytona.named("one"))
        daytona.force("one", "error", error_reason="no runner")

    outcome, _ = await asyncio.gather(make(sdk, "one"), break_it(), return_exceptions=True)

    assert isinstance(outcome, DaytonaBadRequestError)
    assert "Sandbox failed to start: no runner" in str(outcome)
    assert (await sdk.get("one")).state == "error"


async def test_what_cannot_be_started_or_stopped_says_so(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaBadRequestError

    sandbox = await make(sdk, "one")
    await sandbox.start()  # started already: fine
    await sandbox.stop()
    with pytest.raises(DaytonaBadRequestError, match="not in a stoppable state"):
        await sandbox.stop()
    daytona.force("one", "error", error_reason="disk")

    with pytest.raises(DaytonaBadRequestError, match="errored state"):
        await sandbox.start()
    with pytest.raises(DaytonaBadRequestError, match="not recoverable"):
        await sandbox.recover()


async def test_an_error_that_is_recoverable_is_recovered_from_with_a_new_token(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    sandbox = await make(sdk, "one")
    before = await sandbox.get_preview_link(4096)
    daytona.force("one", "error", error_reason="disk", recoverable=True)
    await sandbox.refresh_data()
    assert sandbox.recoverable

    await sandbox.recover()

    after = await sandbox.get_preview_link(4096)
    assert (sandbox.state, after.url) == ("started", before.url)
    assert after.token != before.token


async def test_an_archived_sandbox_starts_with_its_files(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    sandbox = await make(sdk, "one")
    await sandbox.process.exec("echo kept > note")
    await sandbox.stop()
    await sandbox.archive()
    await daytona.wait_for(lambda: daytona.sandboxes[0].state == "archived")

    await sandbox.start()

    assert (await sandbox.process.exec("cat note")).result == "kept\n"


async def test_the_list_goes_by_labels_and_states_over_all_pages(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import ListSandboxesQuery, SandboxState

    for name in ("one", "two", "three"):
        await make(sdk, name, labels={"app": "x"})
    await make(sdk, "other", labels={"app": "y"})
    await (await sdk.get("two")).stop()

    pages = sdk.list(ListSandboxesQuery(labels={"app": "x"}, limit=1))
    names = [sandbox.name async for sandbox in pages]
    stopped = sdk.list(ListSandboxesQuery(labels={"app": "x"}, states=[SandboxState.STOPPED]))

    assert names == ["three", "two", "one"]
    assert [sandbox.name async for sandbox in stopped] == ["two"]


async def test_settings_change_while_it_runs(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    sandbox = await make(sdk, "one")
    record = daytona.sandboxes[0]

    await sandbox.set_labels({"b": "2"})
    await sandbox.set_autostop_interval(3)
    await sandbox.set_auto_delete_interval(4)
    await sandbox.set_auto_archive_interval(5)
    await sandbox.set_ttl(6)
    await sandbox.set_public(True)

    assert record.labels["b"] == "2"
    assert (record.auto_stop, record.auto_delete, record.auto_archive, record.ttl) == (3, 4, 5, 6)
    assert record.public


async def test_the_sdk_hears_at_once_what_becomes_of_a_sandbox(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    sandbox = await make(sdk, "one")
    await daytona.wait_for(lambda: daytona.watchers)

    daytona.force("one", "error")

    await daytona.wait_for(lambda: sandbox.state == "error", within=0.5)


async def test_a_wrong_key_is_refused(daytona: DaytonaSimulator) -> None:
    from daytona import DaytonaAuthenticationError

    async with sdk_of(daytona, "dtn_wrong") as sdk:
        with pytest.raises(DaytonaAuthenticationError, match="Invalid credentials"):
            await make(sdk, "one")
    assert daytona.sandboxes == []


async def test_an_idle_sandbox_stops_and_a_stopped_one_is_deleted(tmp_path: Path) -> None:
    async with DaytonaSimulator(tmp_path, PATH, minute=0.2) as daytona, sdk_of(daytona) as sdk:
        sandbox = await make(sdk, "one", auto_stop_interval=1, auto_delete_interval=1)
        await sandbox.process.exec("setsid sleep 300 >/dev/null 2>&1 &")

        await daytona.wait_for(lambda: daytona.sandboxes[0].state == "stopped", within=2)
        left = running_in(sandbox.id)
        await daytona.wait_for(lambda: not daytona.records, within=2)

    assert left == []


async def test_a_sandbox_in_use_does_not_stop(tmp_path: Path) -> None:
    async with DaytonaSimulator(tmp_path, PATH, minute=0.1) as daytona, sdk_of(daytona) as sdk:
        sandbox = await make(sdk, "one", auto_stop_interval=3)

        await sandbox.process.exec("sleep 0.5")
        by_command = daytona.sandboxes[0].state
        for _ in range(5):
            await asyncio.sleep(daytona.minute)
            await sandbox.refresh_activity()

        assert (by_command, daytona.sandboxes[0].state) == ("started", "started")
        await daytona.wait_for(lambda: daytona.sandboxes[0].state == "stopped", within=2)


async def test_looking_at_a_sandbox_does_not_keep_it_awake(tmp_path: Path) -> None:
    async with DaytonaSimulator(tmp_path, PATH, minute=0.1) as daytona, sdk_of(daytona) as sdk:
        sandbox = await make(sdk, "one", auto_stop_interval=2)

        async def look() -> None:
            while daytona.sandboxes[0].state != "stopped":
                await sandbox.refresh_data()
                await sandbox.get_preview_link(4096)

        await asyncio.wait_for(look(), 2)


async def test_a_time_to_live_ends_a_sandbox_whatever_it_does(tmp_path: Path) -> None:
    async with DaytonaSimulator(tmp_path, PATH, minute=0.2) as daytona, sdk_of(daytona) as sdk:
        await make(sdk, "one", ttl_minutes=1, auto_stop_interval=0)

        await daytona.wait_for(lambda: not daytona.records, within=2)


async def test_a_lost_sandbox_leaves_no_trace(daytona: DaytonaSimulator, sdk: "AsyncDaytona", tmp_path: Path) -> None:
    from daytona import DaytonaNotFoundError

    sandbox = await make(sdk, "one")
    await sandbox.process.exec("setsid sleep 300 >/dev/null 2>&1 &")

    daytona.lose("one")

    assert running_in(sandbox.id) == []
    assert os.listdir(tmp_path) == []
    with pytest.raises(DaytonaNotFoundError):
        await sdk.get("one")


async def test_a_deletion_under_way_is_finished_when_the_simulator_ends(tmp_path: Path) -> None:
    async with DaytonaSimulator(tmp_path, PATH) as daytona, sdk_of(daytona) as sdk:
        daytona.stop_seconds = 60.0
        await (await make(sdk, "one")).delete()
        before = os.listdir(tmp_path)

    assert len(before) == 1
    assert os.listdir(tmp_path) == []


async def test_thirty_sandboxes_are_made_at_once(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    names = [f"s{number}" for number in range(30)]

    made = await asyncio.gather(*(make(sdk, name) for name in names))

    assert sorted(sandbox.name for sandbox in daytona.sandboxes) == sorted(names)
    assert len({record.port for record in daytona.sandboxes}) == len(made) == 30


async def test_nothing_runs_on_when_the_simulator_ends(tmp_path: Path) -> None:
    async with DaytonaSimulator(tmp_path, PATH) as daytona, sdk_of(daytona) as sdk:
        sandbox = await make(sdk, "one")
        await sandbox.process.create_session("s")
        await sandbox.process.exec("setsid nohup sleep 300 >/dev/null 2>&1 &")
        await daytona.wait_for(lambda: "sleep 300" in running_in(sandbox.id))

    assert running_in(sandbox.id) == []
