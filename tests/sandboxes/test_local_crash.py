"""kill -9 of the app, at many moments: the next app knows all that still runs, and nothing outlives its close."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.sandboxes.local.launcher import LAUNCH
from app.sandboxes.local.place import Place
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.provider import Condition
from app.turns.errors import Retriable
from tests.sandboxes.look import entries, running_in, until

pytestmark = pytest.mark.anyio

SUICIDES = {"spawned", "recorded", "told"}  # moments at which it kills itself


@pytest.fixture
async def heir(tmp_path: Path) -> AsyncIterator[LocalProvider]:
    """The next app on the same root."""
    provider = LocalProvider(tmp_path, os.environ["PATH"], grace=0.3)
    yield provider
    await provider.close()


def kill_an_app(root: Path, moment: str, after: str, seconds: float = 0) -> None:
    """Killed so many seconds after it said `after`, unless it kills itself."""
    line = [sys.executable, "-m", "tests.sandboxes.doomed", str(root), moment]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        for said in app.stdout:
            if said.strip() == after:
                break
        try:
            app.wait(10 if moment in SUICIDES else seconds)
        except subprocess.TimeoutExpired:
            app.kill()


async def end_all(heir: LocalProvider, root: Path) -> None:
    await heir.close()
    assert running_in(root) == []


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.04, 0.08])
async def test_a_launch_that_was_under_way_is_known_or_never_ran(
    tmp_path: Path, heir: LocalProvider, seconds: float
) -> None:
    kill_an_app(tmp_path, "launch", "begin", seconds)

    listed = await heir.list()

    assert [instance.condition for instance in listed] == [Condition.RUNNING]
    await until(lambda: all_known(tmp_path))
    await end_all(heir, tmp_path)


@pytest.mark.parametrize("moment", ["spawned", "recorded"])
async def test_a_launcher_whose_app_died_before_the_word_starts_nothing(
    tmp_path: Path, heir: LocalProvider, moment: str
) -> None:
    kill_an_app(tmp_path, moment, "begin")

    await until(lambda: running_in(tmp_path) == [])

    with pytest.raises(Retriable):
        await heir.endpoint("box-0", 4096)


async def test_a_program_whose_app_died_right_after_the_word_is_adopted(tmp_path: Path, heir: LocalProvider) -> None:
    kill_an_app(tmp_path, "told", "begin")

    endpoint = await heir.endpoint("box-0", 4096)

    assert endpoint.url.startswith("http://127.0.0.1:")
    await heir.stop("box-0")
    assert running_in(tmp_path) == []


async def test_a_launched_program_is_adopted_and_can_be_ended(tmp_path: Path, heir: LocalProvider) -> None:
    kill_an_app(tmp_path, "launch", "launched")

    await heir.endpoint("box-0", 4096)

    assert running_in(tmp_path) != []
    await end_all(heir, tmp_path)
    found = await heir.find("box-0")
    assert found is not None
    assert found.condition is Condition.STOPPED


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.3])
async def test_a_command_that_nobody_waits_for_any_more_is_ended(
    tmp_path: Path, heir: LocalProvider, seconds: float
) -> None:
    kill_an_app(tmp_path, "exec", "begin", seconds)

    await heir.list()

    await until(lambda: running_in(tmp_path) == [])
    assert entries(tmp_path, "*/commands/*.json") == set()


@pytest.mark.parametrize("seconds", [0.0, 0.1])
async def test_a_stop_that_was_cut_short_is_finished(tmp_path: Path, heir: LocalProvider, seconds: float) -> None:
    kill_an_app(tmp_path, "stop", "launched", seconds)

    found = await heir.find("box-0")

    assert found is not None
    if found.condition is Condition.STOPPED:
        assert running_in(tmp_path) == []
    else:
        await heir.endpoint("box-0", 4096)


async def test_a_delete_that_was_cut_short_can_be_repeated(tmp_path: Path, heir: LocalProvider) -> None:
    kill_an_app(tmp_path, "delete", "launched", 0.1)

    await heir.delete("box-0")

    assert running_in(tmp_path) == []
    assert entries(tmp_path) == set()


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.02])
async def test_whatever_was_being_made_is_listed_and_can_be_completed_or_deleted(
    tmp_path: Path, heir: LocalProvider, seconds: float
) -> None:
    kill_an_app(tmp_path, "create", "begin", seconds)

    listed = await heir.list()

    assert {instance.name for instance in listed} == entries(tmp_path)
    last = max(listed, key=lambda instance: int(instance.name.partition("-")[2]))
    assert (await heir.create(last.name, {}, within=10)).condition is Condition.RUNNING
    await heir.delete(last.ref)
    assert await heir.find(last.name) is None


def all_known(root: Path) -> bool:
    """Whether each process in a sandbox comes from a launch that is written down."""
    recorded = {launch.id for path in root.iterdir() for launch in Place(path).launches().values()}
    return all(process.environ().get(LAUNCH) in recorded for process in running_in(root))
