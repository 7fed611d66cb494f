"""Whom a message mentions: what its text says, cut down to what its sender allows and may. And whom it notifies.

https://docs.discord.com/developers/resources/message#allowed-mentions-object
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.playground.discord.errors import Json
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, Flag, Message, User

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
USER, ROLE, EVERYONE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>"), re.compile(r"@(?:everyone|here)\b")

EVERY = {"parse": ["users", "roles", "everyone"], "replied_user": True}
ONLY_USERS = {"parse": ["users"]}  # what interactions and webhooks get when they say nothing


@dataclass(frozen=True, slots=True)
class Mentions:
    users: list[str]
    roles: list[str]
    everyone: bool


def mentions_of(
    world: "World", author: User, channel: Channel, text: str, allowed: Json, replied: Message | None
) -> Mentions:
    text = CODE.sub("", text)
    loud = bool(world.may(author.id, channel) & May.MENTION_EVERYONE)
    users = [id for id in _named(USER, text, allowed, "users") if id in world.members]
    if replied and allowed.get("replied_user") and replied.author.id not in users:
        users.append(replied.author.id)
    roles = [id for id in _named(ROLE, text, allowed, "roles") if id in world.roles and id != world.guild]
    roles = [id for id in roles if loud or world.roles[id].mentionable]
    everyone = loud and "everyone" in (allowed.get("parse") or []) and bool(EVERYONE.search(text))
    return Mentions(users, roles, everyone)


def notified_of(world: "World", message: Message, channel: Channel) -> list[str]:
    """Whose client makes a noise, where everybody has chosen to be told of mentions and of nothing else: not the
    author's, not a bot's, nobody's who cannot see it. What is said in place of "thinking" makes none, nor does an edit.

    https://docs.discord.com/developers/resources/message#message-object-message-flags
    """
    if message.flags & (Flag.SUPPRESS_NOTIFICATIONS | Flag.LOADING):
        return []
    audience = set(channel.thread.members) if channel.thread else set(world.members)
    called = set(message.mentions) | (audience if message.mention_everyone else set())
    called |= {id for id, member in world.members.items() if set(member.roles) & set(message.mention_roles)}
    called -= {message.author.id}
    hearing = [id for id in world.members if id in called and not world.users[id].bot]
    return [id for id in hearing if message.visible_to in (None, id) and world.sees(id, channel)]


def _named(pattern: re.Pattern[str], text: str, allowed: Json, kind: str) -> list[str]:
    found = list(dict.fromkeys(pattern.findall(text)))
    listed = {str(id) for id in allowed.get(kind) or []}
    return found if kind in (allowed.get("parse") or []) else [id for id in found if id in listed]
