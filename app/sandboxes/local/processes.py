"""Starting, finding and ending what runs in local sandboxes, on Linux and macOS alike.

A process belongs to a sandbox if its environment says so, if it is in the session of a recorded launch, or if it
descends from one that belongs. The first catches daemons that left session and parent; the others catch what hides its
environment (macOS shows none for its own programs such as `sh`). Pids are never trusted alone: psutil checks the start
time before it sends a signal, and records are checked here.

Everything here blocks: call it from a thread.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from app.sandboxes.local import launcher
from app.sandboxes.local.launcher import GO, LAUNCH, READY, Launch
from app.sandboxes.provider import Program
from app.turns.errors import Retriable

_START_TOLERANCE = 1.0  # seconds: Linux derives start times from a boot time that it rounds
_LOOK_EVERY = 0.02
_KILL_PATIENCE = 5.0  # seconds that a killed process may take to vanish

_HANDSHAKE = 10.0  # seconds that the launcher may take to come up on a busy machine

Environment = Mapping[str, str]


class Starter:
    """Starts programs by way of the launcher, until it is shut; from then on nothing new comes into being."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._is_shut = False
        self._children: list[subprocess.Popen[bytes]] = []

    def start(
        self, record: Path, program: Program, environment: Environment, home: Path, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Returns once the record is written and the program runs. Raises Retriable, and OSError of the system's."""
        if program.port:
            environment = {**environment, "PORT": str(_free_port())}
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                wire = theirs.fileno()
                line = [launcher.__file__, str(record), str(wire), str(program.port), program.command]
                child = self._fork(line, environment, home, wire, output)
            _hand_over(ours)
        return child

    def shut(self) -> None:
        with self._gate:
            self._is_shut = True

    def reap(self) -> None:
        """Take note of the children that have ended, lest they stay as zombies."""
        with self._gate:
            self._children = [child for child in self._children if child.poll() is None]

    def _fork(
        self, line: list[str], environment: Environment, home: Path, wire: int, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        self.reap()
        with self._gate:
            if self._is_shut:
                raise Retriable("local sandboxes are closed")
            child = subprocess.Popen(  # noqa: S603 (no shell; the command is an argument of our own launcher)
                [sys.executable, "-I", *line],
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(wire,),
            )
            self._children.append(child)
            return child


def _hand_over(ours: socket.socket) -> None:
    """Wait for the launcher's record, give the word, and wait for its end of the socket to close as it turns into the
    program. A launcher that gets no word, because this fails or dies, leaves."""
    ours.settimeout(_HANDSHAKE)
    if ours.recv(1) != READY:
        raise Retriable("the launcher of a local sandbox did not start")
    ours.sendall(GO)
    ours.recv(1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def alive(launch: Launch) -> bool:
    """Whether the very process that the record names still runs."""
    try:
        process = psutil.Process(launch.pid)
        return process.status() != psutil.STATUS_ZOMBIE and _is(process, launch)
    except psutil.Error:
        return False


def belonging(marked: Callable[[Environment], bool], launches: Iterable[Launch] = ()) -> list[psutil.Process]:
    """Who runs and is `marked`, or is in the session of one of `launches`, or descends from such a one."""
    everybody = [process for process in _everybody() if process.pid != os.getpid() and not gone(process)]
    leaders = {launch.pid: alive(launch) for launch in launches}
    reused = {process.pid for process in everybody if not leaders.get(process.pid, True)}
    sessions = {pid: leads for pid, leads in leaders.items() if pid not in reused}
    found = {process.pid: process for process in everybody if _belongs(process, marked, sessions)}
    return _with_descendants(found, everybody)


def listens(process: psutil.Process, port: int) -> bool:
    """For connections over TCP."""
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port for one in connections)


def gone(process: psutil.Process) -> bool:
    """Whether it has ended, reaped or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def end(find: Callable[[], list[psutil.Process]], grace: float) -> int:
    """Ask whatever `find` finds to end, kill it after `grace` seconds, look again until nothing is found.

    How many there were. Raises TimeoutError if one outlives even that.
    """
    deadline = time.monotonic() + grace
    asked: set[psutil.Process] = set()
    while found := find():
        if time.monotonic() > deadline + _KILL_PATIENCE:
            raise TimeoutError(f"{len(found)} processes do not end")
        patience = deadline - time.monotonic()
        for process in found:
            with suppress(psutil.Error):
                process.terminate() if patience > 0 else process.kill()
        asked.update(found)
        _wait(found, patience if patience > 0 else _KILL_PATIENCE)
    return len(asked)


def _is(process: psutil.Process, launch: Launch) -> bool:
    if abs(process.create_time() - launch.started) <= _START_TOLERANCE:
        return True
    # The clock may have been set since; the environment cannot.
    return _environment(process).get(LAUNCH) == launch.id


def _belongs(process: psutil.Process, marked: Callable[[Environment], bool], sessions: Mapping[int, bool]) -> bool:
    environment = _environment(process)
    if marked(environment):
        return True
    session = _session(process)
    # Without its leader a session's number proves less: then a readable environment has the last word.
    return session in sessions and (sessions[session] or not environment)


def _with_descendants(found: dict[int, psutil.Process], everybody: list[psutil.Process]) -> list[psutil.Process]:
    parents = {process: _parent(process) for process in everybody}
    while more := {p.pid: p for p, parent in parents.items() if parent in found and p.pid not in found}:
        found.update(more)
    return list(found.values())


def _wait(processes: list[psutil.Process], patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and not all(gone(process) for process in processes):
        time.sleep(_LOOK_EVERY)


def _everybody() -> Iterator[psutil.Process]:
    for pid in psutil.pids():
        with suppress(psutil.Error):
            yield psutil.Process(pid)


def _environment(process: psutil.Process) -> Environment:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except OSError:
        return 0
