"""What happens to the places where people talk: threads are archived and deleted, and channels, and whole servers.
Their machines follow.

What becomes of a machine is written down at once and done by the rounds of `app.sandboxes.housekeeping`, the next of
which is begun as soon as the relay has its answer.
"""

from functools import partial

import structlog

from app.discord.interactions import Malformed
from app.ids import ChannelId, GuildId, ThreadId
from app.inbox.ports import Afterwards, Inbox, Object

log = structlog.get_logger()

GRACE_SECONDS = 3_600.0  # somebody may have removed us by mistake


async def thread_changed(body: Object, inbox: Inbox) -> Afterwards | None:
    """Whoever archives a thread is done with it for now. Writing in it opens it again, and wakes its machine."""
    thread, metadata = ThreadId(id_in(body)), body.get("thread_metadata")
    if not isinstance(metadata, dict) or metadata.get("archived") is not True:
        return None
    await inbox.shelf.rest(thread)
    return partial(inbox.pause, thread)


async def thread_deleted(body: Object, inbox: Inbox) -> Afterwards | None:
    return await forget_thread(ThreadId(id_in(body)), inbox)


async def forget_thread(thread: ThreadId, inbox: Inbox) -> Afterwards | None:
    """None when it was never ours."""
    cancelled = await inbox.turns.end_all(thread=thread)
    await inbox.preferences.forget_place(thread)
    doomed = await inbox.shelf.doom(inbox.clock(), thread=thread)
    if not (cancelled or doomed or await inbox.places.place_of(thread)):
        return None
    await inbox.places.note_gone(ChannelId(thread))
    log.info("thread.deleted", thread=thread, turns=cancelled, machines=doomed)
    return inbox.sweep if doomed else None


async def channel_deleted(body: Object, inbox: Inbox) -> Afterwards | None:
    """With all its threads, of which Discord need not tell one by one."""
    channel = ChannelId(id_in(body))
    cancelled = await inbox.turns.end_all(channel=channel)
    await inbox.preferences.forget_place(channel)
    doomed = await inbox.shelf.doom(inbox.clock(), channel=channel)
    await inbox.places.note_gone(channel)
    log.info("channel.deleted", channel=channel, turns=cancelled, machines=doomed)
    return inbox.sweep if doomed else None


async def guild_entered(body: Object, inbox: Inbox) -> None:
    """Sent for every server at the beginning of a session, too, and after an outage."""
    await keep_guild(GuildId(id_in(body)), inbox)


async def guild_left(body: Object, inbox: Inbox) -> None:
    """Unavailable is an outage of Discord's: https://docs.discord.com/developers/events/gateway-events#guild-delete"""
    if body.get("unavailable") is not True:
        await forget_guild(GuildId(id_in(body)), inbox)


# In both of these the note comes last: whoever is killed before it does all of it once more.


async def keep_guild(guild: GuildId, inbox: Inbox) -> None:
    await inbox.shelf.reprieve(guild, inbox.clock())
    await inbox.places.note_guild(guild)


async def forget_guild(guild: GuildId, inbox: Inbox) -> None:
    """Whatever is asked there just now goes on, and ends by not getting through: it may be a mistake."""
    now = inbox.clock()
    doomed = await inbox.shelf.doom(now + GRACE_SECONDS, guild=guild)
    await inbox.places.note_guild_gone(guild, now)
    log.info("guild.left", guild=guild, machines=doomed, seconds=GRACE_SECONDS)


def id_in(body: Object, key: str = "id") -> str:
    """Raises Malformed."""
    found = body.get(key)
    if not (isinstance(found, str) and found.isascii() and found.isdigit() and len(found) <= 20):
        raise Malformed("an id is missing")
    return found
