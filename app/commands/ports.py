"""What a command or a press may touch: the store's verbs, the machines and their agents, the policy, and its own
replies.

Only the store answers in milliseconds. What is needed of the others is done after the first answer (see `answers`), so
that everything is answered within Discord's three seconds whatever the vendors do.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.commands.books import Asks, Catalogue, Desk, Places, Preferences, Register
from app.discord.interactions import Interaction
from app.discord.payloads import Payload
from app.ids import ChannelId, GuildId, ThreadId
from app.sandboxes.console import Listing, Ran
from app.sandboxes.ports import Machine
from app.sandboxes.provider import Access, Labels, Link
from app.turns.records import Asker, File
from app.turns.routing import Policy
from app.turns.workbench import Rewinder, Workbench


class Machines(Protocol):
    """The machines themselves. Everything may take minutes, and raise Retriable and Refused."""

    async def ensure(self, thread: ThreadId, labels: Labels) -> Machine:
        """The thread's machine, awake: found, woken or made."""
        ...

    async def rouse(self, thread: ThreadId) -> Machine | None:
        """The machine that the thread has, awake: found or woken, never made nor replaced. None where nothing is left
        of it."""
        ...

    async def awake(self, thread: ThreadId) -> Machine | None:
        """The same if it answers now; nothing is started for it."""
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


class Console(Protocol):
    """The threads' machines by hand; paths are from the workspace. Nothing is woken: what is not awake is Retriable."""

    async def run(self, thread: ThreadId, line: str, within: float) -> Ran:
        """A line of `sh` in the workspace. Raises Overdue, and then nothing of it goes on running; Retriable."""
        ...

    async def log(self, thread: ThreadId, lines: int) -> str:
        """The last lines of the server's log; empty where it has none. Raises Retriable."""
        ...

    async def list(self, thread: ThreadId, path: str) -> Listing:
        """What is in the folder; that of an empty path is the workspace. Raises Absent, Elsewhere, Retriable."""
        ...

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        """What is in a regular file. Raises Absent, Elsewhere, TooLarge, Retriable."""
        ...

    async def preview(self, thread: ThreadId, port: int, seconds: int) -> Link:
        """Raises Unserved, Reserved, Retriable."""
        ...

    async def ssh(self, thread: ThreadId, minutes: int) -> Access:
        """Raises Refused where there is no such thing, Retriable."""
        ...


class Replies(Protocol):
    """What is said after the first answer. Raises Retriable and Refused."""

    async def edit(
        self, interaction: Interaction, text: str, components: Sequence[Payload] = (), files: Sequence[File] = ()
    ) -> None:
        """Say it in place of the first answer. Buttons that stood there are gone. Raises UnfitFiles where it may be
        said without the files."""
        ...

    async def post(self, interaction: Interaction, text: str, components: Sequence[Payload] = ()) -> None:
        """Say it to everybody in an ordinary message, whatever became of the interaction's answers."""
        ...


class Sights(Protocol):
    async def seen_by(self, asker: Asker, guild: GuildId) -> Collection[ChannelId]:
        """The channels of the server that somebody may see. Raises Retriable and Refused."""
        ...

    async def sees(self, asker: Asker, thread: ThreadId) -> bool:
        """Whether somebody may see a thread, if they may see its channel. Raises Retriable and Refused."""
        ...

    async def has_role(self, guild: GuildId, role: str) -> bool:
        """Whether the server has it still. Raises Retriable and Refused."""
        ...


class Messages(Protocol):
    """What stands in channels and threads. Raises Retriable and Refused."""

    async def edit_message(self, channel: str, message: str, edit: Payload) -> object:
        """Of our own."""
        ...

    async def get_message(self, channel: str, message: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Room:
    """Everything that a command or a press is given beside the interaction itself."""

    ledger: Desk
    asks: Asks
    preferences: Preferences
    catalogue: Catalogue
    places: Places
    shelf: Register
    machines: Machines
    agent: Rewinder
    replies: Replies
    messages: Messages
    policy: Policy
    operator_role: str | None
    clock: Callable[[], float]
    bench: Workbench
    console: Console
    sights: Sights
