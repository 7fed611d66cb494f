"""Channels and threads.

https://docs.discord.com/developers/resources/channel
"""

from scripts.playground.discord import messages, render, threads
from scripts.playground.discord.checks import check_name
from scripts.playground.discord.errors import Code, Complaints, Json, Refusal
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, ChannelType, Event
from scripts.playground.discord.wire import NO_CONTENT, Call, Reply, Routes

ROUTES = Routes()


def _shown(call: Call, channel: Channel) -> Json:
    return render.channel(call.world, channel, viewer=call.world.bot.id)


@ROUTES.on("GET", "/channels/{channel}")
async def read(call: Call) -> Reply:
    return Reply(200, _shown(call, call.channel))


@ROUTES.on("PATCH", "/channels/{channel}")
async def modify(call: Call) -> Reply:
    channel, world = call.channel, call.world
    if channel.thread:
        threads.modify(world, world.bot, channel, call.body)
        return Reply(200, _shown(call, channel))
    world.need(world.bot, channel, May.MANAGE_CHANNELS)
    complaints = Complaints()
    if "name" in call.body:
        check_name(complaints, call.body["name"])
    if call.body.get("topic") is not None:
        complaints.text("topic", call.body["topic"], 0, 1024)
    complaints.finish()
    channel.name = call.body.get("name", channel.name)
    channel.topic = call.body.get("topic", channel.topic)
    channel.position = call.body.get("position", channel.position)
    channel.parent = call.body.get("parent_id", channel.parent)
    world.emit(Event("CHANNEL_UPDATE", render.channel(world, channel), channel))
    return Reply(200, _shown(call, channel))


@ROUTES.on("DELETE", "/channels/{channel}")
async def delete(call: Call) -> Reply:
    channel, world = call.channel, call.world
    world.need(world.bot, channel, May.MANAGE_THREADS if channel.thread else May.MANAGE_CHANNELS)
    body = _shown(call, channel)
    world.remove_channel(channel)
    return Reply(200, body)


@ROUTES.on("POST", "/channels/{channel}/messages/{message}/threads")
async def start_from(call: Call) -> Reply:
    thread = threads.start_from(call.world, call.world.bot, call.channel, call.message, call.body)
    return Reply(201, _shown(call, thread))


@ROUTES.on("POST", "/channels/{channel}/threads")
async def start(call: Call) -> Reply:
    world, channel = call.world, call.channel
    if channel.type not in threads.HOLD_POSTS:
        return Reply(201, _shown(call, threads.start(world, world.bot, channel, call.body)))
    thread = threads.start_post(world, world.bot, channel, call.body)
    messages.begin(world, world.bot, thread, call.body["message"])
    return Reply(201, _shown(call, thread))


@ROUTES.on("GET", "/channels/{channel}/threads/archived/public")
async def archived(call: Call) -> Reply:
    limit, channel, world = call.number("limit", 50, 1, 100), call.channel, call.world
    world.need(world.bot, channel, May.READ_MESSAGE_HISTORY)
    if channel.thread or channel.type == ChannelType.CATEGORY:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    found = [t for t in world.threads(of=channel.id, archived=True) if t.type != ChannelType.PRIVATE_THREAD]
    found.sort(key=lambda t: t.thread.archived_at if t.thread else 0.0, reverse=True)
    if "before" in call.query:
        found = [t for t in found if t.thread and str(render.moment(t.thread.archived_at)) < call.query["before"]]
    return Reply(200, thread_list(call, found[:limit]) | {"has_more": len(found) > limit})


@ROUTES.on("GET", "/guilds/{guild}/threads/active")
async def active(call: Call) -> Reply:
    """https://docs.discord.com/developers/resources/guild#list-active-guild-threads"""
    world = call.guild
    found = [t for t in world.threads() if world.sees(world.bot.id, t)]
    found.sort(key=lambda t: int(t.id), reverse=True)
    return Reply(200, thread_list(call, found) | {"has_more": False})


def thread_list(call: Call, found: list[Channel]) -> Json:
    bot = call.world.bot.id
    members = [render.thread_member(t, bot) for t in found if t.thread and bot in t.thread.members]
    return {"threads": [_shown(call, thread) for thread in found], "members": members}


@ROUTES.on("GET", "/channels/{channel}/thread-members")
async def thread_members(call: Call) -> Reply:
    channel = call.channel
    if channel.thread is None:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    return Reply(200, [render.thread_member(channel, user) for user in channel.thread.members])


@ROUTES.on("GET", "/channels/{channel}/thread-members/{user}")
async def thread_member(call: Call) -> Reply:
    """https://docs.discord.com/developers/resources/channel#get-thread-member"""
    channel, user = call.channel, call.params["user"].replace("@me", call.world.bot.id)
    if channel.thread is None:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    if user not in channel.thread.members:
        raise Refusal(Code.UNKNOWN_MEMBER)
    return Reply(200, render.thread_member(channel, user))


@ROUTES.on("PUT", "/channels/{channel}/thread-members/{user}")
async def join(call: Call) -> Reply:
    user = call.params["user"].replace("@me", call.world.bot.id)
    threads.join(call.world, call.world.bot, call.channel, user)
    return NO_CONTENT


@ROUTES.on("DELETE", "/channels/{channel}/thread-members/{user}")
async def leave(call: Call) -> Reply:
    user = call.params["user"].replace("@me", call.world.bot.id)
    threads.leave(call.world, call.world.bot, call.channel, user)
    return NO_CONTENT
