"""What is written down of turns. Each Protocol is made real by `store`.

Every method raises Retriable (see `errors`) while the database cannot be used. Writes that show a lease's token raise
LeaseLost, and change nothing, where the lease is no longer the caller's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.ids import AskId, MessageId, SessionId, ThreadId, TurnId
from app.turns.asks import Asked, AskState
from app.turns.machine import LIVE, Ending, Event, Postponed, Stage
from app.turns.preferences import Settled
from app.turns.progress import Ask
from app.turns.records import Origin, Parcel, Place, Request, Turn


@dataclass(frozen=True, slots=True)
class Facts:
    """What a step found out, written together with the move. None leaves the column as it is."""

    session: SessionId | None = None
    answer: str | None = None
    failure: str | None = None
    ending: Ending | None = None
    parcels: tuple[Parcel, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcelled:
    """What of a turn has been put into parcels."""

    parts: frozenset[str] = frozenset()
    count: int = 0  # of the parcels


class Ledger(Protocol):
    """The turns. Times are epoch seconds."""

    async def admit(self, request: Request, now: float) -> bool:
        """Write it down, for good. False if it was known already, whatever became of it, if another live turn follows
        the same one, or if the same person has a fork under way that says the same, and is not opened yet."""
        ...

    async def claim(self, token: str, now: float, until: float, stages: Collection[Stage] = LIVE) -> Turn | None:
        """The first turn at one of `stages` that is due: not postponed, not leased, and where its stage is the queue,
        the first live one of its thread while no other is at work there. Counts as one attempt at its stage. Leases
        that have run out are taken away first, and counted as losses."""
        ...

    async def renew(self, turn: TurnId, token: str, until: float) -> None: ...

    async def assure(self, turn: TurnId, token: str) -> Turn:
        """The turn as it is now, while the lease is the caller's."""
        ...

    async def record(self, turn: TurnId, token: str, event: Event, facts: Facts) -> Turn:
        """Move it by the table, with no attempt at its new stage yet. A turn that reaches the queue, or its end,
        gives up its lease. Raises Stopped when it is to stop, for every event but CANCELLED and DELIVERED."""
        ...

    async def note_opener(self, turn: TurnId, token: str, opener: MessageId) -> Turn:
        """A turn without a thread gets the one that will hang on `opener`: their ids are the same."""
        ...

    async def postpone(self, turn: TurnId, token: str, postponed: Postponed, failure: str) -> None:
        """Gives up the lease."""
        ...

    async def release(self, turn: TurnId, token: str) -> None:
        """Hand it back as if it had not been claimed."""
        ...

    async def cancel(self, thread: ThreadId) -> int:
        """The thread's turn that is at the model, or on its way there, has ended: how many. Whoever holds its lease has
        lost it. Turns that wait for their turn go on waiting."""
        ...

    async def seal(self, turn: TurnId, token: str) -> Turn:
        """From here on an edit or a deletion of what was asked comes too late. The turn as it will be asked."""
        ...

    async def note_place(self, turn: TurnId, token: str, place: Place) -> Turn:
        """A vague place is known by now."""
        ...

    async def is_ours(self, thread: ThreadId, before: TurnId | None = None) -> bool | None:
        """Whether something was taken in this thread that was asked earlier than `before`: ids grow with time, and what
        was missed and read later is admitted behind what was heard at once. None while that is not decided yet."""
        ...

    async def is_taken(self, thread: ThreadId) -> bool:
        """Whether it is the thread of any turn, however that ended."""
        ...

    async def is_shared(self, thread: ThreadId, turn: TurnId) -> bool:
        """Whether another turn than this one is about to use the thread's machine, or has used it."""
        ...

    async def sessions_of(self, thread: ThreadId) -> frozenset[SessionId]:
        """Those that turns of the thread were prompted in."""
        ...

    async def note_status(self, turn: TurnId, token: str, message: MessageId) -> Turn:
        """Where its status is shown."""
        ...

    async def is_first(self, turn: TurnId) -> bool:
        """Whether no other turn of its thread goes before it."""
        ...

    async def is_next(self, turn: TurnId) -> bool:
        """Whether it is first, or only one other turn of its thread goes before it."""
        ...

    async def unclosed(self, most: int, but: Collection[TurnId] = ()) -> Sequence[Turn]:
        """Turns that are over and have a status message that does not say so yet, the oldest first."""
        ...

    async def over(self, turn: TurnId) -> Turn | None:
        """As it is now, if it is one of them."""
        ...

    async def close(self, turn: Turn) -> bool:
        """Its status message says how it ended. False when it was reopened since `turn` was read."""
        ...

    async def reopen(self, turn: TurnId) -> None:
        """Its status message may say something older."""
        ...


class Parcels(Protocol):
    """The messages that answers are made of, and the files that go with them. Writes show the lease's token."""

    async def add(self, turn: TurnId, token: str, parcels: Sequence[Parcel]) -> None:
        """One that is there already is not written again. Raises Stopped when the turn is to stop."""
        ...

    async def so_far(self, turn: TurnId) -> Parcelled: ...

    async def said(self, turn: TurnId) -> Collection[tuple[str, ...]]:
        """For each part that has been put into parcels, what these say."""
        ...

    async def is_said(self, thread: ThreadId, part: str) -> bool:
        """Whether a turn of the thread has said it, and every message of that stands there."""
        ...

    async def unsent(self, turn: TurnId) -> Sequence[Parcel]: ...

    async def rewrite(self, turn: TurnId, token: str, parcel: Parcel, more: Sequence[Parcel] = ()) -> None:
        """One that is not sent yet says this instead, and has no files; `more` come after all others."""
        ...

    async def last_posted(self, thread: ThreadId) -> MessageId | None:
        """The newest message of any answer that is known to stand in the thread."""
        ...

    async def mark_sent(self, turn: TurnId, token: str, ordinal: int, message: MessageId) -> None:
        """It stands there, and its files are handed out."""
        ...

    async def handed_out(self, thread: ThreadId) -> frozenset[Origin]:
        """The files of the thread's machine that messages were sent with, or in place of. A new machine has none."""
        ...


class Asks(Protocol):
    """What agents asked people, as it is written down. Writes with a token raise LeaseLost like the ledger's."""

    async def note(self, turn: TurnId, token: str, ask: Ask, now: float, until: float) -> Asked:
        """Write it down as open; one that is known stays as it is, but for one that was taken for gone."""
        ...

    async def note_message(
        self, turn: TurnId, token: str, ask: AskId, message: MessageId, shown: str | None = None
    ) -> Asked:
        """It stands there. `shown` is how it looks; None when that is not certain."""
        ...

    async def note_shown(self, asked: Asked) -> None:
        """Its message looks like this now."""
        ...

    async def of_turn(self, turn: TurnId) -> Sequence[Asked]:
        """In the order in which they were asked."""
        ...

    async def settle(self, turn: TurnId, ask: AskId, state: AskState) -> Asked:
        """SETTLED or GONE, if it is neither yet."""
        ...

    async def expire(self, turn: TurnId, token: str, now: float) -> bool:
        """Whether one that is open is past its time, and no decision is still to be carried back: then nobody can
        answer any of the turn's from here on, and the turn is to end."""
        ...


class Preferences(Protocol):
    async def settled(self, place: Place) -> Settled:
        """What counts there."""
        ...


@dataclass(frozen=True, slots=True)
class Books:
    ledger: Ledger
    parcels: Parcels
    asks: Asks
    preferences: Preferences
