"""The image that machines are made from, and the script that builds a snapshot of it."""

from collections.abc import Mapping
from functools import partial

import anyio.to_thread
import pytest

from app.opencode.config import VERSION
from app.sandboxes.daytona.image import Size, dockerfile, snapshot_name
from scripts.build_snapshot import main
from scripts.playground.daytona import DaytonaSimulator

NAME = snapshot_name(VERSION, Size())


async def run(daytona: DaytonaSimulator, *arguments: str, **changes: str) -> int:
    environ = {"DAYTONA_API_KEY": daytona.api_key, "DAYTONA_API_URL": daytona.api_url, **changes}
    return await anyio.to_thread.run_sync(partial(main, arguments, environ))


def test_the_image_has_what_opencode_needs_and_ends_as_an_ordinary_user() -> None:
    lines = dockerfile("1.2.3").splitlines()

    assert lines[0].startswith("FROM node:22")
    assert "opencode-ai@1.2.3" in dockerfile("1.2.3")
    assert all(f" {package} " in dockerfile("1.2.3") for package in ("git", "ripgrep", "gh"))
    assert [line for line in lines if line.startswith("USER")] == ["USER daytona"]


def test_a_snapshot_is_called_after_its_content() -> None:
    names = {snapshot_name("1.2.3", Size()), snapshot_name("1.2.4", Size()), snapshot_name("1.2.3", Size(disk=9))}

    assert len(names) == 3
    assert snapshot_name("1.2.3", Size()) == snapshot_name("1.2.3", Size(2, 4, 8))


@pytest.mark.anyio
async def test_a_snapshot_is_built_and_named(daytona: DaytonaSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    code = await run(daytona, "--disk", "5")

    out, err = capsys.readouterr()
    (made,) = (each for name, each in daytona.snapshots.items() if name != "agent")
    assert (code, out) == (0, f"DAYTONA_SNAPSHOT={made.name}\n")
    assert "npm install --global opencode-ai" in err
    assert made.build_info is not None
    assert made.build_info["dockerfileContent"] == dockerfile(VERSION)
    assert (made.state, made.cpu, made.memory, made.disk) == ("active", 2, 4, 5)


@pytest.mark.anyio
@pytest.mark.parametrize("state", ["active", "inactive"])
async def test_one_that_is_there_already_is_made_active(
    daytona: DaytonaSimulator, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    daytona.add_snapshot(NAME, state)

    code = await run(daytona)

    out, err = capsys.readouterr()
    assert (code, out, daytona.snapshots[NAME].state) == (0, f"DAYTONA_SNAPSHOT={NAME}\n", "active")
    assert "already" in err
    assert not [each for each in daytona.requests if (each.method, each.path) == ("POST", "/snapshots")]


@pytest.mark.anyio
async def test_a_build_that_failed_is_told_and_built_anew_the_next_time(
    daytona: DaytonaSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    daytona.build_error = "npm: no such version"

    first = await run(daytona)
    told = capsys.readouterr()
    daytona.build_error = None
    second = await run(daytona)

    assert (first, second) == (1, 0)
    assert told.out == ""
    assert "npm: no such version" in told.err
    assert "Traceback" not in told.err


@pytest.mark.anyio
async def test_a_connection_lost_while_it_is_built_does_no_harm(daytona: DaytonaSimulator) -> None:
    daytona.fail("POST", "^/snapshots$", drop=True, after_effect=True)

    code = await run(daytona, "--name", "mine")

    assert (code, daytona.snapshots["mine"].state) == (0, "active")


PROBLEMS: dict[str, tuple[tuple[str, ...], Mapping[str, str], int, str]] = {
    "no key": ((), {"DAYTONA_API_KEY": ""}, 2, "DAYTONA_API_KEY"),
    "wrong key": ((), {"DAYTONA_API_KEY": "dtn_wrong"}, 1, "DAYTONA_API_KEY"),
    "no address": ((), {"DAYTONA_API_URL": "nowhere"}, 2, "DAYTONA_API_URL"),
    "nobody there": ((), {"DAYTONA_API_URL": "http://127.0.0.1:9/api"}, 1, "again"),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("arguments", "changes", "code", "word"), PROBLEMS.values(), ids=PROBLEMS)
async def test_problems_are_told_in_a_line(
    daytona: DaytonaSimulator,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    changes: Mapping[str, str],
    code: int,
    word: str,
) -> None:
    ended = await run(daytona, *arguments, **changes)

    out, err = capsys.readouterr()
    (line,) = (line for line in err.splitlines() if line.startswith("build_snapshot:"))
    assert (ended, out.count("DAYTONA_SNAPSHOT=")) == (code, 0)
    assert word in line
    assert "dtn_wrong" not in out + err


def test_a_size_of_nothing_is_no_size(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--cpu", "0"], {})

    assert raised.value.code == 2
    assert "above zero" in capsys.readouterr().err
