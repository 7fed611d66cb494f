"""Sandboxes on this machine: a directory (`place`) and some processes (`processes`) each. For trying things out and
for tests: they separate homes and ports, and isolate nothing.

What is meant is written down before it is done, so a crash leaves either a record or nothing: a sandbox is marked as
stopped before its processes are ended, and the launcher writes its record before it becomes the program. The first
call sweeps up after an earlier process: programs of running sandboxes are adopted, everything else is ended.

One process at a time may use a root. What runs in a sandbox sees a clean environment, nothing of the app's own.
"""

import asyncio
import os
import re
import secrets
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

import anyio
import anyio.to_thread
import structlog

from app.sandboxes import launcher, place, processes
from app.sandboxes.launcher import LAUNCH, SANDBOX, Launch
from app.sandboxes.place import Note, Place
from app.sandboxes.ports import (
    PORT,
    Access,
    Completed,
    Endpoint,
    Gone,
    Instance,
    Link,
    Overdue,
    Program,
    Reserved,
    Unserved,
)
from app.sandboxes.processes import Environment
from app.turns.errors import Refused, Retriable
from app.words.machine import DIRECTORY_TAKEN
from app.words.workspace import NO_SSH

log = structlog.get_logger()

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LOOK_EVERY = 0.02  # seconds
_T = TypeVar("_T")


class LocalProvider:
    """The Provider port. `path` is the PATH that sandboxes see; `grace` is how many seconds a process has between being
    asked to end and being killed. A ref is the name."""

    name = "local"

    def __init__(self, root: Path, path: str, *, grace: float = 4.0) -> None:
        self._root = root.resolve()
        self._path = path
        self._grace = grace
        self._starter = processes.Starter()
        self._swept = False
        self._sweeping = anyio.Lock()
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._threads = anyio.CapacityLimiter(16)  # its own, since ending processes takes seconds
        log.warning("sandbox.unisolated", root=str(self._root))

    async def warm(self) -> None:
        """It is."""

    async def create(self, name: str, labels: Mapping[str, str], *, within: float) -> Instance:
        return await self._alone(name, partial(self._create, self._place(name), dict(labels)))

    async def find(self, name: str) -> Instance | None:
        where = self._place(name)
        return await self._aside(where.instance)

    async def start(self, ref: str, *, within: float) -> None:
        await self._alone(ref, partial(self._start, self._place(ref)))

    async def stop(self, ref: str) -> None:
        await self._alone(ref, partial(self._stop, self._place(ref)))

    async def delete(self, ref: str) -> None:
        await self._alone(ref, partial(self._delete, self._place(ref)))

    async def list(self) -> Sequence[Instance]:
        return await self._aside(lambda: [found for each in place.places(self._root) if (found := each.instance())])

    async def exec(self, ref: str, command: str, *, env: Mapping[str, str] | None = None, within: float) -> Completed:
        where, id = self._place(ref), secrets.token_hex(8)
        program = Program(f"command-{id}", command, env or {}, port=0)
        record = where.commands / f"{id}.json"
        code: int | None = None
        with tempfile.TemporaryFile() as output:
            try:
                with anyio.move_on_after(within):
                    child = await self._alone(ref, partial(self._spawn, where, id, record, program, output))
                    code = await _exit_code(child)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._aside(partial(self._settle, where, id, record, finished=code is not None))
            if code is None:
                raise Overdue(within)
            output.seek(0)
            return Completed(code, output.read().decode(errors="replace"))

    async def upload(self, ref: str, path: str, content: bytes) -> None:
        where = self._place(ref)
        await self._aside(lambda: _running(where).put(path, content))

    async def download(self, ref: str, path: str, most: int) -> bytes:
        where = self._place(ref)
        return await self._aside(lambda: _running(where).get(path, most))

    async def launch(self, ref: str, program: Program) -> None:
        if not _NAME.fullmatch(program.name):
            raise ValueError("a program's name is letters, digits, dots, dashes and underscores")
        await self._alone(ref, partial(self._launch, self._place(ref), program))

    async def endpoint(self, ref: str, port: int) -> Endpoint:
        return await self._aside(partial(self._endpoint, self._place(ref), port))

    async def preview(self, ref: str, port: int, seconds: int) -> Link:
        await self._aside(partial(self._look_for, self._place(ref), port))
        return Link(f"http://127.0.0.1:{port}", is_local=True)

    async def ssh(self, ref: str, minutes: int) -> Access:
        raise Refused(NO_SSH)

    async def touch(self, ref: str) -> None:
        """Nobody but us ends a local one."""

    async def close(self) -> None:
        """End whatever runs in any sandbox, within grace and five seconds; directories stay, marked as stopped."""
        self._starter.shut()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close, limiter=self._threads)

    def _place(self, name: str) -> Place:
        if not _NAME.fullmatch(name):
            raise ValueError("a sandbox's name is letters, digits, dots, dashes and underscores")
        return Place(self._root / name)

    async def _alone(self, name: str, work: Callable[[], _T]) -> _T:
        async with self._locks[name]:
            return await self._aside(work)

    async def _aside(self, work: Callable[[], _T]) -> _T:
        """In a thread, to its end even when cancelled; after the sweep."""
        async with self._sweeping:
            if not self._swept:
                await self._thread(self._sweep)
                self._swept = True
        return await self._thread(work)

    async def _thread(self, work: Callable[[], _T]) -> _T:
        running = asyncio.ensure_future(anyio.to_thread.run_sync(work, limiter=self._threads))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await asyncio.wait([running])
            raise
        except OSError as error:
            raise Retriable(f"local sandbox: {error}") from error

    # From here on everything blocks, and runs in a thread.

    def _sweep(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        place.clear(self._root)
        launches = {record: launch for where in place.places(self._root) for record, launch in where.launches().items()}
        adopted = {launch.id for record, launch in launches.items() if _is_program_of_a_running(record)}
        strays = [launch for launch in launches.values() if launch.id not in adopted]
        ended = self._end(lambda env: self._owns(env) and env.get(LAUNCH) not in adopted, strays)
        for where in place.places(self._root):
            for record in where.commands.glob("*.json"):
                record.unlink(missing_ok=True)
        if ended:
            log.warning("sandbox.swept", ended=ended)

    def _create(self, where: Place, labels: dict[str, str]) -> Instance:
        if where.note() is None:
            self._make(where, Note(where.path.name, labels, running=True))
            log.info("sandbox.created", sandbox=where.path.name)
        self._start(where)
        made = where.instance()
        assert made is not None
        return made

    def _make(self, where: Place, note: Note) -> None:
        try:
            where.make(note)
        except FileExistsError as error:
            raise Refused(DIRECTORY_TAKEN) from error

    def _start(self, where: Place) -> None:
        note = where.note()
        if note is None:
            raise Gone(f"there is no sandbox {where.path.name}")
        if not note.running:
            self._clear(where)
            where.write(replace(note, running=True))

    def _stop(self, where: Place) -> None:
        note = where.note()
        if note is not None and note.running:
            where.write(replace(note, running=False))
        self._clear(where)
        log.info("sandbox.stopped", sandbox=where.path.name)

    def _delete(self, where: Place) -> None:
        self._clear(where)
        where.remove()
        log.info("sandbox.deleted", sandbox=where.path.name)

    def _clear(self, where: Place) -> None:
        """End everything in it."""
        launches = where.launches()
        self._end(lambda env: env.get(SANDBOX) == str(where.path), launches.values())
        for record in launches:
            record.unlink(missing_ok=True)

    def _launch(self, where: Place, program: Program) -> None:
        record = where.programs / f"{program.name}.json"
        before = launcher.read(record)
        if before is not None:
            self._end(lambda env: env.get(LAUNCH) == before.id, [before])
        with where.open_log(program.name) as output:
            self._spawn(where, secrets.token_hex(8), record, program, output)
        log.info("sandbox.launched", sandbox=where.path.name, program=program.name)

    def _endpoint(self, where: Place, port: int) -> Endpoint:
        launches = [launch for record, launch in where.launches().items() if record.parent == where.programs]
        running = [launch for launch in launches if launch.port == port and processes.alive(launch)]
        if not running:
            raise Retriable(f"nothing that was launched on port {port} runs in sandbox {where.path.name}")
        newest = max(running, key=lambda launch: launch.started)
        return Endpoint(f"http://127.0.0.1:{newest.actual}")

    def _look_for(self, where: Place, port: int) -> None:
        """All sandboxes share this computer's ports: one counts as this one's when its own processes listen there."""
        launches = _running(where).launches()
        programs = {launch.actual for record, launch in launches.items() if record.parent == where.programs}
        if port == PORT or port in programs:
            raise Reserved(port)
        inside = processes.belonging(lambda env: env.get(SANDBOX) == str(where.path), launches.values())
        if not any(processes.listens(process, port) for process in inside):
            raise Unserved(port)

    def _spawn(
        self, where: Place, id: str, record: Path, program: Program, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        _running(where)
        environment = {**where.environment(self._path), **program.env, SANDBOX: str(where.path), LAUNCH: id}
        return self._starter.start(record, program, environment, where.home, output)

    def _settle(self, where: Place, id: str, record: Path, *, finished: bool) -> None:
        """After a command: end all of it if it did not finish. What a finished one left behind may stay, and then so
        does the record, by which it is found."""
        launch = launcher.read(record)
        find = partial(processes.belonging, lambda env: env.get(LAUNCH) == id, [launch] if launch else [])
        if not finished:
            processes.end(find, self._grace)
        if not find():
            record.unlink(missing_ok=True)

    def _end(self, marked: Callable[[Environment], bool], launches: Iterable[Launch]) -> int:
        return processes.end(partial(processes.belonging, marked, launches), self._grace)

    def _owns(self, environment: Environment) -> bool:
        return os.path.dirname(environment.get(SANDBOX, "")) == str(self._root)

    def _close(self) -> None:
        launches: list[Launch] = []
        for where in place.places(self._root):
            note = where.note()
            if note is not None and note.running:
                where.write(replace(note, running=False))
            launches += where.launches().values()
        self._end(self._owns, launches)
        self._starter.reap()


def _running(where: Place) -> Place:
    note = where.note()
    if note is None or not note.running:
        raise Retriable(f"sandbox {where.path.name} is not running")
    return where


def _is_program_of_a_running(record: Path) -> bool:
    where = Place(record.parent.parent)
    note = where.note()
    return note is not None and note.running and record.parent == where.programs


async def _exit_code(child: subprocess.Popen[bytes]) -> int:
    while (code := child.poll()) is None:  # noqa: ASYNC110 (nothing of anyio's tells that a child has ended)
        await anyio.sleep(_LOOK_EVERY)
    return code if code >= 0 else 128 - code  # as a shell tells a signal
