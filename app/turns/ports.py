"""Whom a turn deals with. Each Protocol is made real elsewhere: threads and chat by `discord`, the agent by `opencode`,
the machines and their files by `sandboxes`. What is written down is in `books`.

Every method that talks to somebody raises Retriable or Refused (see `errors`) and nothing else of its own.
"""

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.ids import ChannelId, MessageId, SessionId, ThreadId, TurnId, UserId
from app.sandboxes.files import Found
from app.sandboxes.ports import Machine
from app.turns.asks import Asked
from app.turns.catalogue import Command
from app.turns.history import Said
from app.turns.progress import Ask, Decision, Progress, Report
from app.turns.records import About, Attachment, Content, File, Parcel, Place, Turn
from app.turns.status import Status, Summary


class Threads(Protocol):
    """Discord, as far as a turn comes to the thread that it takes place in."""

    async def post_opener(self, turn: Turn, others: Sequence[MessageId] = ()) -> MessageId:
        """Show in the channel (or thread) what was asked by a command: the interaction's own reply while its token
        lives, else an ordinary message. Idempotent. `others` say the same, and it is none of them."""
        ...

    async def openers(self, turn: Turn) -> Sequence[MessageId]:
        """Those that an earlier attempt may have posted for a fork: ours, in its channel, that say the same, younger
        than it. The oldest first."""
        ...

    async def take_back_opener(self, turn: Turn) -> None:
        """Delete it. Harmless where it is gone."""
        ...

    async def start_thread(self, channel: ChannelId, message: MessageId, name: str) -> ThreadId:
        """The thread that hangs on `message`: made, or found. Raises Withdrawn when the message is gone."""
        ...

    async def private_threads(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        """Those that an earlier attempt may have opened for it: ours, in its channel, of this name, younger than it."""
        ...

    async def start_private_thread(self, turn: Turn, name: str) -> ThreadId:
        """Made, for nobody but us so far. Not idempotent."""
        ...

    async def invite(self, turn: Turn) -> None:
        """Take the asker into the turn's private thread, show there what was asked, and tell them where that is.
        Idempotent."""
        ...

    async def stands(self, about: About) -> bool:
        """Whether the message is there still; one that we may not look at is taken to be."""
        ...

    async def holds_posts(self, channel: ChannelId) -> bool:
        """Whether a thread there begins with its own first message, and hangs on none."""
        ...

    async def posts(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        """As with private threads, in a channel that holds posts."""
        ...

    async def start_post(self, turn: Turn, name: str) -> ThreadId:
        """Made, with what was asked as its first message. Not idempotent."""
        ...

    async def tell_origin(self, turn: Turn) -> None:
        """Say where the fork is, to whoever asked for it and in the old thread, as well as can be. Idempotent."""
        ...


class Chat(Protocol):
    """Discord, as far as a turn sees it."""

    async def locate(self, place: Place) -> Place:
        """All of a vague place: whether its channel is a thread, of which channel, and in which category."""
        ...

    def compose(self, text: str, notify: UserId | None = None, remarks: Sequence[str] = ()) -> Sequence[Content]:
        """Cut what the agent said into messages that Discord takes; together they say all of it. A very long text
        becomes its beginning and a file. No message for a text with nothing to see in it. `remarks` are ours, and told
        apart. With `notify` there is a last message that mentions this person, in any case."""
        ...

    async def post(self, thread: ThreadId, parcel: Parcel, reply_to: MessageId | None) -> MessageId:
        """Notifies nobody but `parcel.notify`. Idempotent by the nonce, as long as Discord remembers it: minutes.
        Raises Unfit for what is no reason not to post the next."""
        ...

    def annotate(self, content: Content, remark: str) -> Sequence[Content]:
        """The text of a message with one more remark of ours below it, and without its files: one message, or two
        where it does not fit into one. Whom it mentions, the last one mentions."""
        ...

    async def find_posted(self, thread: ThreadId, after: str, parcel: Parcel) -> MessageId | None:
        """Our own message with exactly this content, newer than the id `after`: for when the nonce is forgotten."""
        ...

    async def post_status(self, turn: Turn, status: Status) -> MessageId:
        """The turn's status message, which notifies nobody. Idempotent."""
        ...

    async def show_status(self, turn: Turn, status: Status) -> None:
        """Edit it. One that was deleted stays so."""
        ...

    async def show_summary(self, turn: Turn, summary: Summary) -> None:
        """What the status message says in the end."""
        ...

    async def post_ask(self, turn: Turn, asked: Asked, approver: str | None = None) -> MessageId:
        """Put it to the people of the thread, with all that belongs to it; notifies the turn's asker. `approver` is the
        role whose members alone decide it. Idempotent, by when it was asked."""
        ...

    async def show_ask(self, turn: Turn, asked: Asked, approver: str | None = None) -> None:
        """Edit that message: the next question, or what became of it. One that was deleted stays so."""
        ...

    async def fetch(self, attachment: Attachment) -> File:
        """Raises Refused when it is gone."""
        ...

    async def show_typing(self, thread: ThreadId) -> None:
        """For about ten seconds. Best effort: never raises."""
        ...

    async def said_before(self, turn: Turn, most: int) -> Sequence[Said]:
        """What stands in the turn's thread above its question: the newest so many, oldest first."""
        ...

    async def said_in_origin(self, turn: Turn, most: int) -> Sequence[Said]:
        """What stands in the thread that the turn forks, up to where it forks it: the newest so many, oldest first."""
        ...

    def origin(self, turn: Turn) -> str:
        """A link to where the turn forks it."""
        ...

    async def said_around(self, about: About, before: int, after: int) -> Sequence[Said]:
        """What stands around the message: at most so many before it and after it, oldest first, without itself."""
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
    turn: TurnId
    text: str
    files: tuple[File, ...] = ()  # images and texts, that the model is to see
    model: str | None = None  # "provider/model"; None: the operator's
    agent: str | None = None  # by its name; None: OpenCode's own choice
    command: Command | None = None  # asked for in place of the text, where OpenCode has it
    before: str = ""  # what a session must know before such a command, which says nothing but its own words


class Interrupted(Exception):
    """The server stopped in the middle of the turn, or the session is gone: prompt again."""


class Unreadable(Exception):
    """The server cannot make anything of one of the prompt's files, and has taken none of the prompt."""


class Agent(Protocol):
    """OpenCode in a running machine."""

    async def open_session(self, machine: Machine, title: str) -> SessionId:
        """The machine's session if it still exists, else a new one with this title."""
        ...

    async def prompt(self, machine: Machine, session: SessionId, prompt: Prompt) -> None:
        """Make sure that OpenCode has it and works on it, or has finished it. Never runs it twice side by side. What
        else is still running in the session is ended first. Raises Unreadable."""
        ...

    def follow(self, machine: Machine, session: SessionId, turn: TurnId) -> AsyncGenerator[Progress, None]:
        """How it goes, every two seconds at least, as long as it takes; the last one has `ended`. Raises Interrupted;
        Refused when the model failed, in words for the person, after a Progress with all that was said until then."""
        ...

    async def reply(self, machine: Machine, ask: Ask, decision: Decision) -> bool:
        """Carry a decision back. False when nobody waits for it any more."""
        ...

    async def report(self, machine: Machine, session: SessionId, turn: TurnId) -> Report:
        """Of a turn that is over, however it ended."""
        ...

    async def abort(self, machine: Machine, session: SessionId) -> None: ...


class Files(Protocol):
    """The workspaces of machines that are awake, by the thread; paths are from the workspace."""

    async def put(self, thread: ThreadId, name: str, content: bytes) -> str:
        """Lay it into the inbox, and say where it lies. The same twice is one."""
        ...

    async def made(self, thread: ThreadId, also: Collection[str] = ()) -> Sequence[Found]:
        """What lies in the outbox, and the images among the paths `also`."""
        ...

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        """Refused when it is gone or has more than `most` bytes."""
        ...


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
