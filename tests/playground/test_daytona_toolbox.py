"""The toolbox of the simulated Daytona, by the real SDK: commands, sessions, files."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from scripts.playground.daytona import DaytonaSimulator, Sandbox
from tests.playground.machines import PATH, make, running_in, sdk_of

if TYPE_CHECKING:
    from daytona import AsyncSandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sandbox(daytona: DaytonaSimulator) -> "AsyncIterator[AsyncSandbox]":
    async with sdk_of(daytona) as sdk:
        yield await make(sdk, "one", env_vars={"GIVEN": "at creation"})


@pytest.fixture
def record(daytona: DaytonaSimulator, sandbox: "AsyncSandbox") -> Sandbox:
    return daytona.records[sandbox.id]


async def test_a_command_tells_its_exit_code_and_all_that_it_said(sandbox: "AsyncSandbox") -> None:
    done = await sandbox.process.exec("echo out; echo err >&2; exit 3")

    assert (done.exit_code, done.result) == (3, "out\nerr\n")


async def test_a_command_runs_where_and_with_what_it_was_told(sandbox: "AsyncSandbox", record: Sandbox) -> None:
    await sandbox.fs.create_folder("work", "755")

    done = await sandbox.process.exec('pwd; echo "$ASKED, $GIVEN"', cwd="work", env={"ASKED": "now"})

    assert done.result == f"{record.home}/work\nnow, at creation\n"


async def test_a_sandbox_sees_nothing_of_our_environment(
    sandbox: "AsyncSandbox", record: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")

    done = await sandbox.process.exec("env")

    seen = dict(line.split("=", 1) for line in done.result.splitlines() if "=" in line)
    assert {"PATH", "HOME", "TMPDIR", "LANG", "GIVEN", "DAYTONA_SANDBOX_ID", "SANDBOX_PORT_4096"} <= seen.keys()
    assert "DISCORD_TOKEN" not in seen
    assert (seen["PATH"], seen["HOME"], seen["SANDBOX_PORT_4096"]) == (PATH, str(record.home), str(record.port))


async def test_a_command_is_fed_to_the_shell_on_its_standard_input(sandbox: "AsyncSandbox") -> None:
    done = await sandbox.process.exec("read line\nnever run\necho $line")

    assert done.result == "never run\n"


async def test_a_command_that_takes_too_long_is_killed(daytona: DaytonaSimulator, sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaProcessExecutionTimeoutError

    with pytest.raises(DaytonaProcessExecutionTimeoutError):
        await sandbox.process.exec("sleep 300 | sleep 300", timeout=1)

    await daytona.wait_for(lambda: running_in(sandbox.id) == [])  # who is killed still takes a moment to go


async def test_a_command_in_the_background_goes_on_if_it_lets_the_output_go(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox"
) -> None:
    await sandbox.process.exec("sleep 300 >/dev/null 2>&1 &")

    await daytona.wait_for(lambda: running_in(sandbox.id) == ["sleep 300"])


async def test_a_stop_breaks_a_command_off(daytona: DaytonaSimulator, sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaBadGatewayError

    async def stop_it() -> None:
        await daytona.wait_for(lambda: running_in(sandbox.id))
        await sandbox.stop()

    outcome, _ = await asyncio.gather(sandbox.process.exec("sleep 300"), stop_it(), return_exceptions=True)

    assert isinstance(outcome, DaytonaBadGatewayError)
    assert running_in(sandbox.id) == []


async def test_the_toolbox_of_a_stopped_sandbox_asks_whether_it_is_started(sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaBadRequestError

    await sandbox.stop()

    with pytest.raises(DaytonaBadRequestError, match=r"no IP address found\. Is the Sandbox started\?"):
        await sandbox.process.exec("true")


async def test_the_toolbox_of_a_sandbox_that_is_stopping_says_nothing(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox"
) -> None:
    from daytona import DaytonaBadGatewayError

    daytona.force("one", "stopping")

    with pytest.raises(DaytonaBadGatewayError):
        await sandbox.process.exec("true")


async def test_a_session_runs_its_commands_one_after_another_in_one_shell(sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaConflictError, SessionExecuteRequest

    await sandbox.process.create_session("s")
    with pytest.raises(DaytonaConflictError):
        await sandbox.process.create_session("s")

    await sandbox.process.execute_session_command("s", SessionExecuteRequest(command="A=1; sleep 0.2", run_async=True))
    done = await sandbox.process.execute_session_command("s", SessionExecuteRequest(command="echo $A; ls /none"))

    assert (done.exit_code, done.stdout) == (2, "1\n")
    assert "/none" in (done.stderr or "")
    assert [command.exit_code for command in (await sandbox.process.get_session("s")).commands or []] == [0, 2]


async def test_a_command_of_a_session_is_detached_followed_and_fed(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox"
) -> None:
    from daytona import SessionExecuteRequest

    async def log() -> str:
        return (await sandbox.process.get_session_command_logs("s", begun.cmd_id)).stdout or ""

    await sandbox.process.create_session("s")
    line = "echo name?; read name; echo hello $name"
    begun = await sandbox.process.execute_session_command("s", SessionExecuteRequest(command=line, run_async=True))
    while "name?" not in await log():
        pass
    unfinished = (await sandbox.process.get_session_command("s", begun.cmd_id)).exit_code
    await sandbox.process.send_session_command_input("s", begun.cmd_id, "Ada\n")
    while "hello" not in await log():
        pass

    whole = await sandbox.process.get_session_command_logs("s", begun.cmd_id)
    assert (unfinished, whole.stdout, whole.stderr) == (None, "name?\nhello Ada\n", "")
    assert whole.output == "\x01\x01\x01name?\nhello Ada\n"


async def test_deleting_a_session_ends_what_runs_in_it_and_nothing_else(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox"
) -> None:
    from daytona import DaytonaNotFoundError, SessionExecuteRequest

    for session, command in (("s", "exec sleep 301"), ("t", "exec sleep 302")):
        await sandbox.process.create_session(session)
        request = SessionExecuteRequest(command=command, run_async=True)
        await sandbox.process.execute_session_command(session, request)
    await daytona.wait_for(lambda: len(running_in(sandbox.id)) == 2 and "bash" not in str(running_in(sandbox.id)))

    await sandbox.process.delete_session("s")

    assert running_in(sandbox.id) == ["sleep 302"]
    with pytest.raises(DaytonaNotFoundError):
        await sandbox.process.get_session("s")


async def test_a_session_ends_with_the_command_that_takes_its_shell_along(
    daytona: DaytonaSimulator, sandbox: "AsyncSandbox"
) -> None:
    from daytona import DaytonaSessionEndedError, SessionExecuteRequest

    await sandbox.process.create_session("s")

    done = await sandbox.process.execute_session_command("s", SessionExecuteRequest(command="exec sh -c 'exit 5'"))

    assert done.exit_code == 5
    with pytest.raises(DaytonaSessionEndedError):
        await sandbox.process.execute_session_command("s", SessionExecuteRequest(command="true"))


async def test_sessions_do_not_outlive_a_stop(sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaNotFoundError

    await sandbox.process.create_session("s")

    await sandbox.stop()
    await sandbox.start()

    with pytest.raises(DaytonaNotFoundError):
        await sandbox.process.get_session("s")
    await sandbox.process.create_session("s")


async def test_files_go_in_and_come_out(sandbox: "AsyncSandbox", record: Sandbox) -> None:
    await sandbox.fs.upload_file(b"\x00\xff", "a/b.bin")
    await sandbox.fs.set_file_permissions("a/b.bin", mode="600")

    info = await sandbox.fs.get_file_info(f"{record.home}/a/b.bin")

    assert await sandbox.fs.download_file("a/b.bin") == b"\x00\xff"
    assert (info.name, info.is_dir, info.size, info.permissions) == ("b.bin", False, 2, "0600")
    assert [entry.name for entry in await sandbox.fs.list_files("a")] == ["b.bin"]


async def test_files_are_moved_and_deleted(sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaError, DaytonaFileNotFoundError

    await sandbox.fs.upload_file(b"x", "a/b.txt")
    await sandbox.fs.move_files("a/b.txt", "c.txt")

    with pytest.raises(DaytonaFileNotFoundError):
        await sandbox.fs.download_file("a/b.txt")
    with pytest.raises(DaytonaError, match="recursive"):
        await sandbox.fs.delete_file("a")
    await sandbox.fs.delete_file("a", recursive=True)
    await sandbox.fs.delete_file("c.txt")
    assert [entry.name for entry in await sandbox.fs.list_files(".")] == []


async def test_files_of_others_are_out_of_reach(sandbox: "AsyncSandbox") -> None:
    from daytona import DaytonaError

    with pytest.raises(DaytonaError, match="outside this sandbox"):
        await sandbox.fs.upload_file(b"x", "/home/daytona/x")
    with pytest.raises(DaytonaError, match="outside this sandbox"):
        await sandbox.process.exec("true", cwd="/")
