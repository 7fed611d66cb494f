"""Local sandboxes: what the contract of all providers leaves to them."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import anyio
import httpx
import psutil
import pytest

from app.sandboxes.local import launcher
from app.sandboxes.local.place import Unusable, occupy
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.provider import Completed, Condition, Program, Reserved, Unserved
from app.turns.errors import Refused, Retriable
from tests.sandboxes.look import entries, running_in, until

pytestmark = pytest.mark.anyio

PORT = 4096
WEB = Program("web", f'exec {sys.executable} -m http.server --bind 127.0.0.1 "$PORT"', {}, PORT)
SLEEP = Program("sleep", "exec sleep 300", {}, PORT)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[LocalProvider]:
    made = LocalProvider(tmp_path, os.environ["PATH"], grace=0.4)
    yield made
    await made.close()
    assert running_in(tmp_path) == []


@pytest.fixture
def innocent() -> Iterator[psutil.Process]:
    """The leader of a session that is none of ours."""
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as process:
        yield psutil.Process(process.pid)
        process.kill()


async def fetch(url: str) -> httpx.Response:
    """As soon as somebody answers there."""
    async with httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                return await http.get(url)
            except httpx.ConnectError:
                await anyio.sleep(0.02)


async def test_a_sandbox_sees_nothing_of_the_apps_environment(
    provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "the-token")
    monkeypatch.setenv("TERM", "xterm")
    await provider.create("one", {}, within=10)

    completed = await provider.exec("one", "env", within=10)

    seen = dict(line.split("=", 1) for line in completed.output.splitlines())
    own = {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "OPENCORD_SANDBOX", "OPENCORD_LAUNCH"}
    xdg = {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"}
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert own | xdg <= seen.keys() <= own | xdg | of_the_shell
    assert all(seen[name].startswith(str(tmp_path / "one")) for name in {"HOME", "TMPDIR", "PWD"} | xdg)


async def test_a_programs_variables_reach_it_and_nothing_else(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)
    program = Program("tell", 'echo "$PASSWORD on $PORT"; exec sleep 300', {"PASSWORD": "hunter2"}, PORT)

    await provider.launch("one", program)

    log = tmp_path / "one/programs/tell.log"
    await until(log.read_text)
    actual = (await provider.endpoint("one", PORT)).url.rpartition(":")[2]
    assert log.read_text() == f"hunter2 on {actual}\n"
    assert not any("hunter2" in " ".join(process.cmdline()) for process in running_in(tmp_path))
    assert not any("hunter2" in (tmp_path / path).read_text() for path in entries(tmp_path, "**/*.json"))


async def test_two_sandboxes_serve_the_same_port(provider: LocalProvider, tmp_path: Path) -> None:
    for name in ("one", "two"):
        await provider.create(name, {}, within=10)
        await provider.exec(name, f"echo {name} > page", within=10)
        await provider.launch(name, WEB)

    pages = [await fetch((await provider.endpoint(name, PORT)).url + "/page") for name in ("one", "two")]

    assert [page.text for page in pages] == ["one\n", "two\n"]


async def test_files_outlive_a_stop(provider: LocalProvider) -> None:
    await provider.create("one", {}, within=10)
    await provider.exec("one", "mkdir -p deep/er; echo kept > deep/er/file", within=10)

    await provider.stop("one")
    await provider.start("one", within=10)

    assert await provider.exec("one", "cat deep/er/file", within=10) == Completed(0, "kept\n")


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "-rf", ".gone-1", "a b", "a;id", "a\n", "x" * 200])
async def test_a_name_that_is_no_plain_word_is_refused(provider: LocalProvider, tmp_path: Path, name: str) -> None:
    await provider.create("one", {}, within=10)
    before = entries(tmp_path, "**/*"), entries(tmp_path.parent, "*")

    with pytest.raises(ValueError, match="name is"):
        await provider.create(name, {}, within=10)
    with pytest.raises(ValueError, match="name is"):
        await provider.delete(name)
    with pytest.raises(ValueError, match="name is"):
        await provider.launch("one", replace(SLEEP, name=name))

    assert (entries(tmp_path, "**/*"), entries(tmp_path.parent, "*")) == before


async def test_a_pipe_that_nobody_reads_any_more_ends_its_writer(provider: LocalProvider) -> None:
    await provider.create("one", {}, within=10)

    completed = await provider.exec("one", "yes | head -n 1", within=10)

    assert completed == Completed(0, "y\n")


async def test_a_command_ended_by_a_signal_tells_it_as_a_shell_does(provider: LocalProvider) -> None:
    await provider.create("one", {}, within=10)

    completed = await provider.exec("one", "kill -KILL $$", within=10)

    assert completed.exit_code == 128 + signal.SIGKILL


async def test_what_a_finished_command_left_running_is_ended_by_a_stop(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)

    completed = await provider.exec("one", "sleep 300 & echo started", within=10)

    assert completed == Completed(0, "started\n")
    assert running_in(tmp_path) != []
    await provider.stop("one")
    assert running_in(tmp_path) == []


@pytest.mark.parametrize(
    "command",
    [
        "sleep 300 & sleep 300",
        "trap '' TERM; while :; do sleep 1; done",
        f"{sys.executable} -c 'import os, time; os.fork() or os.setsid() or os.fork() or time.sleep(300)'; sleep 300",
        "env -i /bin/sleep 300",
        f"""{sys.executable} -c 'import os; os.setsid(); os.execve("/bin/sleep", ["sleep", "300"], {{}})' & wait""",
    ],
    ids=["in the background", "deaf to SIGTERM", "daemon", "no environment", "no environment, own session"],
)
async def test_nothing_of_a_command_goes_on_past_its_deadline(
    provider: LocalProvider, tmp_path: Path, command: str
) -> None:
    await provider.create("one", {}, within=10)

    with pytest.raises(Retriable):
        await provider.exec("one", command, within=0.3)

    assert running_in(tmp_path) == []


async def test_nothing_of_a_cancelled_command_goes_on(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: provider.exec("one", "sleep 300 & sleep 300", within=300))
        await until(lambda: len(running_in(tmp_path)) == 3)
        tasks.cancel_scope.cancel()

    assert running_in(tmp_path) == []


async def test_a_stop_ends_daemons_that_left_session_and_parent(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)
    fork = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(300)"
    await provider.exec("one", f"{sys.executable} -c '{fork}'", within=10)
    await until(lambda: running_in(tmp_path))

    await provider.stop("one")

    assert running_in(tmp_path) == []


async def test_a_stop_ends_what_hides_its_environment(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)
    await provider.launch("one", replace(SLEEP, command="env -i /bin/sleep 300 & exec env -i /bin/sleep 300"))
    await until(lambda: len(running_in(tmp_path)) == 2)

    await provider.stop("one")

    assert running_in(tmp_path) == []


async def test_a_stop_leaves_the_neighbours_alone(provider: LocalProvider) -> None:
    for name in ("one", "one-more"):
        await provider.create(name, {}, within=10)
        await provider.launch(name, SLEEP)

    await provider.stop("one")

    await provider.endpoint("one-more", PORT)


async def test_a_command_under_way_when_the_sandbox_stops_says_that_it_was_ended(
    provider: LocalProvider, tmp_path: Path
) -> None:
    await provider.create("one", {}, within=10)
    completed: list[Completed] = []

    async def run() -> None:
        completed.append(await provider.exec("one", "exec sleep 300", within=300))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await until(lambda: running_in(tmp_path))
        await provider.stop("one")

    assert completed[0].exit_code == 128 + signal.SIGTERM


async def test_launching_again_ends_the_first_with_its_children(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)
    await provider.launch("one", replace(SLEEP, command="sleep 300 & sleep 300"))
    await until(lambda: len(running_in(tmp_path)) == 3)
    first = running_in(tmp_path)

    await provider.launch("one", SLEEP)

    await until(lambda: not any(process in first for process in running_in(tmp_path)))
    assert len(running_in(tmp_path)) == 1


async def test_a_program_that_ended_has_no_endpoint_and_its_log_is_kept(
    provider: LocalProvider, tmp_path: Path
) -> None:
    await provider.create("one", {}, within=10)
    await provider.launch("one", replace(SLEEP, command="echo first"))
    await until(lambda: running_in(tmp_path) == [])

    with pytest.raises(Retriable):
        await provider.endpoint("one", PORT)

    await provider.launch("one", replace(SLEEP, command="echo second; exec sleep 300"))
    await until((tmp_path / "one/programs/sleep.log").read_text)
    assert (tmp_path / "one/programs/sleep.log.old").read_text() == "first\n"


async def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(
    provider: LocalProvider, tmp_path: Path, innocent: psutil.Process
) -> None:
    await provider.create("one", {}, within=10)
    stale = launcher.Launch("0123", innocent.pid, innocent.create_time() - 3600, PORT, 1)
    launcher.write(tmp_path / "one/programs/sleep.json", asdict(stale))

    with pytest.raises(Retriable):
        await provider.endpoint("one", PORT)
    await provider.launch("one", SLEEP)
    launcher.write(tmp_path / "one/programs/other.json", asdict(stale))
    await provider.stop("one")

    assert innocent.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("name", ["bin", "one", ".opencord"])
async def test_a_directory_of_somebody_else_is_never_listed_and_never_touched(
    provider: LocalProvider, tmp_path: Path, name: str
) -> None:
    theirs = tmp_path / name
    for folder in ("home", "commands", "programs"):
        (theirs / folder).mkdir(parents=True)
        (theirs / folder / "precious.json").write_text("{}")
    (theirs / "sandbox.json").write_text('{"name": "another", "labels": {}, "running": true}')

    listed = await provider.list()
    with pytest.raises((Refused, ValueError)):
        await provider.create(name, {}, within=10)
    if not name.startswith("."):
        await provider.stop(name)
        await provider.delete(name)
        assert await provider.find(name) is None
    await provider.close()

    assert list(listed) == []
    assert len(list(theirs.glob("*/precious.json"))) == 3


async def test_a_link_to_a_sandbox_is_not_one(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)
    elsewhere = (tmp_path / "one").rename(tmp_path.parent / f"{tmp_path.name}-elsewhere")
    (tmp_path / "one").symlink_to(elsewhere)

    await provider.delete("one")

    assert list(await provider.list()) == []
    assert (elsewhere / "sandbox.json").exists()


async def test_what_was_cut_short_while_it_was_made_or_removed_is_cleared_away(
    provider: LocalProvider, tmp_path: Path
) -> None:
    (tmp_path / ".opencord-going-1/home").mkdir(parents=True)
    (tmp_path / ".opencord-coming-1/home").mkdir(parents=True)

    listed = await provider.list()

    assert list(listed) == []
    assert entries(tmp_path) == set()


async def test_read_only_directories_can_be_deleted(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.create("one", {}, within=10)
    await provider.exec("one", "mkdir -p cache/module; touch cache/module/file; chmod -R a-w cache", within=10)

    await provider.delete("one")

    assert entries(tmp_path) == set()


async def test_closing_ends_everything_quickly_and_keeps_the_directories(
    provider: LocalProvider, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        await provider.create(name, {}, within=10)
        await provider.launch(name, replace(SLEEP, command="trap '' TERM; while :; do sleep 1; done"))
    began = time.monotonic()

    await provider.close()

    assert time.monotonic() - began < 5
    assert running_in(tmp_path) == []
    assert [instance.condition for instance in await provider.list()] == [Condition.STOPPED] * 2


async def test_nothing_is_started_once_it_is_closed(provider: LocalProvider, tmp_path: Path) -> None:
    await provider.close()
    await provider.create("one", {}, within=10)

    with pytest.raises(Retriable):
        await provider.launch("one", SLEEP)

    assert running_in(tmp_path) == []


async def test_a_directory_that_cannot_be_made_is_retriable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    provider = LocalProvider(tmp_path / "file", os.environ["PATH"])

    with pytest.raises(Retriable):
        await provider.create("one", {}, within=10)


async def test_deleting_never_reaches_through_a_link(provider: LocalProvider, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir(mode=0o755)
    await provider.create("one", {}, within=10)
    await provider.exec("one", f"mkdir cache; touch cache/file; ln -s {outside} cache/link; chmod a-w cache", within=10)

    await provider.delete("one")

    assert outside.stat().st_mode & 0o777 == 0o755
    assert entries(tmp_path) == set()


def test_a_root_belongs_to_one_app_at_a_time(tmp_path: Path) -> None:
    with occupy(tmp_path), pytest.raises(Unusable, match="in use"):
        occupy(tmp_path)

    occupy(tmp_path).close()


async def test_what_was_cancelled_while_it_was_being_launched_is_gone_with_its_sandbox(
    provider: LocalProvider, tmp_path: Path
) -> None:
    await provider.create("one", {}, within=10)
    launching = asyncio.create_task(provider.launch("one", Program("server", "exec sleep 300", {}, PORT)))
    await until(lambda: len(entries(tmp_path, "one/programs/*")) > 0)

    launching.cancel()
    await provider.delete("one")

    await asyncio.wait([launching])
    assert running_in(tmp_path) == []
    assert not (tmp_path / "one").exists()


async def test_what_listens_outside_of_the_sandbox_is_not_shown(provider: LocalProvider) -> None:
    ref = (await provider.create("one", {}, within=10)).ref
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Unserved):
        await provider.preview(ref, listener.getsockname()[1], 60)


async def test_where_a_program_of_ours_really_listens_is_not_shown(provider: LocalProvider) -> None:
    ref = (await provider.create("one", {}, within=10)).ref
    await provider.launch(ref, WEB)
    actual = int((await provider.endpoint(ref, PORT)).url.rpartition(":")[2])

    with pytest.raises(Reserved):
        await provider.preview(ref, actual, 60)
