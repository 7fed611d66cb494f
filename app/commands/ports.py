"""What a command may touch: the store's verbs, and the policy. Nothing here talks to anybody outside, so every command
is answered within Discord's three seconds whatever the vendors do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.ids import ChannelId, GuildId, ThreadId
from app.sandboxes.ports import Sandbox
from app.turns.records import Request, Turn
from app.turns.routing import Policy


class Desk(Protocol):
    """The turns, as a command sees them."""

    async def admit(self, request: Request, now: float) -> bool: ...

    async def known_category(self, channel: ChannelId) -> ChannelId | None: ...

    async def live_turns(self, guild: GuildId | None = None, thread: ThreadId | None = None) -> Sequence[Turn]: ...

    async def count_live_turns(self) -> int: ...


class Register(Protocol):
    """The machines, as a command sees them."""

    async def sandbox_of(self, thread: ThreadId) -> Sandbox | None: ...

    async def count_active(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Room:
    """Everything that a command is given beside the interaction itself."""

    ledger: Desk
    shelf: Register
    policy: Policy
    model: str
    clock: Callable[[], float]
