"""Messages, reactions and typing.

https://docs.discord.com/developers/resources/message
"""

from urllib.parse import unquote

from scripts.playground.discord import deletions, marks, messages, render
from scripts.playground.discord.errors import Code, Json, Refusal, invalid
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Message
from scripts.playground.discord.wire import NO_CONTENT, Call, Reply, Routes
from scripts.playground.discord.world import World

ROUTES = Routes()


def shown(world: World, message: Message) -> Json:
    """As the bot reads it back: without other people's text when it may not read that."""
    body = render.message(world, message)
    return body if world.application.message_content else censored(body, world.bot.id)


def censored(body: Json, bot: str) -> Json:
    """Without the words, unless they are the bot's own or mention it; so too of the message that this one answers.

    https://docs.discord.com/developers/events/gateway#message-content-intent
    """
    mine = body["author"]["id"] == bot or any(user["id"] == bot for user in body["mentions"])
    seen = body if mine else body | {"content": "", "embeds": [], "attachments": [], "components": []}
    answered = body.get("referenced_message")
    return seen | ({"referenced_message": censored(answered, bot)} if answered else {})


def demand_mentions(call: Call) -> None:
    """Not Discord's rule but the house's: what is not forbidden may ping everybody."""
    if "allowed_mentions" not in call.body:
        call.world.accuse(f"{call.method} {call.path}: no allowed_mentions")


def judge_pace(call: Call, message: Message) -> None:
    """The house's rule too: see `edit_seconds`."""
    since = call.world.clock.now() - message.edits[-1] if message.edits else call.world.rules.edit_seconds
    if since < call.world.rules.edit_seconds:
        call.world.accuse(f"{call.method} {call.path}: edited again after {since:.2f} s")


@ROUTES.on("POST", "/channels/{channel}/messages")
async def create(call: Call) -> Reply:
    demand_mentions(call)
    world = call.world
    message = messages.create(world, world.bot, call.channel, call.body, call.files)
    nonce = call.body.get("nonce")
    return Reply(200, render.message(world, message) | ({} if nonce is None else {"nonce": nonce}))


@ROUTES.on("GET", "/channels/{channel}/messages")
async def history(call: Call) -> Reply:
    limit = call.number("limit", 50, 1, 100)
    cursors = {key: call.query[key] for key in ("before", "after", "around") if key in call.query}
    for key, value in cursors.items():
        if not value.isdigit():
            raise invalid(key, "NUMBER_TYPE_COERCE", f"Value {value!r} is not snowflake.")
    world, channel = call.world, call.channel
    if not world.may(world.bot.id, channel) & May.READ_MESSAGE_HISTORY:
        return Reply(200, [])
    return Reply(200, [shown(world, message) for message in marks.page(channel, limit, **cursors)])


@ROUTES.on("GET", "/channels/{channel}/messages/{message}")
async def read(call: Call) -> Reply:
    call.world.need(call.world.bot, call.channel, May.READ_MESSAGE_HISTORY)
    return Reply(200, shown(call.world, call.message))


@ROUTES.on("PATCH", "/channels/{channel}/messages/{message}")
async def edit(call: Call) -> Reply:
    demand_mentions(call)
    message = call.message
    judge_pace(call, message)
    messages.edit(call.world, call.world.bot, call.channel, message, call.body, call.files)
    return Reply(200, render.message(call.world, message))


@ROUTES.on("DELETE", "/channels/{channel}/messages/{message}")
async def delete(call: Call) -> Reply:
    deletions.delete(call.world, call.world.bot, call.channel, call.message)
    return NO_CONTENT


@ROUTES.on("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me")
async def react(call: Call) -> Reply:
    marks.react(call.world, call.world.bot, call.channel, call.message, unquote(call.params["emoji"]))
    return NO_CONTENT


@ROUTES.on("DELETE", "/channels/{channel}/messages/{message}/reactions/{emoji}/@me")
async def unreact(call: Call) -> Reply:
    emoji = unquote(call.params["emoji"])
    marks.react(call.world, call.world.bot, call.channel, call.message, emoji, add=False)
    return NO_CONTENT


@ROUTES.on("POST", "/channels/{channel}/messages/bulk-delete")
async def bulk_delete(call: Call) -> Reply:
    call.world.need(call.world.bot, call.channel, May.MANAGE_MESSAGES)
    deletions.delete_many(call.world, call.channel, call.body.get("messages") or [])
    return NO_CONTENT


@ROUTES.on("POST", "/channels/{channel}/typing")
async def typing(call: Call) -> Reply:
    world, channel = call.world, call.channel
    if channel.type not in messages.READABLE:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    world.need(world.bot, channel, May.SEND_MESSAGES_IN_THREADS if channel.thread else May.SEND_MESSAGES)
    marks.show_typing(world, world.bot, channel)
    return NO_CONTENT
