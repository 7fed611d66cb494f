"""A local sandbox's directory: what lies where in it, and what is written down there.

    sandbox.json      name, labels, whether it is meant to run: the sign by which a directory is known as ours
    home, tmp         HOME with the XDG directories below it; TMPDIR
    programs/         NAME.json, the record of the launch; NAME.log, what it said, and NAME.log.old
    commands/         a record for every `exec` under way

The root may be anybody's directory, even `/`. A directory in it that has no such sign, of that very name, is somebody
else's: it is never listed, written or removed. So one of ours appears under its name complete, sign included, or not at
all, and disappears the same way.

Everything here blocks, if briefly: call it from a thread.
"""

import fcntl
import json
import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from app.sandboxes.local import launcher
from app.sandboxes.local.launcher import Launch
from app.sandboxes.provider import Absent, Condition, Instance, TooLarge

_LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
_COMING, _GOING = ".opencord-coming-", ".opencord-going-"  # how a directory is called while it is made or removed


@dataclass(frozen=True, slots=True)
class Note:
    """What sandbox.json says."""

    name: str
    labels: dict[str, str]
    running: bool


@dataclass(frozen=True, slots=True)
class Place:
    path: Path

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def programs(self) -> Path:
        return self.path / "programs"

    @property
    def commands(self) -> Path:
        return self.path / "commands"

    def note(self) -> Note | None:
        """None for whatever is not a sandbox of ours."""
        try:
            note = Note(**json.loads((self.path / "sandbox.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return note if note.name == self.path.name and not self.path.is_symlink() else None

    def make(self, note: Note) -> None:
        """Raises FileExistsError where something else has that name."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        coming = Place(self.path.with_name(f"{_COMING}{secrets.token_hex(8)}"))
        for folder in (coming.path, coming.home, coming.path / "tmp", coming.programs, coming.commands):
            folder.mkdir(mode=0o700)
        coming.write(note)
        if self.path.exists() or self.path.is_symlink():
            _remove(coming.path)
            raise FileExistsError(f"{self.path.name} is there already, and no sandbox")
        coming.path.rename(self.path)

    def write(self, note: Note) -> None:
        launcher.write(self.path / "sandbox.json", asdict(note))

    def instance(self) -> Instance | None:
        note, name = self.note(), self.path.name
        if note is None:
            return None
        return Instance(name, name, Condition.RUNNING if note.running else Condition.STOPPED, note.labels)

    def launches(self) -> dict[Path, Launch]:
        """Every launch that is written down, by its record; whether it still runs is another question."""
        if self.note() is None:
            return {}
        records = [*self.programs.glob("*.json"), *self.commands.glob("*.json")]
        found = {record: launcher.read(record) for record in records}
        return {record: launch for record, launch in found.items() if launch is not None}

    def open_log(self, program: str) -> IO[bytes]:
        """A new log; the one before is kept, as it may say why the program had to be started again."""
        log = self.programs / f"{program}.log"
        with suppress(FileNotFoundError):
            log.replace(log.with_suffix(".log.old"))
        return log.open("wb")

    def environment(self, path: str) -> dict[str, str]:
        """All that what runs here sees of the world, before its own variables."""
        home = str(self.home)
        return {
            "PATH": path,
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_DATA_HOME": f"{home}/.local/share",
            "XDG_STATE_HOME": f"{home}/.local/state",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "TMPDIR": str(self.path / "tmp"),
            "LANG": _LOCALE,
            "LC_ALL": _LOCALE,
        }

    def put(self, path: str, content: bytes) -> None:
        """A file under HOME: all of it or nothing, whenever the process is killed."""
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{secrets.token_hex(8)}.new")
        try:
            draft.write_bytes(content)
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def get(self, path: str, most: int) -> bytes:
        """What is in a file under HOME. Raises Absent, TooLarge."""
        try:
            # A pipe without a writer would be waited for without O_NONBLOCK.
            with open(self.home / path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise Absent(path)
                content = b"" if status.st_size > most else file.read(most + 1)
        except OSError as error:
            raise Absent(path) from error
        if status.st_size > most or len(content) > most:
            raise TooLarge(path, most)
        return content

    def remove(self) -> None:
        """Gone from sight at once, then from the disk. What is not ours stays."""
        if self.note() is None:
            return
        going = self.path.with_name(f"{_GOING}{secrets.token_hex(8)}")
        with suppress(FileNotFoundError):
            self.path.rename(going)
            _remove(going)


def places(root: Path) -> list[Place]:
    """The sandboxes under `root`; whatever else is there is not ours."""
    if not root.is_dir():
        return []
    return [found for path in sorted(root.iterdir()) if (found := Place(path)).note() is not None]


class Unusable(Exception):
    """No sandboxes can be kept there. The text is one line for the operator."""


def occupy(root: Path) -> IO[bytes]:
    """Make the root ours for as long as the file is open, which ends with the process however it ends: two apps on one
    root would take each other's machines for strays. Raises Unusable."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".opencord-lock").open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unusable(f"{root} is in use by another app") from error
    except OSError as error:
        raise Unusable(f"{root} cannot hold sandboxes: {error.strerror or error}") from error
    return lock


def clear(root: Path) -> None:
    """Remove what was being made or removed when an earlier process was killed."""
    for prefix in (_COMING, _GOING):
        for path in root.glob(f"{prefix}*"):
            _remove(path)


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except PermissionError:
        # Some package caches make their directories read-only, and then nothing in them can be removed.
        for folder, inner, _ in os.walk(path):
            for path_inside in (Path(folder, name) for name in inner):
                if not path_inside.is_symlink():  # it may lead out of here
                    path_inside.chmod(0o700)
        shutil.rmtree(path)
