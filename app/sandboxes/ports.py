"""What the keeper needs beside somebody who provides machines (see `provider`): OpenCode to run in them, and a shelf to
write them down on.

Every method that talks to somebody raises Retriable or Refused of `app.turns.errors`.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State
from app.sandboxes.provider import Endpoint, Labels, Provider

LONGEST_HOLD = 60.0  # seconds; what reaches further ahead is from before the clock was set back


@dataclass(frozen=True, slots=True)
class Project:
    """What the workspace of a new machine begins with."""

    repository: str | None = None  # to clone; None: the operator's, or nothing
    branch: str | None = None  # None: the repository's own
    is_fork: bool = False  # all of it comes from another machine: what cannot be cloned is done without


Projects = Callable[[ThreadId], Awaitable[Project]]


class Errand(StrEnum):
    """What is being done so that a machine comes up."""

    CREATING = "creating"
    WAKING = "waking"
    CLONING = "cloning"


Note = Callable[[Errand], None]


class Server(Protocol):
    """OpenCode, as the keeper sees it: something that is booted in an instance and can be asked how it is."""

    async def boot(
        self,
        provider: Provider,
        ref: str,
        password: str,
        *,
        project: Project,
        within: float,
        fresh: bool,
        note: Note,
    ) -> Endpoint:
        """Start the server with this password, and wait until it answers. HOME and the workspace are prepared first in
        a `fresh` instance, and in any other when the server does not start without; `note` hears what takes long.

        Raises Refused when it cannot start there at all: not installed, another version, a workspace that cannot be
        cloned.
        """
        ...

    async def answers(self, endpoint: Endpoint, password: str) -> bool:
        """Whether a server of the right version with this password answers there now. Raises Unclear when somebody else
        answers in its place, or nobody can get there: that says nothing about the server."""
        ...

    async def has_unsaved(self, provider: Provider, ref: str) -> bool:
        """Whether work in the workspace of a running instance exists nowhere else: changes that are not committed,
        commits that are not pushed."""
        ...


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A thread's machine as it is written down. Kept when the machine is gone, for the session and the history."""

    thread: ThreadId
    name: str
    state: State
    ref: str | None  # None until the provider gave one
    password: str | None  # of the server that was last started in it
    session: SessionId | None
    resume_failures: int  # since it last came up
    last_error: str | None  # in words for people
    changed_at: float  # epoch seconds of the last change of state
    active_at: float  # epoch seconds of the last use
    holder: str | None  # the token of whoever is at work on it
    held_until: float | None  # epoch seconds; later than that it may be taken over
    doomed_at: float | None = None  # epoch seconds; later than that it is deleted, whoever needs it

    def is_held(self, now: float) -> bool:
        return self.held_until is not None and now < self.held_until <= now + LONGEST_HOLD


@dataclass(frozen=True, slots=True)
class Machine:
    """A thread's machine, awake, with OpenCode answering in it."""

    thread: ThreadId
    endpoint: Endpoint
    password: str
    session: SessionId | None  # the one it had last


class Shelf(Protocol):
    """The sandboxes as they are written down. Times are epoch seconds."""

    async def store(self) -> str:
        """The name of this store, the same for ever and another for every other store."""
        ...

    async def sandbox_of(self, thread: ThreadId) -> Sandbox | None: ...

    async def standing(self) -> Sequence[Sandbox]:
        """All that are not destroyed."""
        ...

    async def named(self, names: Collection[str]) -> Sequence[Sandbox]:
        """Those of these names, in any state."""
        ...

    async def shelve(self, thread: ThreadId, name: str, labels: Labels, now: float) -> Sandbox:
        """The thread's sandbox; where there is none yet, one in state `destroyed`: nothing exists, all can begin."""
        ...

    async def take(
        self,
        seen: Sandbox,
        passing: State,
        token: str,
        now: float,
        until: float,
        *,
        password: str | None = None,
        spare: bool = False,
    ) -> Sandbox | None:
        """Move it to a passing state and hold it there. Compare and set: None, and nothing written, when it is no more
        as it was `seen`, or somebody holds it; with `spare` also when a turn needs it."""
        ...

    async def renew(self, thread: ThreadId, token: str, until: float) -> bool:
        """False when it is held by somebody else."""
        ...

    async def settle(self, thread: ThreadId, token: str, state: State, now: float, *, ref: str | None = None) -> bool:
        """The work is done, and so is the hold. False, and nothing written, when it was held by somebody else."""
        ...

    async def let_go(self, thread: ThreadId, token: str, now: float, *, error: str | None, state: State | None) -> None:
        """The work has failed: remember why. Without a `state` it stays in the passing one, for the next to take."""
        ...

    async def note(self, seen: Sandbox, state: State, now: float) -> bool:
        """It was found like this. False when it is no more as it was `seen`."""
        ...

    async def remember_session(self, thread: ThreadId, session: SessionId) -> None: ...

    async def touch(self, thread: ThreadId, now: float) -> None: ...
