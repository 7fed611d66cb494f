"""Whom a message pings: what its text says, cut down to what its sender allows and may.

https://docs.discord.com/developers/resources/message#allowed-mentions-object
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.playground.discord.errors import Json
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, Message, User

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


def _named(pattern: re.Pattern[str], text: str, allowed: Json, kind: str) -> list[str]:
    found = list(dict.fromkeys(pattern.findall(text)))
    listed = {str(id) for id in allowed.get(kind) or []}
    return found if kind in (allowed.get("parse") or []) else [id for id in found if id in listed]
