"""Who carries what a fork brings along. The Protocols are made real elsewhere: the migration by `opencode`, the freight
by `sandboxes`. Beside what is said of each, their methods raise Retriable (see `errors`) and nothing else of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.ids import SessionId, ThreadId, TurnId
from app.sandboxes.cargo import Item
from app.sandboxes.ports import Machine


class Uncarried(Exception):
    """A conversation stays where it is. The reason is a part of a sentence, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Carried:
    """A conversation in a session of another machine."""

    session: SessionId
    questions: int  # that were asked in it
    tree: str | None = ""  # what the files were then, as OpenCode calls it; empty: they are so now; None: nobody knows
    is_cut_short: bool = False  # without the turn that was at work
    is_undone: bool = False  # without what was undone


@dataclass(frozen=True, slots=True)
class Arrival:
    """A session, and what was said of that which has moved into it: None where nothing has, or not all of it yet."""

    session: SessionId
    told: str | None


class Migration(Protocol):
    """OpenCode in two running machines, as far as a conversation moves from one to the other."""

    async def arrival(self, machine: Machine) -> Arrival | None:
        """The session that the machine's thread has there."""
        ...

    async def carry(self, old: Machine, new: Machine, last: TurnId | None) -> Carried:
        """What was said in the old machine's session, up to and including a turn or all of it, in a new session of the
        new machine. The old one stays as it is. Raises Uncarried."""
        ...

    async def settle(
        self, machine: Machine, session: SessionId, turn: TurnId, title: str, remark: str, told: str
    ) -> None:
        """All has moved in. The model knows the `remark` from then on; an arrival says what was `told`. Idempotent."""
        ...


class Freight(Protocol):
    """The workspaces of machines that are awake."""

    async def carry(self, old: ThreadId, new: ThreadId, key: str, tree: str = "") -> Sequence[Item]:
        """The files of one into another, in place of what is there; with a `tree` as they were then, as long as that
        is known. `key` is of this errand alone, and makes a repeat harmless. Raises Unmovable; only an unpacking that
        fails may have begun."""
        ...
