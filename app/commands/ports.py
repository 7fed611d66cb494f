"""What a command may touch: the store's verbs, the machines, the policy, and its own replies.

Only the store answers in milliseconds. What is needed of the others is done after the first answer (see `answers`), so
that every command is answered within Discord's three seconds whatever the vendors do.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.discord.interactions import Interaction
from app.discord.payloads import Payload
from app.ids import ChannelId, GuildId, ThreadId
from app.sandboxes.ports import Labels, Machine, Sandbox
from app.turns.records import Request, Turn
from app.turns.routing import Policy


class Desk(Protocol):
    """The turns, as a command sees them."""

    async def admit(self, request: Request, now: float) -> bool: ...

    async def live_turns(self, guild: GuildId | None = None, thread: ThreadId | None = None) -> Sequence[Turn]: ...

    async def count_live_turns(self) -> int: ...

    async def cancel(self, thread: ThreadId) -> int:
        """End what is at work in the thread: how many turns. Those that wait go on waiting."""
        ...


class Places(Protocol):
    async def known_category(self, channel: ChannelId) -> ChannelId | None:
        """Of a channel that was heard of before; None as well when it has none."""
        ...


class Register(Protocol):
    """The machines as they are written down."""

    async def sandbox_of(self, thread: ThreadId) -> Sandbox | None: ...

    async def count_active(self) -> int: ...


class Machines(Protocol):
    """The machines themselves. Everything may take minutes, and raise Retriable and Refused."""

    async def ensure(self, thread: ThreadId, labels: Labels) -> Machine:
        """The thread's machine, awake: found, woken or made."""
        ...

    async def touch(self, thread: ThreadId) -> None:
        """It was used just now."""
        ...

    async def pause(self, thread: ThreadId) -> bool:
        """False when a turn needs it, or it is not awake."""
        ...

    async def destroy(self, thread: ThreadId, first: Callable[[], Awaitable[None]]) -> bool:
        """Gone with its files, whoever needs it. `first` is done when nobody can get to it any more. False when there
        is none, and nothing done."""
        ...

    async def unsaved(self, thread: ThreadId) -> bool | None:
        """Whether it holds work that exists nowhere else; None when it cannot be asked now."""
        ...


class Replies(Protocol):
    """What is said after the first answer. Raises Retriable and Refused."""

    async def edit(self, interaction: Interaction, text: str, components: Sequence[Payload] = ()) -> None:
        """Say it in place of the first answer. Buttons that stood there are gone."""
        ...

    async def follow_up(self, interaction: Interaction, text: str) -> None:
        """Say it to everybody. Only after an edit."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """Everything that a command is given beside the interaction itself."""

    ledger: Desk
    places: Places
    shelf: Register
    machines: Machines
    replies: Replies
    policy: Policy
    model: str
    clock: Callable[[], float]
