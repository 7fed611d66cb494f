"""What the simulated Discord remembers. Mutable, because it is the world that changes; only the verbs of the modules
`messages`, `threads`, `interactions` and `world` change it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

Json = dict[str, Any]
# https://docs.discord.com/developers/resources/application#application-object-application-event-webhook-status
EVENTS_OFF, EVENTS_ON = 1, 2
EPOCH_MS = 1420070400000  # the first second of 2015
# Digits that an id has at least. Shorter ids of attachments are the numbers of files in the same request.
SNOWFLAKE = 15


class ChannelType(IntEnum):
    TEXT = 0
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15
    MEDIA = 16


class MessageType(IntEnum):
    DEFAULT = 0
    RECIPIENT_ADD = 1
    CHANNEL_NAME_CHANGE = 4
    CHANNEL_PINNED_MESSAGE = 6
    USER_JOIN = 7
    GUILD_BOOST = 8
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21
    CONTEXT_MENU_COMMAND = 23


# What somebody said, and not Discord for them; and what nobody can delete.
# https://docs.discord.com/developers/resources/message#message-object-message-types
SPOKEN = frozenset(
    {MessageType.DEFAULT, MessageType.REPLY, MessageType.CHAT_INPUT_COMMAND, MessageType.CONTEXT_MENU_COMMAND}
)
UNDELETABLE = frozenset({MessageType.RECIPIENT_ADD, MessageType.CHANNEL_NAME_CHANGE, MessageType.THREAD_STARTER})


class Flag(IntFlag):
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_VOICE_MESSAGE = 1 << 13
    IS_COMPONENTS_V2 = 1 << 15


def made_at(id: str) -> float:
    """Epoch seconds, which every id begins with. https://docs.discord.com/developers/reference#snowflakes"""
    return ((int(id) >> 22) + EPOCH_MS) / 1000


@dataclass(slots=True)
class User:
    id: str
    name: str
    bot: bool = False


@dataclass(slots=True)
class Role:
    id: str
    name: str
    permissions: int = 0
    position: int = 1
    mentionable: bool = False
    managed: bool = False


@dataclass(slots=True)
class Member:
    user: User
    roles: list[str]
    joined_at: float


@dataclass(slots=True)
class Overwrite:
    """For a role (type 0) or a member (type 1)."""

    id: str
    type: int
    allow: int = 0
    deny: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody sends it."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(slots=True)
class Attachment:
    id: str
    upload: Upload
    description: str | None = None
    ephemeral: bool = False
    title: str | None = None  # what it was called before it was kept, if that was another name


@dataclass(slots=True)
class Message:
    """`visible_to` is the one person who sees an ephemeral message; `interaction` is the token that it came by, and
    `webhook` the id of somebody's own webhook. `notified` are the people whose client made a noise when it came, and
    `edits` when it was edited, in epoch seconds."""

    id: str
    channel: str
    author: User
    type: int
    content: str
    created_at: float
    flags: int = 0
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    edited_at: float | None = None
    pinned: bool = False
    reference: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    interaction: str | None = None
    webhook: str | None = None
    interaction_metadata: Json | None = None
    visible_to: str | None = None
    notified: list[str] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & Flag.EPHEMERAL)


@dataclass(slots=True)
class Thread:
    """What a channel has more when it is a thread."""

    owner: str
    created_at: float
    archived_at: float
    auto_archive_minutes: int = 4320
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    members: dict[str, float] = field(default_factory=dict)
    total_sent: int = 0


@dataclass(frozen=True, slots=True)
class Tag:
    """Of a channel of posts. A `moderated` one is given by moderators alone.
    https://docs.discord.com/developers/resources/channel#forum-tag-object"""

    id: str
    name: str
    moderated: bool = False


@dataclass(slots=True)
class Channel:
    """`available_tags` are those of a channel of posts, `applied_tags` a post's: ids."""

    id: str
    name: str
    type: int = ChannelType.TEXT
    parent: str | None = None
    position: int = 0
    topic: str | None = None
    slow_seconds: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    last_message: str | None = None
    messages: dict[str, Message] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    thread: Thread | None = None
    available_tags: tuple[Tag, ...] = ()
    requires_tag: bool = False
    applied_tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Application:
    """The app and its bot. What is empty is made at random; `message_content` is the privileged intent's switch.
    `interactions_url` is where interactions are POSTed (None: they go over the Gateway), and `events_url` where the
    webhook events of `event_types` are, while `events_status` is EVENTS_ON."""

    name: str = "OpenCord"
    id: str = ""
    token: str = field(default="", repr=False)
    seed: bytes = field(default=b"", repr=False)
    message_content: bool = True
    members_intent: bool = False
    interactions_url: str | None = None
    events_url: str | None = None
    events_status: int = EVENTS_OFF
    event_types: Sequence[str] = ()
    permissions: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `channel` decides who may see it, unless `only` names the one person who does."""

    name: str
    body: Json
    channel: Channel | None = None
    message: Message | None = None
    only: str | None = None
