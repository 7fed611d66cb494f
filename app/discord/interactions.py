"""What Discord sends when somebody uses a command or presses something, as records.

`parse` takes what the signature vouches for, and vouches itself for nothing but the shape: whether the person may do
this, and whether the command exists, is for others to say.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from app.discord.attachments import attachments_of
from app.discord.kinds import THREADS
from app.ids import ChannelId, GuildId, MessageId, ThreadId, UserId
from app.turns.records import Asker, Attachment, Place

Option = str | int | float | bool

SUBCOMMAND, GROUP = 1, 2


class Malformed(ValueError):
    """Not an interaction as Discord documents it. Says which part, never what was in it."""


class Kind(IntEnum):
    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


@dataclass(frozen=True, slots=True)
class Channel:
    id: ChannelId
    type: int
    parent: ChannelId | None  # a thread's channel; a channel's category
    name: str = ""

    @property
    def is_thread(self) -> bool:
        return self.type in THREADS


@dataclass(frozen=True, slots=True)
class Interaction:
    kind: Kind
    id: str
    token: str = field(repr=False)  # answers for us for fifteen minutes
    command: tuple[str, ...] = ()  # ("opencord", "ask"); ("opencord", "queue", "move")
    options: Mapping[str, Option] = field(default_factory=dict)
    focused: str | None = None  # the option that is being typed
    custom_id: str | None = None
    values: tuple[str, ...] = ()  # what was selected
    fields: Mapping[str, str] = field(default_factory=dict)  # what was written in a modal, by custom_id
    message: MessageId | None = None  # whose component was used
    attachment_size_limit: int | None = None  # bytes; what the people here may upload
    guild: GuildId | None = None
    channel: Channel | None = None
    member: Asker | None = None
    permissions: int = 0  # the member's, here
    app_permissions: int = 0
    target: str | None = None  # the id of the message that a context menu was opened on
    resolved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The files that were chosen as options, or in a modal."""
        return attachments_of(self.resolved.get("attachments"))

    @property
    def place(self) -> Place | None:
        """Where it was used; None outside of a server."""
        if self.guild is None or self.channel is None:
            return None
        if not self.channel.is_thread:
            return Place(self.guild, self.channel.id, category=self.channel.parent)
        if self.channel.parent is None:
            return None
        return Place(self.guild, self.channel.parent, ThreadId(self.channel.id))


def parse(payload: object) -> Interaction:
    """Raises Malformed for anything else than one of the five kinds in its documented shape."""
    root = _object(payload, "interaction")
    kind = _kind(root.get("type"))
    interaction_id, token = _snowflake(root, "id"), _string(root, "token")
    if kind is Kind.PING:
        return Interaction(kind, interaction_id, token)
    content = _object(root.get("data"), "data")
    message = _object(root.get("message") or {}, "message")
    command, options, focused = _command(content) if kind in (Kind.COMMAND, Kind.AUTOCOMPLETE) else ((), {}, None)
    return Interaction(
        kind,
        interaction_id,
        token,
        command,
        options,
        focused,
        custom_id=_string(content, "custom_id") if kind in (Kind.COMPONENT, Kind.MODAL) else None,
        values=tuple(str(value) for value in _list(content.get("values"), "values")),
        fields=dict(_written(content.get("components"))) if kind is Kind.MODAL else {},
        message=MessageId(_snowflake(message, "id")) if message else None,
        attachment_size_limit=size if isinstance(size := root.get("attachment_size_limit"), int) else None,
        guild=GuildId(_snowflake(root, "guild_id")) if root.get("guild_id") is not None else None,
        channel=_channel(root.get("channel")),
        member=_member(root),
        permissions=_bits((root.get("member") or {}).get("permissions"), "permissions"),
        app_permissions=_bits(root.get("app_permissions"), "app_permissions"),
        target=_snowflake(content, "target_id") if content.get("target_id") is not None else None,
        resolved=_object(content.get("resolved") or {}, "resolved"),
    )


def _kind(said: object) -> Kind:
    try:
        return Kind(said)  # type: ignore[arg-type]
    except ValueError:
        raise Malformed("unknown type of interaction") from None


def _command(content: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Option], str | None]:
    """A subcommand is an option that holds the options; there are at most two such levels."""
    path: tuple[str, ...] = (_string(content, "name"),)
    options = _options(content)
    while len(options) == 1 and options[0].get("type") in (SUBCOMMAND, GROUP) and len(path) < 3:
        path += (_string(options[0], "name"),)
        options = _options(options[0])
    values = {_string(option, "name"): _value(option) for option in options}
    focused = next((_string(option, "name") for option in options if option.get("focused") is True), None)
    return path, values, focused


def _options(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [_object(option, "option") for option in _list(holder.get("options"), "options")]


def _value(option: Mapping[str, Any]) -> Option:
    value = option.get("value")
    if not isinstance(value, str | int | float):
        raise Malformed("an option without a value")
    return value


def _written(said: object) -> Iterator[tuple[str, str]]:
    """The text inputs among the components of a modal, each in a Label or, as it used to be, in a row."""
    for holder in _list(said, "components"):
        holder = _object(holder, "component")
        inside = _list(holder.get("components"), "components") or [holder.get("component")]
        for written in (component for component in inside if isinstance(component, dict)):
            if isinstance(written.get("value"), str):
                yield _string(written, "custom_id"), written["value"]


def _channel(said: object) -> Channel | None:
    if said is None:
        return None
    channel = _object(said, "channel")
    parent = channel.get("parent_id")
    if not isinstance(channel.get("type"), int):
        raise Malformed("channel without a type")
    return Channel(
        ChannelId(_snowflake(channel, "id")),
        channel["type"],
        ChannelId(_snowflake(channel, "parent_id")) if parent is not None else None,
        str(channel.get("name") or ""),
    )


def _member(root: Mapping[str, Any]) -> Asker | None:
    """Whoever did it, by the name that others see: the server's nickname, else the display name, else the user name."""
    member = _object(root["member"], "member") if root.get("member") is not None else {}
    said = member.get("user", root.get("user"))
    if said is None:
        return None
    user = _object(said, "user")
    name = member.get("nick") or user.get("global_name") or user.get("username") or "somebody"
    roles = tuple(str(role) for role in _list(member.get("roles"), "roles"))
    return Asker(UserId(_snowflake(user, "id")), str(name), roles)


def _bits(said: object, what: str) -> int:
    if said is None:
        return 0
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) <= 40:
        return int(said)
    raise Malformed(f"{what} is not a number")


def _object(said: object, what: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise Malformed(f"{what} is not an object")
    return said


def _list(said: object, what: str) -> Sequence[Any]:
    if said is None:
        return ()
    if not isinstance(said, list):
        raise Malformed(f"{what} is not a list")
    return said


def _string(holder: Mapping[str, Any], key: str) -> str:
    said = holder.get(key)
    if not isinstance(said, str) or not said:
        raise Malformed(f"{key} is missing or not a string")
    return said


def _snowflake(holder: Mapping[str, Any], key: str) -> str:
    said = _string(holder, key)
    if not (said.isascii() and said.isdigit() and len(said) <= 20):
        raise Malformed(f"{key} is not an id")
    return said
