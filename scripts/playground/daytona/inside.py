"""What runs in a sandbox: real processes of this machine, with an environment of their own and nothing of ours.

Everything started here carries the sandbox's id in its environment, as in Daytona, and that is how it is found again,
however far it went away from its parents. There is no isolation: a sandbox is a directory and a mark.
"""

import asyncio
import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from app.sandboxes.local import processes
from app.sandboxes.local.launcher import Launch
from scripts.playground.daytona.records import Sandbox

MARK = "DAYTONA_SANDBOX_ID"
# Below the range from which systems take the ports of outgoing connections, so that nobody takes one meanwhile.
PORTS = range(20000, 32000)
MAPPED = 4096  # what stands for this port listens elsewhere; other ports are this machine's own
EXEC_SECONDS = 0.02  # longer than it takes to become another program


def environment(sandbox: Sandbox, path: str) -> dict[str, str]:
    """One variable says where the server in it must listen, since all of them share this machine's 4096."""
    return {
        "PATH": path,
        "HOME": str(sandbox.home),
        "TMPDIR": str(sandbox.path / "tmp"),
        "LANG": "C.UTF-8",
        **sandbox.env,
        MARK: sandbox.id,
        f"SANDBOX_PORT_{MAPPED}": str(sandbox.port),
    }


def shell(path: str) -> str:
    """As the daemon chooses it, but for zsh, which is rare on machines where tests run."""
    return shutil.which("bash", path=path) or "/bin/sh"


async def start(
    sandbox: Sandbox, path: str, *, cwd: Path, env: Mapping[str, str], quiet: bool = False
) -> asyncio.subprocess.Process:
    """A shell that reads its commands from its standard input. The fork happens before anything else may, so that who
    saw the sandbox started, starts it in a started one."""
    sandbox.used = True
    output = asyncio.subprocess.DEVNULL if quiet else asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        shell(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=output,
        stderr=asyncio.subprocess.DEVNULL if quiet else asyncio.subprocess.STDOUT,
        cwd=cwd,
        env={**environment(sandbox, path), **env},
        start_new_session=True,
    )


async def run(
    sandbox: Sandbox, path: str, command: str, *, cwd: Path, env: Mapping[str, str], timeout: float | None
) -> tuple[int, str]:
    """Exit code and output, once nobody holds the output open any more. Raises TimeoutError with all of it killed."""
    process = await start(sandbox, path, cwd=cwd, env=env)
    launch = launch_of(process.pid)
    sandbox.launches.append(launch)
    try:
        async with asyncio.timeout(timeout):
            output, _ = await process.communicate(command.encode())
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        forget(sandbox, launch)
    return process.returncode or 0, output.decode(errors="replace")


def launch_of(pid: int) -> Launch:
    """For systems that hide environments: there, what is in the session of a launch is found by that."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.Error:
        started = 0.0
    return Launch("", pid, started, 0, 0)


def forget(sandbox: Sandbox, launch: Launch) -> None:
    """It has ended, unless a stop was quicker to say so."""
    with suppress(ValueError):
        sandbox.launches.remove(launch)


def end_session(launch: Launch, grace: float) -> None:
    """The shell and what descends from it; what has left it for good goes on, as in Daytona. Blocks."""
    found = processes.belonging(lambda env: False, [launch])
    processes.end(lambda: [process for process in found if not processes.gone(process)], grace)


def end_all(sandboxes: Collection[Sandbox], grace: float) -> None:
    """Whatever runs in them, if anything ever did. Blocks until nothing does. Raises TimeoutError."""
    ids = {sandbox.id for sandbox in sandboxes if sandbox.used}
    if not ids:
        return
    launches = [launch for sandbox in sandboxes for launch in sandbox.launches]
    find = partial(processes.belonging, lambda env: env.get(MARK) in ids, launches)
    processes.end(find, grace)
    # A process shows no environment for the moment in which it becomes another program: look once more.
    time.sleep(EXEC_SECONDS)
    processes.end(find, grace)
    for sandbox in sandboxes:
        sandbox.launches.clear()
        sandbox.used = False


def end_leftovers(root: Path) -> None:
    """What a simulator that was killed left running under this root. Blocks."""
    home = f"{root}{os.sep}"
    marked = partial(processes.belonging, lambda env: MARK in env and env.get("HOME", "").startswith(home))
    processes.end(marked, 0)


def free_port(taken: Collection[int]) -> int:
    for port in random.sample(PORTS, len(PORTS)):
        if port not in taken and _is_free(port):
            return port
    raise OSError("no port is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def make(sandbox: Sandbox) -> None:
    for folder in (sandbox.home, sandbox.path / "tmp"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def remove(folder: Path) -> None:
    """Package caches make directories read-only, and then nothing in them can be removed. Somebody else may be removing
    it too. Blocks."""
    for path, inner, _ in os.walk(folder):
        for name in inner:
            if not os.path.islink(child := os.path.join(path, name)):
                with suppress(FileNotFoundError):
                    os.chmod(child, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
