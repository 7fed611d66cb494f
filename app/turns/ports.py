"""What a turn needs of the world. Each Protocol is made real elsewhere: the ledger by `store`, the chat by `discord`,
the agent by `opencode`, the machines by `sandboxes`.

Every method that talks to somebody raises Retriable or Refused (see `errors`) and nothing else of its own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.ids import ChannelId, MessageId, SessionId, ThreadId, TurnId
from app.sandboxes.ports import Machine
from app.turns.history import Said
from app.turns.machine import LIVE, Event, Postponed, Stage
from app.turns.records import Parcel, Place, Request, Turn


@dataclass(frozen=True, slots=True)
class Facts:
    """What a step found out, written together with the move. None leaves the column as it is."""

    session: SessionId | None = None
    answer: str | None = None
    failure: str | None = None
    parcels: tuple[Parcel, ...] = ()


class Ledger(Protocol):
    """The turns as they are written down. Times are epoch seconds.

    Every write after `claim` shows the lease's token; where the lease is no longer the caller's, it changes nothing and
    raises LeaseLost.
    """

    async def admit(self, request: Request, now: float) -> bool:
        """Write it down, for good. False if it was known already, whatever became of it."""
        ...

    async def claim(self, token: str, now: float, until: float, stages: Collection[Stage] = LIVE) -> Turn | None:
        """The first turn at one of `stages` that is due: not postponed, not leased, and where its stage is the queue,
        the oldest live one of its thread while no other is at work there. Counts as one attempt at its stage. Leases
        that have run out are taken away first, and counted as losses."""
        ...

    async def renew(self, turn: TurnId, token: str, until: float) -> None: ...

    async def assure(self, turn: TurnId, token: str) -> None:
        """Only look whether the lease is still the caller's."""
        ...

    async def record(self, turn: TurnId, token: str, event: Event, facts: Facts) -> Turn:
        """Move it by the table, with no attempt at its new stage yet. A turn that reaches the queue, or its end,
        gives up its lease."""
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

    async def sessions_of(self, thread: ThreadId) -> frozenset[SessionId]:
        """Those that turns of the thread were prompted in."""
        ...

    async def unsent(self, turn: TurnId) -> Sequence[Parcel]: ...

    async def last_posted(self, thread: ThreadId) -> MessageId | None:
        """The newest message of any answer that is known to stand in the thread."""
        ...

    async def mark_sent(self, turn: TurnId, token: str, ordinal: int, message: MessageId) -> None: ...


class Chat(Protocol):
    """Discord, as far as a turn sees it."""

    async def post_opener(self, turn: Turn) -> MessageId:
        """Show in the channel (or thread) what was asked by a command: the interaction's own reply while its token
        lives, else an ordinary message. Idempotent."""
        ...

    async def start_thread(self, channel: ChannelId, message: MessageId, name: str) -> ThreadId:
        """The thread that hangs on `message`: made, or found. Raises Withdrawn when the message is gone."""
        ...

    async def locate(self, place: Place) -> Place:
        """All of a vague place: whether its channel is a thread, of which channel, and in which category."""
        ...

    def compose(self, text: str) -> Sequence[str]:
        """Cut an answer into messages that Discord takes; together they say all of it. At least one."""
        ...

    async def post(self, thread: ThreadId, parcel: Parcel, reply_to: MessageId | None) -> MessageId:
        """Idempotent by the nonce, for as long as Discord remembers it: minutes."""
        ...

    async def find_posted(self, thread: ThreadId, after: str, content: str) -> MessageId | None:
        """Our own message with exactly this content, newer than the id `after`: for when the nonce is forgotten."""
        ...

    async def show_typing(self, thread: ThreadId) -> None:
        """For about ten seconds. Best effort: never raises."""
        ...

    async def said_before(self, turn: Turn, most: int) -> Sequence[Said]:
        """What stands in the turn's thread above its question: the newest so many, oldest first."""
        ...

    async def announce(self, turn: Turn, text: str) -> None:
        """Say it in the turn's thread, beside the answers. Idempotent."""
        ...

    async def tell(self, turn: Turn, text: str) -> None:
        """Say it where a turn without a thread was asked. Idempotent."""
        ...

    async def dismiss(self, turn: Turn, text: str) -> None:
        """Take back the public reply to a command and tell only the asker."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """`turn` makes OpenCode's ids: a repeat of the same turn is the same message there."""

    turn: TurnId
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    text: str  # Markdown, everything the model said to the person, in order; never empty


class Interrupted(Exception):
    """The server stopped in the middle of the turn and resumes nothing: the same prompt must be sent once more."""


class Agent(Protocol):
    """OpenCode in a running machine."""

    async def open_session(self, machine: Machine, title: str) -> SessionId:
        """The machine's session if it still exists, else a new one with this title."""
        ...

    async def prompt(self, machine: Machine, session: SessionId, prompt: Prompt) -> None:
        """Make sure that OpenCode has it and works on it, or has finished it. Never runs it twice side by side."""
        ...

    async def await_answer(self, machine: Machine, session: SessionId, turn: TurnId) -> Answer:
        """Wait as long as it takes. Raises Interrupted; Refused when the model failed, in words for the person."""
        ...

    async def abort(self, machine: Machine, session: SessionId) -> None: ...


class Router(Protocol):
    """A quick model beside the agent's. Answers within a few seconds or not at all; never raises."""

    async def wants_answer(self, text: str, asker: str, lately: Sequence[Said]) -> bool:
        """Whether a message in one of our threads is meant for the agent; `lately` is what was said before it, oldest
        first. True as well when nobody can say, or not in time: respond rather than be silent."""
        ...

    async def title(self, prompt: str) -> str | None:
        """A name for the thread that begins with `prompt`: a line of at most 60 characters. None when there is none in
        time."""
        ...
