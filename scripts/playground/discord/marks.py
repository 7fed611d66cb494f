"""What is on and around messages: reactions, the typing indicator, and pages of a channel's history."""

from typing import TYPE_CHECKING

from scripts.playground.discord import render, threads
from scripts.playground.discord.errors import Json
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, Event, Message, User

if TYPE_CHECKING:
    from scripts.playground.discord.world import World


def react(world: "World", user: User, channel: Channel, message: Message, emoji: str, *, add: bool = True) -> None:
    """One person's mark, set or taken away. Harmless when it is so already."""
    first = emoji not in message.reactions
    world.need(user, channel, May.READ_MESSAGE_HISTORY, *([May.ADD_REACTIONS] if first and add else []))
    threads.refuse_archived(channel)
    users = message.reactions.setdefault(emoji, [])
    if add == (user.id in users):
        return
    users.append(user.id) if add else users.remove(user.id)
    if not users:
        del message.reactions[emoji]
    body = {
        "user_id": user.id,
        "channel_id": channel.id,
        "message_id": message.id,
        "guild_id": world.guild,
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
    }
    if add:
        body |= {"member": render.member(world.members[user.id]), "message_author_id": message.author.id}
    world.emit(Event("MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE", body, channel))


def show_typing(world: "World", user: User, channel: Channel) -> None:
    """Clients show it for ten seconds."""
    body: Json = {"channel_id": channel.id, "guild_id": world.guild, "user_id": user.id}
    body |= {"timestamp": int(world.clock.now()), "member": render.member(world.members[user.id])}
    world.emit(Event("TYPING_START", body, channel))


def page(
    channel: Channel, limit: int, *, before: str | None = None, after: str | None = None, around: str | None = None
) -> list[Message]:
    """Newest first, always; `after` gives the page next to the cursor, not the newest messages.

    https://docs.discord.com/developers/resources/message#get-channel-messages
    """
    every = sorted((m for m in channel.messages.values() if not m.ephemeral), key=lambda m: int(m.id))
    if around is not None:
        older = [m for m in every if int(m.id) < int(around)][-(limit // 2) :] if limit > 1 else []
        newer = [m for m in every if int(m.id) >= int(around)][: limit - len(older)]
        chosen = older + newer
    elif after is not None:
        chosen = [m for m in every if int(m.id) > int(after)][:limit]
    else:
        chosen = [m for m in every if before is None or int(m.id) < int(before)][-limit:]
    return chosen[::-1]
