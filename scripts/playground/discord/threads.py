"""What can be done to threads: start, archive, wake, lock, join.

https://docs.discord.com/developers/topics/threads
"""

from typing import TYPE_CHECKING

from scripts.playground.discord import render
from scripts.playground.discord.checks import check_name
from scripts.playground.discord.errors import Code, Complaints, Json, Refusal
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import (
    SPOKEN,
    Channel,
    ChannelType,
    Event,
    Flag,
    Message,
    MessageType,
    Thread,
    User,
)
from scripts.playground.discord.shapes import check_shape

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
PARENTS = (ChannelType.TEXT, ChannelType.ANNOUNCEMENT)
MOST_TAGS = 5  # of a post
HOLD_POSTS = (ChannelType.FORUM, ChannelType.MEDIA)


def check_thread(body: Json) -> None:
    check_shape(body)
    complaints = Complaints()
    check_name(complaints, body.get("name"))
    minutes = body.get("auto_archive_duration")
    if minutes is not None and minutes not in ARCHIVE_MINUTES:
        complaints.choice("auto_archive_duration", minutes, ARCHIVE_MINUTES)
    complaints.finish()


def start_from(world: "World", author: User, channel: Channel, message: Message, body: Json) -> Channel:
    """The thread has the message's id, so there can be only one."""
    if channel.type not in PARENTS:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    world.need(author, channel, May.CREATE_PUBLIC_THREADS)
    check_thread(body)
    if message.id in world.channels:
        raise Refusal(Code.HAS_THREAD)
    if message.type not in SPOKEN:
        raise Refusal(Code.SYSTEM_MESSAGE)
    kind = ChannelType.PUBLIC_THREAD if channel.type == ChannelType.TEXT else ChannelType.ANNOUNCEMENT_THREAD
    message.flags |= Flag.HAS_THREAD
    thread = _open(world, author, channel, message.id, kind, body)
    starter = _system(world, thread, author, MessageType.THREAD_STARTER)
    starter.reference = _reference(world, channel.id) | {"message_id": message.id}
    show(world, thread, starter)
    world.emit(Event("MESSAGE_UPDATE", render.heard(world, message, channel), channel, message))
    return thread


def start_post(world: "World", author: User, channel: Channel, body: Json) -> Channel:
    """In a channel of posts; its first message, which has the thread's id, is for whoever calls this.
    https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel"""
    world.need(author, channel, May.SEND_MESSAGES)
    check_thread(body)
    if not isinstance(body.get("message"), dict):
        complaints = Complaints()
        complaints.add("message", "BASE_TYPE_REQUIRED", "This field is required")
        complaints.finish()
    _check_tags(world, author, channel, body)
    return _open(world, author, channel, world.make_id(), ChannelType.PUBLIC_THREAD, body)


def _check_tags(world: "World", author: User, channel: Channel, body: Json) -> None:
    wanted, known = body.get("applied_tags") or [], {tag.id: tag for tag in channel.available_tags}
    if len(wanted) > MOST_TAGS:
        complaints = Complaints()
        complaints.add("applied_tags", "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_TAGS} or fewer in length.")
        complaints.finish()
    if not set(wanted) <= set(known):
        raise Refusal(Code.UNKNOWN_TAG)
    if any(known[tag].moderated for tag in wanted):
        world.need(author, channel, May.MANAGE_THREADS)
    if channel.requires_tag and not wanted:
        raise Refusal(Code.TAG_REQUIRED)


def start(world: "World", author: User, channel: Channel, body: Json) -> Channel:
    """Without a message, and private unless the body says otherwise."""
    if channel.type not in PARENTS:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    kind = body.get("type", ChannelType.PRIVATE_THREAD)
    private = kind == ChannelType.PRIVATE_THREAD
    world.need(author, channel, May.CREATE_PRIVATE_THREADS if private else May.CREATE_PUBLIC_THREADS)
    check_thread(body)
    if kind not in (ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD, ChannelType.ANNOUNCEMENT_THREAD):
        complaints = Complaints()
        complaints.choice("type", kind, (10, 11, 12))
        complaints.finish()
    thread = _open(world, author, channel, world.make_id(), kind, body)
    if not private:
        named = _system(world, channel, author, MessageType.THREAD_CREATED, thread.name)
        named.reference = _reference(world, thread.id)
        show(world, channel, named)
    return thread


def _open(world: "World", author: User, channel: Channel, id: str, kind: int, body: Json) -> Channel:
    now = world.clock.now()
    thread = Channel(id, body["name"], kind, channel.id)
    thread.applied_tags = tuple(body.get("applied_tags") or ())
    thread.slow_seconds = body.get("rate_limit_per_user") or 0
    minutes = body.get("auto_archive_duration") or 4320
    thread.thread = Thread(author.id, now, now, minutes, invitable=body.get("invitable", True))
    thread.thread.members[author.id] = now
    world.channels[thread.id] = thread
    created = render.channel(world, thread, viewer=world.bot.id) | {"newly_created": True}
    world.emit(Event("THREAD_CREATE", created, thread))
    return thread


def _system(world: "World", channel: Channel, author: User, kind: int, content: str = "") -> Message:
    return Message(world.make_id(), channel.id, author, kind, content, world.clock.now())


def _reference(world: "World", channel: str) -> Json:
    return {"type": 0, "channel_id": channel, "guild_id": world.guild}


def show(world: "World", channel: Channel, message: Message) -> None:
    """What Discord itself says about what somebody did."""
    channel.messages[message.id] = message
    channel.last_message = message.id
    world.emit(Event("MESSAGE_CREATE", render.heard(world, message, channel), channel, message))


def count(world: "World", message: Message, channel: Channel) -> None:
    """A message in a thread counts, and its author and whom it mentions are in the thread from then on. The replies of
    interactions wake it too, though they ask for no permission."""
    if channel.thread is None:
        return
    if channel.thread.archived and not channel.thread.locked:
        change(world, channel, {"archived": False})
    channel.thread.total_sent += 1
    named = message.mentions if _may_add(world, message.author, channel) else ()
    for user in (message.author.id, *named):
        if user in world.members:
            channel.thread.members.setdefault(user, world.clock.now())


def wake(world: "World", author: User, channel: Channel) -> None:
    """Sending unarchives, unless the thread is locked and the sender no moderator."""
    if channel.thread is None:
        return
    if channel.thread.locked and not world.may(author.id, channel) & May.MANAGE_THREADS:
        raise Refusal(Code.THREAD_LOCKED)
    if channel.thread.archived:
        change(world, channel, {"archived": False})


def refuse_archived(channel: Channel) -> None:
    if channel.thread and channel.thread.archived:
        raise Refusal(Code.THREAD_ARCHIVED)


def modify(world: "World", author: User, channel: Channel, body: Json) -> None:
    """PATCH by its owner or a moderator. An archived one can only be woken first, or in the same request."""
    assert channel.thread
    thread = channel.thread
    world.need(author, channel)
    complaints = Complaints()
    if "name" in body:
        check_name(complaints, body["name"])
    if body.get("auto_archive_duration", 60) not in ARCHIVE_MINUTES:
        complaints.choice("auto_archive_duration", body["auto_archive_duration"], ARCHIVE_MINUTES)
    complaints.finish()
    moderator = bool(world.may(author.id, channel) & May.MANAGE_THREADS)
    waking = set(body) <= {"archived"} and body.get("archived") is False and not thread.locked
    if not moderator and not waking and (thread.owner != author.id or thread.locked or "locked" in body):
        raise Refusal(Code.MISSING_PERMISSIONS)
    if thread.archived and body.get("archived") is not False and set(body) - {"archived", "locked"}:
        raise Refusal(Code.THREAD_ARCHIVED)
    renamed = body.get("name", channel.name) != channel.name
    change(world, channel, body)
    if renamed:
        show(world, channel, _system(world, channel, author, MessageType.CHANNEL_NAME_CHANGE, channel.name))


def change(world: "World", channel: Channel, body: Json) -> None:
    assert channel.thread
    thread = channel.thread
    channel.name = body.get("name", channel.name)
    if body.get("archived") not in (None, thread.archived):
        thread.archived, thread.archived_at = body["archived"], world.clock.now()
    thread.locked = body.get("locked", thread.locked)
    thread.invitable = body.get("invitable", thread.invitable)
    thread.auto_archive_minutes = body.get("auto_archive_duration", thread.auto_archive_minutes)
    channel.slow_seconds = body.get("rate_limit_per_user", channel.slow_seconds) or 0
    world.emit(Event("THREAD_UPDATE", render.channel(world, channel), channel))


def join(world: "World", author: User, channel: Channel, user: str) -> None:
    if channel.thread is None:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    if user not in world.members:
        raise Refusal(Code.UNKNOWN_MEMBER)
    world.need(author, channel)
    refuse_archived(channel)
    if user in channel.thread.members:
        return
    if user != author.id and not _may_add(world, author, channel):
        raise Refusal(Code.MISSING_PERMISSIONS)
    channel.thread.members[user] = world.clock.now()
    _members(world, channel, {"added_members": [render.thread_member(channel, user)]})
    if user != author.id:
        added = _system(world, channel, author, MessageType.RECIPIENT_ADD)
        added.mentions = [user]
        show(world, channel, added)


def _may_add(world: "World", author: User, channel: Channel) -> bool:
    """Others than themselves. https://docs.discord.com/developers/resources/channel#thread-metadata-object"""
    assert channel.thread
    is_open = channel.type != ChannelType.PRIVATE_THREAD or channel.thread.invitable
    return is_open or bool(world.may(author.id, channel) & May.MANAGE_THREADS)


def leave(world: "World", author: User, channel: Channel, user: str) -> None:
    if channel.thread is None:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    world.need(author, channel, *([] if user == author.id else [May.MANAGE_THREADS]))
    channel.thread.members.pop(user, None)
    _members(world, channel, {"removed_member_ids": [user]})


def _members(world: "World", channel: Channel, change: Json) -> None:
    assert channel.thread
    body = {"id": channel.id, "guild_id": world.guild, "member_count": len(channel.thread.members)}
    world.emit(Event("THREAD_MEMBERS_UPDATE", body | change, channel))
