"""Who may do what where: Discord's permission bits and how roles and overwrites combine.

https://docs.discord.com/developers/topics/permissions#permission-hierarchy
"""

from collections.abc import Iterable
from enum import IntFlag

from scripts.playground.discord.records import Channel, Member, Overwrite, Role


class May(IntFlag):
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYTHING = May((1 << 53) - 1)
# What a new guild gives to @everyone, as far as the simulator knows the bits.
USUAL = (
    May.VIEW_CHANNEL
    | May.SEND_MESSAGES
    | May.SEND_MESSAGES_IN_THREADS
    | May.CREATE_PUBLIC_THREADS
    | May.CREATE_PRIVATE_THREADS
    | May.EMBED_LINKS
    | May.ATTACH_FILES
    | May.READ_MESSAGE_HISTORY
    | May.ADD_REACTIONS
    | May.USE_APPLICATION_COMMANDS
)


def of_member(member: Member, roles: dict[str, Role], everyone: str) -> May:
    """In the guild as a whole; `everyone` is the id of the role that all have, which is the guild's."""
    granted = roles[everyone].permissions
    for role in member.roles:
        granted |= roles[role].permissions
    return EVERYTHING if granted & May.ADMINISTRATOR else May(granted)


def in_channel(granted: May, member: Member, channel: Channel, everyone: str) -> May:
    """`channel` is a thread's parent: threads have no overwrites. Nothing is allowed where nothing can be seen."""
    if granted & May.ADMINISTRATOR:
        return EVERYTHING
    overwrites = channel.overwrites
    granted = _apply(granted, [overwrites[everyone]] if everyone in overwrites else [])
    granted = _apply(granted, [overwrites[role] for role in member.roles if role in overwrites])
    granted = _apply(granted, [overwrites[member.user.id]] if member.user.id in overwrites else [])
    return granted if granted & May.VIEW_CHANNEL else May(0)


def _apply(granted: May, overwrites: Iterable[Overwrite]) -> May:
    deny = allow = 0
    for overwrite in overwrites:
        deny |= overwrite.deny
        allow |= overwrite.allow
    return May((granted & ~deny) | allow)
