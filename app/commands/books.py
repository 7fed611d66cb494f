"""What commands and presses read and write down; made real by `store`. Every method raises Retriable while the store is
busy.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from app.ids import AskId, ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.sandboxes.ports import Sandbox
from app.turns.asks import Asked
from app.turns.catalogue import Entry, Kind
from app.turns.drafts import Draft
from app.turns.preferences import Preference, Settled
from app.turns.progress import Decision
from app.turns.records import Place, Request, Turn
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
