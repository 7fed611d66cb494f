"""How messages go: one at a time by whoever may, or many in one event.

https://docs.discord.com/developers/resources/message#delete-message
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scripts.playground.discord.errors import Code, Refusal, invalid
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import UNDELETABLE, Channel, Event, Message, User

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

BULK_SECONDS = 14 * 86_400.0  # older ones cannot go in bulk


def delete(world: "World", author: User, channel: Channel, message: Message) -> None:
    if message.author is not author:
        world.need(author, channel, May.MANAGE_MESSAGES)
    world.need(author, channel)
    if message.type in UNDELETABLE:
        raise Refusal(Code.SYSTEM_MESSAGE)
    remove(world, channel, message)


def delete_many(world: "World", channel: Channel, ids: Sequence[str]) -> None:
    """In one event; those that are gone already are passed over.

    https://docs.discord.com/developers/resources/message#bulk-delete-messages
    """
    if not 2 <= len(set(ids)) <= 100:
        raise invalid("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    found = [channel.messages[id] for id in dict.fromkeys(ids) if id in channel.messages]
    if any(world.clock.now() - message.created_at > BULK_SECONDS for message in found):
        raise Refusal(Code.TOO_OLD)
    for message in found:
        _forget(channel, message)
    body = {"ids": [message.id for message in found], "channel_id": channel.id, "guild_id": world.guild}
    world.emit(Event("MESSAGE_DELETE_BULK", body, channel))


def remove(world: "World", channel: Channel, message: Message) -> None:
    _forget(channel, message)
    body = {"id": message.id, "channel_id": channel.id, "guild_id": world.guild}
    world.emit(Event("MESSAGE_DELETE", body, channel, only=message.visible_to))


def _forget(channel: Channel, message: Message) -> None:
    """The channel's `last_message_id` stays: it may name a message that is gone."""
    channel.messages.pop(message.id, None)
    channel.deleted.add(message.id)
