"""Somebody who provides machines: what the keeper asks of them, and in which words.

Every method that talks to somebody raises Retriable or Refused of `app.turns.errors`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol

from app.turns.attachments import in_words
from app.turns.errors import Refused, Retriable
from app.words.workspace import FILE_MISSING, FILE_OVERSIZED, PORT_RESERVED, PORT_UNSERVED

Labels = Mapping[str, str]
PORT = 4096  # OpenCode's, inside an instance


class Condition(StrEnum):
    """What a provider says of an instance, in as many words as we act on."""

    RUNNING = "running"
    STOPPED = "stopped"
    CHANGING = "changing"  # on its way between the others: look again
    BROKEN = "broken"  # only a new one helps


@dataclass(frozen=True, slots=True)
class Instance:
    """A machine as its provider sees it. `ref` is the provider's handle, `name` is ours and unique."""

    ref: str
    name: str
    condition: Condition
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a port of a running instance is reached. It does not outlive a stop: ask again after every start."""

    url: str  # without a trailing slash
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a browser reaches a port of a running instance. Whoever has it gets in: it is for one person's eyes."""

    url: str = field(repr=False)
    is_local: bool  # it opens on the app's own computer alone, and does not expire


@dataclass(frozen=True, slots=True)
class Access:
    """How a person gets a shell in a running instance. It is the password as well."""

    command: str = field(repr=False)
    until: float  # epoch seconds


@dataclass(frozen=True, slots=True)
class Completed:
    exit_code: int
    output: str  # standard output and standard error, as they came


@dataclass(frozen=True, slots=True)
class Program:
    """Something that goes on running until the instance stops.

    `command` is one line for `sh`, run in HOME. It finds the variables of `env` in its environment, and in `PORT` the
    port to listen on: that may be another than `port`, by which `endpoint` knows it. `env` may hold secrets: it never
    becomes part of a command line, a label or a log.
    """

    name: str
    command: str
    env: Mapping[str, str]
    port: int


class Gone(Retriable):
    """There is no such instance any more."""


class Unclear(Retriable):
    """How it is cannot be told now: whoever would know cannot be reached. It may well be in order."""


class Overdue(Retriable):
    """A command was given its time, and has been ended."""

    def __init__(self, within: float) -> None:
        super().__init__(f"a command took longer than {within:g} seconds")


class Unserved(Refused):
    """Nothing listens on that port."""

    def __init__(self, port: int) -> None:
        super().__init__(PORT_UNSERVED.format(port=port))


class Reserved(Refused):
    """What listens on that port is not for people: it has no door of its own, or shows secrets."""

    def __init__(self, port: int) -> None:
        super().__init__(PORT_RESERVED.format(port=port))


class Absent(Refused):
    """There is no such file, or it is something else than a regular one that can be read."""

    def __init__(self, path: str) -> None:
        super().__init__(FILE_MISSING.format(name=PurePosixPath(path).name))


class TooLarge(Refused):
    def __init__(self, path: str, most: int) -> None:
        super().__init__(FILE_OVERSIZED.format(name=PurePosixPath(path).name, most=in_words(most)))


class Provider(Protocol):
    """Somebody who provides machines. Names are ours, unique, and the key to everything that must not happen twice."""

    name: str

    async def warm(self) -> None:
        """Have ready what the first call would take long to load. Never raises."""
        ...

    async def create(self, name: str, labels: Labels, *, within: float) -> Instance:
        """A running instance. One of that name is there already: that one, started. Raises Retriable after `within`
        seconds, and what is half made then is deleted."""
        ...

    async def find(self, name: str) -> Instance | None: ...

    async def start(self, ref: str, *, within: float) -> None:
        """Returns once commands can be run; waits for one that is changing. Harmless on a running one. Files are as
        they were; processes are not. Raises Gone; Retriable after `within` seconds, and it may come up all the
        same."""
        ...

    async def stop(self, ref: str) -> None:
        """Returns once every process in it has ended. Harmless on a stopped one."""
        ...

    async def delete(self, ref: str) -> None:
        """Gone, with its files. Harmless on one that is gone."""
        ...

    async def list(self) -> Sequence[Instance]: ...

    async def exec(self, ref: str, command: str, *, env: Mapping[str, str] | None = None, within: float) -> Completed:
        """Run one line of `sh` in HOME; the exit code is for the caller to judge. Raises Overdue after `within`
        seconds, and then nothing of it goes on running; Retriable."""
        ...

    async def upload(self, ref: str, path: str, content: bytes) -> None:
        """Write a file, in place of one that is there already. `path` starts in HOME and has no `..` in it; folders on
        its way are made. All of it or nothing. Raises Retriable."""
        ...

    async def download(self, ref: str, path: str, most: int) -> bytes:
        """What is in a regular file. `path` starts in HOME. Raises Absent; TooLarge, without having read it, where it
        is longer than `most` bytes; Retriable."""
        ...

    async def launch(self, ref: str, program: Program) -> None:
        """Start it and return at once. One of the same name is running: that one is ended first."""
        ...

    async def endpoint(self, ref: str, port: int) -> Endpoint:
        """Raises Retriable when nothing that was launched on `port` is running, as far as the provider can tell, and
        Unclear when it cannot be asked."""
        ...

    async def preview(self, ref: str, port: int, seconds: int) -> Link:
        """For so many seconds, a day at most. Raises Unserved, Reserved, Retriable."""
        ...

    async def ssh(self, ref: str, minutes: int) -> Access:
        """For so many minutes. Raises Refused where there is no such thing; Retriable."""
        ...

    async def touch(self, ref: str) -> None:
        """It is in use, though nobody may be talking to it: the provider's own clock for idle machines starts anew."""
        ...

    async def close(self) -> None: ...
