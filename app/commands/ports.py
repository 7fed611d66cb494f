"""What a command or a press may touch: the store's verbs, the machines and their agents, the policy, and its own
replies.

Only the store answers in milliseconds. What is needed of the others is done after the first answer (see `answers`), so
that everything is answered within Discord's three seconds whatever the vendors do.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.discord.interactions import Interaction
from app.discord.payloads import Payload
from app.ids import AskId, ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.sandboxes.console import Listing, Ran
from app.sandboxes.ports import Machine, Sandbox
from app.sandboxes.provider import Access, Labels, Link
from app.turns.asks import Asked
from app.turns.catalogue import Entry, Kind
from app.turns.drafts import Draft
from app.turns.ports import Rewinder, Workbench
from app.turns.preferences import Preference, Settled
from app.turns.progress import Decision
from app.turns.records import Asker, File, Place, Request, Turn
from app.turns.routing import Policy
from app.turns.sessions import Session


class Desk(Protocol):
    """The turns, as a command sees them."""

    async def admit(self, request: Request, now: float) -> bool:
        """Write it down, for good. False if it was known already, or another live turn follows the same one."""
        ...

    async def live_turns(self, guild: GuildId | None = None, thread: ThreadId | None = None) -> Sequence[Turn]: ...

    async def count_live_turns(self) -> int: ...

    async def keep(self, id: str, draft: Draft, now: float) -> None:
        """For whoever has the form of the interaction `id` open."""
        ...

    async def draft(self, id: str) -> Draft | None:
        """What was kept; None when that was long ago."""
        ...

    async def cancel(self, thread: ThreadId) -> int:
        """End what is at work in the thread: how many turns. Those that wait go on waiting."""
        ...

    async def turn(self, turn: TurnId) -> Turn | None: ...

    async def over(self, turn: TurnId) -> Turn | None:
        """The turn if it has ended, and its summary may still be written or change."""
        ...

    async def stop(self, turn: TurnId, by: str) -> bool:
        """Whoever works on it is to stop it, on behalf of `by`. False when it is not at work."""
        ...

    async def halt(self, turn: TurnId, by: str) -> bool:
        """Stop it where it is at work, and call it off where it waits. False when it is over."""
        ...

    async def hasten(self, turn: TurnId) -> bool:
        """It goes before all that wait in its thread. False when it does not wait."""
        ...

    async def call_off(self, turn: TurnId, by: str) -> bool:
        """It ends without having begun. False when it does not wait."""
        ...

    async def queue(self, thread: ThreadId) -> Sequence[Turn]:
        """Those that wait in the thread, the next first."""
        ...

    async def move(self, turn: TurnId, to: int) -> int | None:
        """Put it at this place, from 1 on, among those that wait in its thread: which place it has now. None when it
        does not wait."""
        ...

    async def at_work(self, thread: ThreadId) -> Turn | None:
        """The thread's turn that is past the queue."""
        ...

    async def sessions(
        self,
        guild: GuildId,
        viewer: UserId,
        channels: Collection[ChannelId] | None = None,
        *,
        mine: bool = False,
        skipped: int = 0,
        most: int = 10,
    ) -> tuple[Sequence[Session], int]:
        """A page of the server's threads that are worked in, and how many there are: those of `channels`, or all; with
        `mine` those in which the viewer asked something. The one that was used last comes first."""
        ...

    async def is_ours(self, thread: ThreadId) -> bool | None:
        """Whether something was taken in it; None while that is not decided yet."""
        ...

    async def is_newest(self, turn: TurnId) -> bool:
        """Whether its thread's session was asked nothing after it."""
        ...

    async def newest(self, thread: ThreadId) -> Turn | None:
        """The last that a session of the thread was asked, at work or over."""
        ...

    async def turn_at(self, thread: ThreadId, message: MessageId) -> Turn | None:
        """Which of the thread's turns the message belongs to: as its question, its status, a part of its answer, or
        something that it asked."""
        ...

    async def last_message(self, turn: TurnId) -> MessageId | None:
        """The newest that belongs to it, as far as is known."""
        ...


class Asks(Protocol):
    """What agents asked people. The first decision counts."""

    async def asked(self, turn: TurnId, ask: AskId) -> Asked | None: ...

    async def of_turn(self, turn: TurnId) -> Sequence[Asked]: ...

    async def decide(self, turn: TurnId, ask: AskId, decision: Decision, by: str) -> bool:
        """False when it has been decided already, or nobody waits for it any more."""
        ...

    async def answer(self, turn: TurnId, ask: AskId, question: int, choice: tuple[str, ...], by: str) -> bool:
        """Answer the question of this number; the last one decides. False when it has been answered already, or nobody
        waits for it any more."""
        ...


class Preferences(Protocol):
    """What people have settled for a channel or a thread."""

    async def settled(self, place: Place) -> Settled:
        """What counts there."""
        ...

    async def settle(self, guild: GuildId, at: ThreadId | ChannelId, changes: Mapping[Preference, str | None]) -> None:
        """From now on. None takes back what was settled at this very place. Another repository has no branch yet."""
        ...

    async def forget(self, guild: GuildId, preference: Preference, value: str) -> int:
        """Take it back wherever it was settled in this server: in how many places."""
        ...

    async def repositories(self, place: Place, viewer: UserId) -> Sequence[str]:
        """Those that were settled before in this server, the latest first: for this place, for channels that something
        was asked in, and for threads that are certain not to be private, or that the viewer asked in."""
        ...

    async def branches(self, place: Place, viewer: UserId, repository: str) -> Sequence[str]:
        """Those of the repository, in the same way."""
        ...


class Catalogue(Protocol):
    async def entries(self, kind: Kind) -> Sequence[Entry]:
        """What OpenCode offers. Empty before the first machine has come up."""
        ...


class Places(Protocol):
    async def known_category(self, channel: ChannelId) -> ChannelId | None:
        """Of a channel that was heard of before; None as well when it has none."""
        ...

    async def is_located(self, channel: ChannelId) -> bool:
        """Whether it is known in which category it is, or that it is in none."""
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

    async def follow_up(self, interaction: Interaction, text: str, components: Sequence[Payload] = ()) -> None:
        """Say it to everybody, in an ordinary message where the interaction takes no answer any more. Only after an
        edit."""
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
