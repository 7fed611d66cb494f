"""What can be done to messages, by the bot and by people alike: create and edit.

Every verb checks what Discord checks, raises Refusal, and tells the world's listeners. The webhooks of interactions use
`post` and `revise` below the permission checks, as at Discord.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scripts.playground.discord import cdn, render, threads
from scripts.playground.discord.checks import FILES, SETTABLE, check_message
from scripts.playground.discord.components import SELECTS
from scripts.playground.discord.errors import Code, Json, Refusal, invalid
from scripts.playground.discord.mentions import EVERY, mentions_of, notified_of
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import (
    SNOWFLAKE,
    SPOKEN,
    Attachment,
    Channel,
    ChannelType,
    Event,
    Flag,
    Message,
    MessageType,
    Upload,
    User,
)

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

READABLE = (
    ChannelType.TEXT,
    ChannelType.ANNOUNCEMENT,
    ChannelType.ANNOUNCEMENT_THREAD,
    ChannelType.PUBLIC_THREAD,
    ChannelType.PRIVATE_THREAD,
)


def create(world: "World", author: User, channel: Channel, body: Json, files: Sequence[Upload] = ()) -> Message:
    """A message by the bot's token or by a person. A nonce that is remembered and enforced gives the first message."""
    if channel.type not in READABLE:
        raise Refusal(Code.WRONG_CHANNEL_TYPE)
    send = May.SEND_MESSAGES_IN_THREADS if channel.thread else May.SEND_MESSAGES
    world.need(author, channel, send, *([May.ATTACH_FILES] if files else []))
    check_message(body, files, limit=world.rules.file_bytes)
    if (first := _remembered(world, author, body)) is not None:
        return first
    _refuse_empty(body, files)
    replied = _replied(world, author, channel, body.get("message_reference"))
    threads.wake(world, author, channel)
    draft = Message(world.make_id(), channel.id, author, MessageType.DEFAULT, "", world.clock.now())
    draft.flags = int(body.get("flags") or 0) & int(SETTABLE)
    if replied:
        draft.type = MessageType.REPLY
        draft.reference = reference_to(world, replied)
    post(world, draft, channel, body, files, replied=replied)
    return draft


def begin(world: "World", author: User, thread: Channel, body: Json) -> Message:
    """The first message of a post, which has its id."""
    check_message(body, (), limit=world.rules.file_bytes)
    _refuse_empty(body, ())
    draft = Message(thread.id, thread.id, author, MessageType.DEFAULT, "", world.clock.now())
    draft.flags = int(body.get("flags") or 0) & int(SETTABLE)
    post(world, draft, thread, body)
    return draft


def _remembered(world: "World", author: User, body: Json) -> Message | None:
    nonce = body.get("nonce")
    if nonce is None or not body.get("enforce_nonce"):
        return None
    known = world.nonces.get((author.id, str(nonce)))
    if known is None or world.clock.now() - known[2] > world.rules.nonce_minutes * 60:
        return None
    message = known[0]
    if message.id not in world.channel(message.channel).messages:
        raise Refusal(Code.UNKNOWN_MESSAGE)
    return message


def _refuse_empty(body: Json, files: Sequence[Upload]) -> None:
    if not (str(body.get("content") or "").strip() or body.get("embeds") or body.get("components") or files):
        raise Refusal(Code.EMPTY_MESSAGE)


def _replied(world: "World", author: User, channel: Channel, reference: Json | None) -> Message | None:
    if not reference:
        return None
    if reference.get("type"):
        raise invalid("message_reference.type", "NOT_SIMULATED", "Forwarding is not simulated.")
    if not world.may(author.id, channel) & May.READ_MESSAGE_HISTORY:
        raise Refusal(Code.CANNOT_REPLY)
    found = channel.messages.get(str(reference.get("message_id")))
    if found is None and reference.get("fail_if_not_exists", True):
        raise invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    if found and found.type not in SPOKEN:
        words = "Cannot reply to a system message"
        raise invalid("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", words)
    return found


def reference_to(world: "World", message: Message) -> Json:
    return {"type": 0, "channel_id": message.channel, "message_id": message.id, "guild_id": world.guild}


def post(
    world: "World",
    draft: Message,
    channel: Channel,
    body: Json,
    files: Sequence[Upload] = (),
    *,
    allowed: Json = EVERY,
    replied: Message | None = None,
) -> None:
    """Fill in the draft and show it. `allowed` is what counts where the body does not say whom it may mention."""
    _fill(world, draft, channel, body, files, allowed, replied)
    if (nonce := body.get("nonce")) is not None and not draft.interaction:
        world.nonces[draft.author.id, str(nonce)] = (draft, nonce, world.clock.now())
    channel.messages[draft.id] = draft
    draft.notified = notified_of(world, draft, channel)
    if not draft.ephemeral:
        channel.last_message = draft.id
        threads.count(world, draft, channel)
    announce(world, "MESSAGE_CREATE", draft, channel, nonce=nonce)


def _fill(
    world: "World",
    message: Message,
    channel: Channel,
    body: Json,
    files: Sequence[Upload],
    allowed: Json,
    replied: Message | None,
) -> None:
    # Discord trims what is sent, so what comes back may be shorter than what went in.
    message.content = str(body.get("content") or "").strip()
    message.embeds = [_embed(embed) for embed in body.get("embeds") or []]
    message.components = numbered(body.get("components") or [])
    message.attachments += _kept(world, message, body, files)
    given = body.get("allowed_mentions")
    texts = "\n".join([message.content, *(str(c.get("content") or "") for c in message.components)])
    found = mentions_of(world, message.author, channel, texts, allowed if given is None else given, replied)
    message.mentions, message.mention_roles, message.mention_everyone = found.users, found.roles, found.everyone


def _embed(embed: Json) -> Json:
    fields = [{"inline": False} | field for field in embed.get("fields") or []]
    return {"type": "rich"} | embed | ({"fields": fields} if fields else {})


def numbered(components: list[Json]) -> list[Json]:
    """Copies with what Discord fills in: a select's limits, and the ids that are missing, counted from 1 in order."""
    count = iter(range(1, 1000))

    def number(component: Json) -> Json:
        copy: Json = {"id": next(count)} | component
        if copy.get("type") in SELECTS:
            copy = {"min_values": 1, "max_values": 1} | copy
        if isinstance(copy.get("components"), list):
            copy["components"] = [number(child) for child in copy["components"]]
        for key in ("accessory", "component"):
            if isinstance(copy.get(key), dict):
                copy[key] = number(copy[key])
        return copy

    return [number(component) for component in components]


def _kept(world: "World", message: Message, body: Json, files: Sequence[Upload]) -> list[Attachment]:
    named = {str(a.get("id")): a for a in body.get("attachments") or []}
    return [
        cdn.keep(world, upload, description=named.get(str(n), {}).get("description"), ephemeral=message.ephemeral)
        for n, upload in enumerate(files)
    ]


def announce(world: "World", name: str, message: Message, channel: Channel, *, nonce: Any = None) -> None:
    body = render.heard(world, message, channel) | ({} if nonce is None else {"nonce": nonce})
    world.emit(Event(name, body, channel, message, only=message.visible_to))


def edit(
    world: "World", author: User, channel: Channel, message: Message, body: Json, files: Sequence[Upload] = ()
) -> None:
    """By the bot's token or by a person: only one's own, but a moderator may hide embeds."""
    world.need(author, channel)
    if message.type not in SPOKEN:
        raise Refusal(Code.SYSTEM_MESSAGE)
    if message.author is not author:
        allowed = set(body) <= {"flags"} and world.may(author.id, channel) & May.MANAGE_MESSAGES
        if not allowed:
            raise Refusal(Code.NOT_AUTHOR)
    threads.refuse_archived(channel)
    revise(world, channel, message, body, files)


def revise(
    world: "World",
    channel: Channel,
    message: Message,
    body: Json,
    files: Sequence[Upload] = (),
    *,
    allowed: Json = EVERY,
) -> None:
    """Change what the body names and leave the rest. A loading reply is one no longer. Nobody is notified.

    Where the body lists attachments, those that it does not list are gone.
    https://docs.discord.com/developers/resources/message#edit-message
    """
    flags = message.flags if body.get("flags") is None else body["flags"]
    merged = body | {"flags": (flags if isinstance(flags, int) else 0) | (message.flags & Flag.IS_COMPONENTS_V2)}
    whole = {"content": message.content, "embeds": message.embeds, "components": message.components} | merged
    whole.pop("attachments", None)
    check_message(whole | {"attachments": body.get("attachments")}, files, limit=world.rules.file_bytes)
    kept = _still_kept(message, body)
    if len(kept) + len(files) > FILES:
        raise Refusal(Code.TOO_MANY_FILES)
    _refuse_empty(whole, [*files, *(a.upload for a in kept)])
    message.attachments = kept
    changeable = Flag.SUPPRESS_EMBEDS | Flag.IS_COMPONENTS_V2
    loading = message.flags & Flag.LOADING
    message.flags = (message.flags & ~(Flag.SUPPRESS_EMBEDS | Flag.LOADING)) | int(merged["flags"] & changeable)
    _fill(world, message, channel, whole, files, allowed, _pinged(world, message))
    message.edits.append(world.clock.now())
    message.edited_at = None if loading else message.edits[-1]
    announce(world, "MESSAGE_UPDATE", message, channel)


def _still_kept(message: Message, body: Json) -> list[Attachment]:
    listed = body.get("attachments")
    if not isinstance(listed, list):
        return list(message.attachments)
    known = {attachment.id: attachment for attachment in message.attachments}
    wanted = [str(entry.get("id")) for entry in listed]
    if unknown := [id for id in wanted if len(id) >= SNOWFLAKE and id not in known]:
        raise invalid("attachments", "ATTACHMENT_NOT_FOUND", f"The message has no attachment {unknown[0]}.")
    return [known[id] for id in wanted if id in known]


def _pinged(world: "World", message: Message) -> Message | None:
    """What this message replies to, if that was loud: an edit leaves it so."""
    reference = message.reference if message.type == MessageType.REPLY else None
    source = world.channels.get(reference["channel_id"]) if reference else None
    found = source.messages.get(reference["message_id"]) if source and reference else None
    return found if found and found.author.id in message.mentions else None
