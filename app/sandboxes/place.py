"""A local sandbox's directory: what lies where in it, and what is written down there.

    sandbox.json      name, labels, whether it is meant to run; without it the sandbox is half-made, BROKEN
    home, tmp         HOME with the XDG directories below it; TMPDIR
    programs/         NAME.json, the record of the launch; NAME.log, what it said, and NAME.log.old
    commands/         a record for every `exec` under way

Everything here blocks, if briefly: call it from a thread.
"""

import json
import os
import secrets
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from app.sandboxes import launcher
from app.sandboxes.launcher import Launch
from app.sandboxes.ports import Condition, Instance

_LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
_GOING = ".gone-"  # how a directory is called while it is removed


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
        try:
            return Note(**json.loads((self.path / "sandbox.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, note: Note) -> None:
        """The note, and around it whatever is still missing."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.home, self.path / "tmp", self.programs, self.commands):
            folder.mkdir(exist_ok=True)
        launcher.write(self.path / "sandbox.json", asdict(note))

    def instance(self) -> Instance:
        note, name = self.note(), self.path.name
        if note is None:
            return Instance(name, name, Condition.BROKEN)
        return Instance(name, name, Condition.RUNNING if note.running else Condition.STOPPED, note.labels)

    def launches(self) -> dict[Path, Launch]:
        """Every launch that is written down, by its record; whether it still runs is another question."""
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

    def remove(self) -> None:
        """Gone from sight at once, then from the disk."""
        going = self.path.with_name(f"{_GOING}{secrets.token_hex(8)}")
        with suppress(FileNotFoundError):
            self.path.rename(going)
            _remove(going)


def places(root: Path) -> list[Place]:
    """The sandboxes under `root`, half-made ones included."""
    if not root.is_dir():
        return []
    return [Place(path) for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def clear(root: Path) -> None:
    """Finish the removals that were cut short."""
    for path in root.glob(f"{_GOING}*"):
        _remove(path)


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except PermissionError:
        # Some package caches make their directories read-only, and then nothing in them can be removed.
        for folder, inner, _ in os.walk(path):
            for name in inner:
                os.chmod(os.path.join(folder, name), 0o700, follow_symlinks=True)
        shutil.rmtree(path)
