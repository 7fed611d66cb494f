"""What people say where we can hear it: the Gateway's events as the scheduler relays them, and what is read over REST
after a gap.

`hear` is for the relay: a function for every event that means something to us. Each does what it does in the store,
once, however often the event comes; what takes longer is returned, and done when the relay has its answer.
"""

from collections.abc import Awaitable, Callable

import structlog

from app.discord.interactions import Malformed
from app.inbox import channels, messages, roles
from app.inbox.envelope import Event
from app.inbox.ports import Afterwards, Inbox, Object, Unread
from app.turns.errors import Refused, Retriable

log = structlog.get_logger()


async def begun(body: Object, inbox: Inbox) -> Afterwards | None:
    """READY: a new session, and nobody knows what was said since the last one ended. The events behind this one wait
    until that has been read, so that in every channel the older message comes first. A channel that cannot be read just
    now holds up no others: it is read later."""
    try:
        counts = await inbox.catch_up()
    except Unread as failure:
        log.warning("inbox.unreadable", reason=str(failure))
        return inbox.catch_up_later
    except Refused as refusal:
        raise Retriable(f"Discord does not tell which servers we are in: {refusal}") from refusal
    log.info("inbox.caught_up", why="new session", **counts)
    return None


HEARD: dict[str, Callable[[Object, Inbox], Awaitable[Afterwards | None]]] = {
    "READY": begun,
    "MESSAGE_CREATE": messages.created,
    "MESSAGE_UPDATE": messages.edited,
    "MESSAGE_DELETE": messages.deleted,
    "MESSAGE_DELETE_BULK": messages.deleted_together,
    "THREAD_UPDATE": channels.thread_changed,
    "THREAD_DELETE": channels.thread_deleted,
    "CHANNEL_DELETE": channels.channel_deleted,
    "GUILD_CREATE": channels.guild_entered,
    "GUILD_DELETE": channels.guild_left,
    "GUILD_ROLE_DELETE": roles.role_deleted,
}


async def hear(event: Event, inbox: Inbox) -> Afterwards | None:
    """Take it in, then write down that it is taken. Raises Retriable, and is called again with the same event then.

    An event that cannot be understood, or that brings out a defect of ours, is logged and counts as taken: those behind
    it must not wait for ever."""
    afterwards = None
    try:
        if (act := HEARD.get(event.name)) is not None:
            afterwards = await act(event.body, inbox)
    except Retriable:
        raise
    except Malformed as error:
        log.warning("event.unreadable", name=event.name, why=str(error))
    except Exception:
        log.exception("event.defect", name=event.name)
    if event.position is not None:
        await inbox.shards.move(event.shard, event.position, inbox.clock())
    return afterwards
