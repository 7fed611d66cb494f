"""The ground that local sandboxes stand on: one directory for all of them. Everything here blocks.

What is meant is written down before it is done, so a crash leaves either a record or nothing: a sandbox is marked as
stopped before its processes are ended, and the launcher writes its record before it becomes the program. A sweep clears
up after an earlier process: programs of running sandboxes are adopted, everything else is ended.
"""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

import structlog

from app.sandboxes.local import launcher, place, processes
from app.sandboxes.local.launcher import LAUNCH, SANDBOX, Launch
from app.sandboxes.local.place import Note, Place
from app.sandboxes.local.processes import Environment
from app.sandboxes.provider import PORT, Endpoint, Gone, Instance, Program, Reserved, Unserved
from app.turns.errors import Refused, Retriable
from app.words.machine import DIRECTORY_TAKEN

log = structlog.get_logger()


class Ground:
    """`path` is the PATH that sandboxes see; `grace` is how many seconds a process has between being asked to end and
    being killed."""

    def __init__(self, root: Path, path: str, grace: float) -> None:
        self.root, self._path, self._grace = root, path, grace
        self._starter = processes.Starter()

    def list(self) -> Sequence[Instance]:
        return [found for where in place.places(self.root) if (found := where.instance())]

    def shut(self) -> None:
        """From now on nothing new comes into being."""
        self._starter.shut()

    def sweep(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        place.clear(self.root)
        launches = {record: launch for where in place.places(self.root) for record, launch in where.launches().items()}
        adopted = {launch.id for record, launch in launches.items() if _is_program_of_a_running(record)}
        strays = [launch for launch in launches.values() if launch.id not in adopted]
        ended = self._end(lambda env: self._owns(env) and env.get(LAUNCH) not in adopted, strays)
        for where in place.places(self.root):
            for record in where.commands.glob("*.json"):
                record.unlink(missing_ok=True)
        if ended:
            log.warning("sandbox.swept", ended=ended)

    def create(self, where: Place, labels: dict[str, str]) -> Instance:
        if where.note() is None:
            self._make(where, Note(where.path.name, labels, running=True))
            log.info("sandbox.created", sandbox=where.path.name)
        self.start(where)
        made = where.instance()
        assert made is not None
        return made

    def _make(self, where: Place, note: Note) -> None:
        try:
            where.make(note)
        except FileExistsError as error:
            raise Refused(DIRECTORY_TAKEN) from error

    def start(self, where: Place) -> None:
        note = where.note()
        if note is None:
            raise Gone(f"there is no sandbox {where.path.name}")
        if not note.running:
            self._clear(where)
            where.write(replace(note, running=True))

    def stop(self, where: Place) -> None:
        note = where.note()
        if note is not None and note.running:
            where.write(replace(note, running=False))
        self._clear(where)
        log.info("sandbox.stopped", sandbox=where.path.name)

    def delete(self, where: Place) -> None:
        self._clear(where)
        where.remove()
        log.info("sandbox.deleted", sandbox=where.path.name)

    def _clear(self, where: Place) -> None:
        """End everything in it."""
        launches = where.launches()
        self._end(lambda env: env.get(SANDBOX) == str(where.path), launches.values())
        for record in launches:
            record.unlink(missing_ok=True)

    def launch(self, where: Place, program: Program) -> None:
        record = where.programs / f"{program.name}.json"
        before = launcher.read(record)
        if before is not None:
            self._end(lambda env: env.get(LAUNCH) == before.id, [before])
        with where.open_log(program.name) as output:
            self.spawn(where, secrets.token_hex(8), record, program, output)
        log.info("sandbox.launched", sandbox=where.path.name, program=program.name)

    def endpoint(self, where: Place, port: int) -> Endpoint:
        launches = [launch for record, launch in where.launches().items() if record.parent == where.programs]
        running = [launch for launch in launches if launch.port == port and processes.alive(launch)]
        if not running:
            raise Retriable(f"nothing that was launched on port {port} runs in sandbox {where.path.name}")
        newest = max(running, key=lambda launch: launch.started)
        return Endpoint(f"http://127.0.0.1:{newest.actual}")

    def look_for(self, where: Place, port: int) -> None:
        """All sandboxes share this computer's ports: one counts as this one's when its own processes listen there."""
        launches = running(where).launches()
        programs = {launch.actual for record, launch in launches.items() if record.parent == where.programs}
        if port == PORT or port in programs:
            raise Reserved(port)
        inside = processes.belonging(lambda env: env.get(SANDBOX) == str(where.path), launches.values())
        if not any(processes.listens(process, port) for process in inside):
            raise Unserved(port)

    def spawn(
        self, where: Place, id: str, record: Path, program: Program, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        running(where)
        environment = {**where.environment(self._path), **program.env, SANDBOX: str(where.path), LAUNCH: id}
        return self._starter.start(record, program, environment, where.home, output)

    def settle(self, where: Place, id: str, record: Path, *, finished: bool) -> None:
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
        return os.path.dirname(environment.get(SANDBOX, "")) == str(self.root)

    def close(self) -> None:
        launches: list[Launch] = []
        for where in place.places(self.root):
            note = where.note()
            if note is not None and note.running:
                where.write(replace(note, running=False))
            launches += where.launches().values()
        self._end(self._owns, launches)
        self._starter.reap()


def running(where: Place) -> Place:
    note = where.note()
    if note is None or not note.running:
        raise Retriable(f"sandbox {where.path.name} is not running")
    return where


def _is_program_of_a_running(record: Path) -> bool:
    where = Place(record.parent.parent)
    note = where.note()
    return note is not None and note.running and record.parent == where.programs
