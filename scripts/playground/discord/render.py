"""The world in Discord's JSON: every object that leaves the simulator is made here, and nothing is decided here.

https://docs.discord.com/developers/resources/message#message-object and its neighbours
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.playground.discord import cdn
from scripts.playground.discord.records import (
    Attachment,
    Channel,
    ChannelType,
    Flag,
    Json,
    Member,
    Message,
    MessageType,
    Role,
    Tag,
    User,
)

if TYPE_CHECKING:
    from scripts.playground.discord.world import World


# https://docs.discord.com/developers/resources/channel#channel-object-channel-flags
REQUIRE_TAG = 1 << 4


def moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def user(person: User) -> Json:
    return {
        "id": person.id,
        "username": person.name,
        "discriminator": "0000" if person.bot else "0",
        "global_name": None if person.bot else person.name,
        "avatar": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
    } | ({"bot": True} if person.bot else {})


def role(entry: Role) -> Json:
    return {
        "id": entry.id,
        "name": entry.name,
        "permissions": str(entry.permissions),
        "position": entry.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": entry.managed,
        "mentionable": entry.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def member(one: Member, *, with_user: bool = True) -> Json:
    body: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "deaf": False,
        "flags": 0,
        "joined_at": moment(one.joined_at),
        "mute": False,
        "nick": None,
        "pending": False,
        "premium_since": None,
        "roles": list(one.roles),
    }
    return body | ({"user": user(one.user)} if with_user else {})


def channel(world: "World", place: Channel, *, viewer: str | None = None) -> Json:
    """A thread says whether `viewer` is in it."""
    body: Json = {
        "id": place.id,
        "type": int(place.type),
        "flags": 0,
        "guild_id": world.guild,
        "name": place.name,
        "parent_id": place.parent,
    }
    if place.thread is None:
        body |= {
            "position": place.position,
            "permission_overwrites": [
                {"id": o.id, "type": o.type, "allow": str(int(o.allow)), "deny": str(int(o.deny))}
                for o in place.overwrites.values()
            ],
            "nsfw": False,
        }
        if place.type != ChannelType.CATEGORY:
            body |= {"topic": place.topic, "last_message_id": place.last_message, "rate_limit_per_user": 0}
        if place.type in (ChannelType.FORUM, ChannelType.MEDIA):
            body |= {
                "flags": REQUIRE_TAG * place.requires_tag,
                "available_tags": [_tag(t) for t in place.available_tags],
            }
        return body
    thread = place.thread
    body |= {
        "owner_id": thread.owner,
        "last_message_id": place.last_message,
        "rate_limit_per_user": place.slow_seconds,
        "message_count": sum(_counted(m) for m in place.messages.values()),
        "member_count": min(len(thread.members), 50),
        "total_message_sent": thread.total_sent,
        "thread_metadata": {
            "archived": thread.archived,
            "archive_timestamp": moment(thread.archived_at),
            "auto_archive_duration": thread.auto_archive_minutes,
            "locked": thread.locked,
            "create_timestamp": moment(thread.created_at),
        },
    }
    if place.applied_tags:
        body["applied_tags"] = list(place.applied_tags)
    if place.type == ChannelType.PRIVATE_THREAD:
        body["thread_metadata"]["invitable"] = thread.invitable
    if viewer in thread.members:
        body["member"] = thread_member(place, viewer)
    return body


def _tag(tag: Tag) -> Json:
    return {"id": tag.id, "name": tag.name, "moderated": tag.moderated, "emoji_id": None, "emoji_name": None}


def _counted(post: Message) -> bool:
    return post.type != MessageType.THREAD_STARTER and not post.ephemeral


def thread_member(channel: Channel, user: str) -> Json:
    assert channel.thread
    return {"id": channel.id, "user_id": user, "join_timestamp": moment(channel.thread.members[user]), "flags": 0}


def attachment(world: "World", file: Attachment) -> Json:
    upload, url = file.upload, cdn.address(world, file)
    body: Json = {
        "id": file.id,
        "filename": upload.filename,
        "size": len(upload.content),
        "url": url,
        "proxy_url": url,
        "content_type": cdn.content_type(upload),
    }
    if file.title:
        body["title"] = file.title
    if (size := cdn.dimensions(upload.content)) is not None:
        body["width"], body["height"] = size
    if file.description:
        body["description"] = file.description
    return body | ({"ephemeral": True} if file.ephemeral else {})


def message(world: "World", post: Message, *, deep: bool = True) -> Json:
    """`deep` also shows the message that this one refers to."""
    body: Json = {
        "id": post.id,
        "channel_id": post.channel,
        "type": int(post.type),
        "author": user(post.author),
        "content": post.content,
        "timestamp": moment(post.created_at),
        "edited_timestamp": moment(post.edited_at),
        "tts": False,
        "mention_everyone": post.mention_everyone,
        "mentions": [user(world.users[id]) for id in post.mentions],
        "mention_roles": list(post.mention_roles),
        "attachments": [attachment(world, a) for a in post.attachments],
        "embeds": post.embeds,
        "pinned": post.pinned,
        "flags": int(post.flags),
        "components": post.components,
    }
    if post.reactions:
        body["reactions"] = [reaction(world, name, users) for name, users in post.reactions.items()]
    if post.interaction:
        body |= {"webhook_id": world.application.id, "application_id": world.application.id}
    elif post.webhook:
        body["webhook_id"] = post.webhook
    elif post.author is world.bot:
        body["application_id"] = world.application.id
    if post.interaction_metadata:
        body["interaction_metadata"] = post.interaction_metadata
    if post.flags & Flag.HAS_THREAD and post.id in world.channels:
        body["thread"] = channel(world, world.channels[post.id])
    return body | (_reference(world, post, deep=deep) if post.reference else {})


def heard(world: "World", post: Message, place: Channel) -> Json:
    """As MESSAGE_CREATE and MESSAGE_UPDATE have it: with the members behind the users, unless a webhook wrote it.

    https://docs.discord.com/developers/events/gateway-events#message-create
    """
    body = message(world, post) | {"guild_id": world.guild, "channel_type": int(place.type)}
    one = world.members.get(post.author.id)
    if one and not post.interaction:
        body["member"] = member(one, with_user=False)
    body["mentions"] = [_mentioned(world, id) for id in post.mentions]
    return body


def _mentioned(world: "World", id: str) -> Json:
    one = world.members.get(id)
    return user(world.users[id]) | ({"member": member(one, with_user=False)} if one else {})


def _reference(world: "World", post: Message, *, deep: bool) -> Json:
    assert post.reference
    body: Json = {"message_reference": post.reference}
    if deep and post.type in (MessageType.REPLY, MessageType.THREAD_STARTER):
        source = world.channels.get(post.reference["channel_id"])
        found = source.messages.get(post.reference["message_id"]) if source else None
        is_seen = found is not None and not found.ephemeral  # which are for one person alone
        body["referenced_message"] = message(world, found, deep=False) if found and is_seen else None
    return body


def reaction(world: "World", name: str, users: list[str]) -> Json:
    mine = world.bot.id in users
    return {
        "emoji": {"id": None, "name": name},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "me": mine,
        "burst_count": 0,
    }
