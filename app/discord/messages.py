"""An ordinary message, as the Gateway brings it and as REST shows it, as a record. Pure.

REST says less: neither the server nor the kind of channel, nor the author as a member. Whoever reads a page knows these
and says them.

https://docs.discord.com/developers/resources/message#message-object
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app.discord.attachments import attachments_of
from app.discord.interactions import Malformed
from app.discord.kinds import THREADS
from app.discord.text import clean, shorten, shows
from app.ids import ChannelId, GuildId, MessageId, UserId
from app.turns.history import plain_name
from app.turns.records import Asker, Attachment
from app.turns.routing import Named

WRITTEN = frozenset({0, 19})  # an ordinary message, and a reply; every other type is the system's
LONG_QUOTE = 2_000
SHORT_QUOTE = 200  # of what we wrote ourselves: the session knows it
MENTION = re.compile(r"<@([!&]?)(\d{1,20})>")
OPENING_MENTION = re.compile(r"\s*<@[!&]?(\d{1,20})>")


@dataclass(frozen=True, slots=True)
class Message:
    id: MessageId
    guild: GuildId
    channel: ChannelId  # or thread
    in_thread: bool | None  # None: Discord did not say
    author: Asker
    from_person: bool  # not a bot, not a webhook, not the system
    is_edited: bool
    content: str
    named: Named
    names: Mapping[str, str]  # of the people mentioned
    replied_to: tuple[str, str] | None  # who wrote what, where that is known
    attachments: tuple[Attachment, ...]  # none, too, where the permission to see them is missing

    def words(self, us: Collection[str]) -> str:
        """What was said, without mentions of `us` (ids of users and roles) and with the names of others; behind it,
        what it replies to. Empty when nothing of it can be seen."""

        def name(found: re.Match[str]) -> str:
            if found[2] in us:
                return " "
            return "@role" if found[1] == "&" else "@" + plain_name(self.names.get(found[2], ""))

        said = MENTION.sub(name, clean(self.content)).strip()
        quoted = self._quoted(SHORT_QUOTE if self.named.replies_to in us else LONG_QUOTE)
        return "\n\n".join(part for part in (said, quoted) if shows(part))

    def _quoted(self, most: int) -> str:
        if self.replied_to is None or not shows(self.replied_to[1]):
            return ""
        author, content = self.replied_to
        quote = "\n".join(f"> {line}" for line in shorten(content, most).splitlines())
        return f"(In reply to {plain_name(author)}, who wrote:)\n{quote}"


def parse(said: object, *, guild: str | None = None, in_thread: bool | None = None) -> Message:
    """Raises Malformed for what is not a message in a server."""
    root = _object(said)
    author, member = _object(root.get("author") or {}), _object(root.get("member") or {})
    kind = root.get("channel_type")
    replied = root.get("referenced_message") if root.get("type") == 19 else None
    id, channel = MessageId(_snowflake(root.get("id"))), ChannelId(_snowflake(root.get("channel_id")))
    return Message(
        id=id,
        guild=GuildId(_snowflake(root.get("guild_id", guild))),
        channel=channel,
        in_thread=kind in THREADS if isinstance(kind, int) else in_thread,
        author=Asker(UserId(_snowflake(author.get("id"))), _name(author, member), _strings(member.get("roles"))),
        from_person=_kind(root) in WRITTEN and not author.get("bot") and root.get("webhook_id") is None,
        is_edited=root.get("edited_timestamp") is not None,
        content=_text(root.get("content")),
        named=_named(root, replied),
        names={str(user.get("id")): _name(user, _object(user.get("member") or {})) for user in _users(root)},
        replied_to=_replied_to(replied),
        attachments=attachments_of(root.get("attachments"), channel, id),
    )


def _kind(root: Mapping[str, Any]) -> int:
    kind = root.get("type", 0)
    if not isinstance(kind, int):
        raise Malformed("no kind of message")
    return kind


def _named(root: Mapping[str, Any], replied: object) -> Named:
    opening = OPENING_MENTION.match(_text(root.get("content")))
    replied_author = _author_id(replied)
    return Named(
        users=frozenset(str(user.get("id")) for user in _users(root)),
        roles=frozenset(_strings(root.get("mention_roles"))),
        everyone=root.get("mention_everyone") is True,
        leads_with=opening[1] if opening else None,
        # Whoever replies to themselves goes on speaking to the same people.
        replies_to=replied_author if replied_author != _author_id(root) else None,
    )


def _author_id(message: object) -> str | None:
    author = message.get("author") if isinstance(message, dict) else None
    return str(author["id"]) if isinstance(author, dict) and author.get("id") else None


def _replied_to(replied: object) -> tuple[str, str] | None:
    if not isinstance(replied, dict) or not isinstance(replied.get("author"), dict):
        return None
    return _name(replied["author"], {}), _text(replied.get("content"))


def _users(root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    mentions = root.get("mentions")
    return [user for user in mentions if isinstance(user, dict)] if isinstance(mentions, list) else []


def _name(user: Mapping[str, Any], member: Mapping[str, Any]) -> str:
    return str(member.get("nick") or user.get("global_name") or user.get("username") or "somebody")


def _strings(said: object) -> tuple[str, ...]:
    return tuple(str(one) for one in said) if isinstance(said, list) else ()


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""


def _object(said: object) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise Malformed("not an object")
    return said


def _snowflake(said: object) -> str:
    if not (isinstance(said, str) and said.isascii() and said.isdigit() and len(said) <= 20):
        raise Malformed("an id is missing")
    return said
