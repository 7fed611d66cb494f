"""OpenCode in a running machine, between the turns: what people look back on, take back and tidy up. Made real by
`opencode`; every method that talks to somebody raises Retriable or Refused (see `errors`) and nothing else of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.ids import SessionId, TurnId
from app.sandboxes.ports import Machine
from app.turns.progress import Change, Todo


class Rewound(StrEnum):
    """What came of the wish to undo a turn, or to take that back."""

    DONE = "done"
    BUSY = "busy"  # the session is at work
    NOTHING = "nothing"  # there is nothing to undo, or it is undone already; nothing to take back
    NEWER = "newer"  # something was asked since, that would be undone too


class Rewinder(Protocol):
    """OpenCode in a running machine, as far as it looks back on a turn that is over."""

    async def undo(self, machine: Machine, session: SessionId, turn: TurnId) -> Rewound: ...

    async def redo(self, machine: Machine, session: SessionId) -> Rewound:
        """Everything that was undone since the last prompt."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """Between two states of the workspace: file by file, and as one patch of all that is text."""

    changes: tuple[Change, ...]
    patch: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session takes of its model, and has cost."""

    model: str  # "provider/model"; that of the last answer, as is the agent
    agent: str
    held: int  # tokens: what the model is given again with the next prompt
    window: int | None  # tokens; None where OpenCode does not know the model
    spent: int  # tokens, of all answers and of sub-agents
    cost: float  # US dollars, as far as prices are known


class Compacted(StrEnum):
    """What came of the wish to compact a session."""

    DONE = "done"
    BUSY = "busy"  # the session is at work
    NOTHING = "nothing"  # nothing was said in it yet
    UNDONE = "undone"  # something in it is, which a summary would make final
    INTERRUPTED = "interrupted"  # something else was begun in the session, or its server stopped
    FAILED = "failed"  # the model could not


class Workbench(Protocol):
    """OpenCode in a running machine, as far as it is looked at and tidied up between the turns. Of a session that is
    gone Refused is raised, and of changes that are too many to be read."""

    async def difference(self, machine: Machine, session: SessionId, turn: TurnId) -> Difference:
        """What the turn has changed; nothing as well where that is not known any more."""
        ...

    async def uncommitted(self, machine: Machine) -> Difference:
        """How the workspace differs from its last commit, new files included."""
        ...

    async def todos(self, machine: Machine, session: SessionId) -> Sequence[Todo]: ...

    async def is_busy(self, machine: Machine, session: SessionId) -> bool:
        """Whether it is at work, be it on a turn or on a summary."""
        ...

    async def usage(self, machine: Machine, session: SessionId) -> Usage | None:
        """None before the first answer."""
        ...

    async def compact(self, machine: Machine, session: SessionId, model: str | None) -> Compacted:
        """Put a summary in the place of what was said. Takes as long as the model does. None: the operator's model."""
        ...
