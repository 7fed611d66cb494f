"""A turn as it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId, TurnId, UserId
from app.turns.machine import Ending, Stage, Trouble
from app.turns.preferences import Values


class Source(StrEnum):
    """How it was asked."""

    COMMAND = "command"
    MESSAGE = "message"


class Addressed(StrEnum):
    """Whom a message names."""

    US = "us"
    OTHERS = "others"
    EVERYONE = "everyone"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Asker:
    id: UserId
    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was asked. `vague` as long as only part of this is known: a message names the channel that it stands in
    and nothing else, so a thread's parent may be missing (and is then the thread itself), and the category."""

    guild: GuildId
    channel: ChannelId  # a thread's parent, when it was asked in a thread
    thread: ThreadId | None = None
    category: ChannelId | None = None
    vague: bool = False

    @property
    def lacks_parent(self) -> bool:
        return self.vague and self.thread is not None and str(self.channel) == self.thread

    @property
    def labels(self) -> Mapping[str, str]:
        """What a machine for this thread is labelled with."""
        assert self.thread is not None
        return {"app": "opencord", "guild": self.guild, "channel": self.channel, "thread": self.thread}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a question, as Discord describes it. `url` runs out after a day; `message` in `channel`,
    where it came with one, then has a new one."""

    id: str
    name: str
    size: int  # bytes
    url: str
    channel: ChannelId | None = None
    message: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """A file of the workspace as it was when it was looked at."""

    path: str
    mark: str  # the same for the same content


@dataclass(frozen=True, slots=True)
class File:
    """A name without a path, and what is in it."""

    name: str
    content: bytes = field(repr=False)
    origin: Origin | None = None  # of one that lies in the workspace


@dataclass(frozen=True, slots=True)
class About:
    """The message that a question is about, as it was when it was asked."""

    channel: ChannelId  # or thread, in which it stands
    message: MessageId
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Fork:
    """The thread that a new one goes on from, with what was said there and the files of its machine."""

    thread: ThreadId
    name: str  # for the new thread, where nothing is asked in it yet
    last: TurnId | None = None  # the last turn that comes along; None: all of them
    until: MessageId | None = None  # the last message of that turn


@dataclass(frozen=True, slots=True)
class Request:
    """What is admitted: complete before anything is acknowledged."""

    id: TurnId
    source: Source
    place: Place
    asker: Asker
    prompt: str
    interaction_token: str | None = None  # opens the interaction's webhook for 15 minutes
    addressed: Addressed = Addressed.US
    attachments: tuple[Attachment, ...] = ()
    follows: TurnId | None = None  # the turn that it goes on from, or asks again
    wishes: Values = field(default_factory=dict)  # for its thread, from this question on
    private: bool = False  # its thread is to be seen by the asker alone, and whom they invite
    about: About | None = None
    fork: Fork | None = None  # what moves into its machine first; without a prompt that is all it is about
    plain: bool = False  # words among people: never one of OpenCode's commands, however they look

    @property
    def opens_fork(self) -> bool:
        """As of its turn."""
        return self.fork is not None and self.place.thread is None


@dataclass(frozen=True, slots=True)
class Turn:
    id: TurnId
    position: int  # the order of admission, over all threads
    source: Source
    place: Place
    asker: Asker
    prompt: str
    interaction_token: str | None
    stage: Stage
    admitted_at: float  # epoch seconds
    due_at: float  # nobody works on it before
    attempts: int  # how often it was claimed since its stage last changed
    losses: int  # how often, since then, whoever had claimed it was not heard of again
    failing_since: float | None  # the first of the failures that are the reason for due_at
    interruptions: int  # how often a stopped server cut it off at the model
    opener: MessageId | None  # the message that shows what was asked, and that a new thread starts from
    session: SessionId | None  # where it was prompted
    answer: str | None
    failure: str | None  # for the log and the operator, never for Discord
    addressed: Addressed = Addressed.US
    starts_thread: bool = False  # whether its thread hangs on its own opener; else it was asked in a thread
    attachments: tuple[Attachment, ...] = ()
    private: bool = False
    about: About | None = None  # where it starts a thread, that hangs on this message
    status: MessageId | None = None  # the one message that shows how far it is, and in the end how it went
    begun_at: float | None = None  # when it left the queue for the first time
    ended_at: float | None = None
    stopped_by: str | None = None  # the name of who wants it stopped
    ending: Ending | None = None  # why it was cancelled, where that is known
    gave_up: bool = False  # its answer is an apology
    expired: bool = False  # nobody came in time to answer what it asked: it is to end
    reopened: int = 0  # how often it has turned out that its status message may say something older than its end
    follows: TurnId | None = None  # as its request said
    fork: Fork | None = None  # the same
    plain: bool = False  # as well
    wishes: Values = field(default_factory=dict)  # in a thread that was there before, those not settled yet

    @property
    def thread(self) -> ThreadId | None:
        return self.place.thread

    @property
    def home(self) -> ThreadId:
        """Its thread, at a stage where it has one."""
        assert self.place.thread is not None, "the table lets no turn come here without a thread"
        return self.place.thread

    @property
    def opens_thread(self) -> bool:
        """Whether its thread is its own, also while that is still to be opened."""
        return self.place.thread is None or self.starts_thread

    @property
    def opens_fork(self) -> bool:
        """Whether its thread begins with it as a fork. One that asks for the same again, in there, forks nothing: of
        that nothing may be seen where the fork came from, which more people may see."""
        return self.fork is not None and self.opens_thread

    @property
    def asks(self) -> bool:
        """Whether there is something for the agent to do: a fork may be all that is wanted."""
        return self.fork is None or bool(self.prompt)

    @property
    def subject(self) -> str:
        """What to name a thread or a session by: a message that it is about comes before what is asked about that."""
        return self.prompt if self.about is None else f"{self.about.text}\n{self.prompt}".strip()

    @property
    def trouble(self) -> Trouble:
        return Trouble(self.attempts, self.due_at, self.failing_since)


@dataclass(frozen=True, slots=True)
class Content:
    """What one message says: Discord's Markdown, and the files that go with it."""

    text: str
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message of an answer. It is written down with its text, its files and its nonce before it is sent."""

    ordinal: int
    content: Content
    nonce: str
    notify: UserId | None = None  # who is to be notified of it; everybody else never is
    part: str | None = None  # what the agent said in it: the id of that
    named: tuple[Origin, ...] = ()  # files that do not go with it, as its text says
    message: MessageId | None = None  # set once Discord has it


@dataclass(frozen=True, slots=True)
class Tracked:
    """A thread that is ours."""

    place: Place
    first: MessageId  # the first that was asked in it
    used_at: float
