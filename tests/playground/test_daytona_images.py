"""Snapshots and builds of the simulated Daytona, by the real SDK."""

from typing import TYPE_CHECKING

import pytest

from scripts.playground.daytona import DaytonaSimulator
from tests.playground.machines import make

if TYPE_CHECKING:
    from daytona import AsyncDaytona

pytestmark = pytest.mark.anyio


async def test_a_snapshot_is_built_with_a_log_and_makes_sandboxes(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import CreateSnapshotParams, Image, Resources

    image = Image.base("node:22-bookworm-slim").run_commands("npm i -g opencode-ai")
    said: list[str] = []

    made = await sdk.snapshot.create(
        CreateSnapshotParams(name="mine", image=image, resources=Resources(cpu=2, memory=4, disk=8)),
        on_logs=said.append,
    )

    assert (made.state, made.cpu, made.mem, made.disk) == ("active", 2, 4, 8)
    assert "npm i -g opencode-ai" in "\n".join(said)
    assert (await make(sdk, "one", snapshot="mine")).snapshot == "mine"
    assert [snapshot.name for snapshot in (await sdk.snapshot.list()).items] == ["mine"]


async def test_a_build_that_fails_says_why(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import CreateSnapshotParams, DaytonaError, Image

    daytona.build_error = "npm: not found"

    with pytest.raises(DaytonaError, match="npm: not found"):
        await sdk.snapshot.create(CreateSnapshotParams(name="mine", image=Image.base("node:22")))
    assert daytona.snapshots["mine"].state == "build_failed"


async def test_a_snapshots_name_is_taken_once_until_it_is_deleted(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import CreateSnapshotParams, DaytonaConflictError

    daytona.add_snapshot("mine")

    with pytest.raises(DaytonaConflictError):
        await sdk.snapshot.create(CreateSnapshotParams(name="mine", image="node:22"))
    await sdk.snapshot.delete("mine")
    assert daytona.snapshots == {}


async def test_an_inactive_snapshot_makes_nothing_until_it_is_activated(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import DaytonaBadRequestError

    daytona.add_snapshot("mine", "inactive")
    with pytest.raises(DaytonaBadRequestError, match="Snapshot mine is inactive"):
        await make(sdk, "one", snapshot="mine")
    assert daytona.sandboxes == []

    activating = await sdk.snapshot.activate("mine")
    await daytona.wait_for(lambda: daytona.snapshots["mine"].state == "active")

    assert activating.state == "pending"
    await make(sdk, "one", snapshot="mine")


async def test_an_unknown_snapshot_makes_nothing(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import DaytonaBadRequestError, DaytonaNotFoundError

    with pytest.raises(DaytonaBadRequestError, match="Snapshot mine not found"):
        await make(sdk, "one", snapshot="mine")
    with pytest.raises(DaytonaNotFoundError):
        await sdk.snapshot.get("mine")


async def test_a_moving_tag_is_refused(daytona: DaytonaSimulator, sdk: "AsyncDaytona") -> None:
    from daytona import CreateSnapshotParams, DaytonaBadRequestError

    with pytest.raises(DaytonaBadRequestError, match="not allowed"):
        await sdk.snapshot.create(CreateSnapshotParams(name="mine", image="node:latest"))


async def test_a_sandbox_from_an_image_is_built_first_and_the_next_is_not(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import CreateSandboxFromImageParams, Image, Resources

    image = Image.base("node:22-bookworm-slim")
    resources = Resources(cpu=2, memory=4, disk=8)

    await sdk.create(CreateSandboxFromImageParams(name="one", image=image, resources=resources), timeout=10)
    daytona.build_error = "a second build"
    await sdk.create(CreateSandboxFromImageParams(name="two", image=image), timeout=10)

    first, second = daytona.sandboxes
    assert (first.state, second.state) == ("started", "started")
    assert (first.cpu, first.memory, first.disk) == (2, 4, 8)
    assert first.build_info is not None
    assert first.build_info["dockerfileContent"] == image.dockerfile()


async def test_a_sandbox_whose_image_cannot_be_built_fails_and_stays(
    daytona: DaytonaSimulator, sdk: "AsyncDaytona"
) -> None:
    from daytona import CreateSandboxFromImageParams, DaytonaError, Image

    daytona.build_error = "npm: not found"

    with pytest.raises(DaytonaError, match="entered error state"):
        await sdk.create(CreateSandboxFromImageParams(name="one", image=Image.base("node:22")), timeout=10)
    found = await sdk.get("one")
    assert (found.state, found.error_reason) == ("build_failed", "npm: not found")
