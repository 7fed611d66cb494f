"""What Discord refuses in the body of a message: limits, empty ones, embeds, mentions, files.

https://docs.discord.com/developers/resources/message#create-message
"""

from collections.abc import Sequence

from scripts.playground.discord.components import check_components, is_v2
from scripts.playground.discord.errors import Code, Complaints, Json, Refusal
from scripts.playground.discord.records import Flag, Upload
from scripts.playground.discord.shapes import check_shape

CONTENT = 2000
FILES = 10
EMBED_TEXTS = (("title", 256), ("description", 4096))
EMBED_TOTAL = 6000
SETTABLE = Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS | Flag.IS_VOICE_MESSAGE | Flag.IS_COMPONENTS_V2


def check_message(body: Json, files: Sequence[Upload], *, limit: int, ephemeral_allowed: bool = False) -> None:
    """The parts that do not depend on the world. Raises Refusal (50035, 30015, 40005). `limit` is bytes per file."""
    check_shape(body)
    complaints = Complaints()
    if body.get("content") is not None:
        complaints.text("content", body["content"], 0, CONTENT)
    if body.get("nonce") is not None:
        _check_nonce(complaints, body["nonce"])
    check_flags(complaints, body.get("flags"), ephemeral_allowed=ephemeral_allowed)
    check_embeds(complaints, body.get("embeds") or [])
    check_mentions(complaints, body.get("allowed_mentions"))
    check_components(complaints, body.get("components") or [], v2=is_v2(body))
    if is_v2(body):
        _check_v2(complaints, body)
    if body.get("sticker_ids") or body.get("poll") or body.get("tts"):
        complaints.add("", "NOT_SIMULATED", "Stickers, polls and speech are not simulated.")
    complaints.finish()
    check_files(body, files, limit)


def _check_nonce(complaints: Complaints, nonce: object) -> None:
    if isinstance(nonce, bool) or not isinstance(nonce, int | str):
        complaints.add("nonce", "NONCE_TYPE_INVALID", "Nonce must be a string or an integer.")
    elif len(str(nonce)) > 25:
        complaints.add("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length.")


def check_flags(complaints: Complaints, flags: object, *, ephemeral_allowed: bool) -> None:
    allowed = SETTABLE | (Flag.EPHEMERAL if ephemeral_allowed else Flag(0))
    if flags is None:
        return
    if not isinstance(flags, int):
        complaints.add("flags", "NUMBER_TYPE_COERCE", "Value is not a number.")
    elif flags & ~(allowed | Flag.HAS_THREAD | Flag.EPHEMERAL | Flag.LOADING) or flags & Flag.IS_VOICE_MESSAGE:
        complaints.add("flags", "MESSAGE_FLAGS_INVALID", "The specified flags are invalid or not simulated.")


def _check_v2(complaints: Complaints, body: Json) -> None:
    for key in ("content", "embeds", "sticker_ids", "poll"):
        if body.get(key):
            words = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            complaints.add(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", words)


def check_embeds(complaints: Complaints, embeds: object) -> None:
    if not isinstance(embeds, list):
        complaints.add("embeds", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    if len(embeds) > 10:
        complaints.add("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    total = sum(_check_embed(complaints, f"embeds.{index}", embed) for index, embed in enumerate(embeds))
    if total > EMBED_TOTAL:
        words = f"Embed size exceeds maximum size of {EMBED_TOTAL}"
        complaints.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", words)


def _check_embed(complaints: Complaints, path: str, embed: object) -> int:
    """How many characters count towards the total."""
    if not isinstance(embed, dict):
        complaints.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return 0
    texts = [(key, embed.get(key), most) for key, most in EMBED_TEXTS]
    texts += [("footer.text", (embed.get("footer") or {}).get("text"), 2048)]
    texts += [("author.name", (embed.get("author") or {}).get("name"), 256)]
    fields = embed.get("fields") or []
    if len(fields) > 25:
        complaints.add(f"{path}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for index, field in enumerate(fields):
        for key, most in (("name", 256), ("value", 1024)):
            texts.append((f"fields.{index}.{key}", field.get(key), most))
            if not field.get(key):
                complaints.require(f"{path}.fields.{index}.{key}")
    for key, value, most in texts:
        if value:
            complaints.text(f"{path}.{key}", value, 0, most)
    return sum(len(value) for _, value, _ in texts if isinstance(value, str))


def check_mentions(complaints: Complaints, allowed: object) -> None:
    """https://docs.discord.com/developers/resources/message#allowed-mentions-object"""
    if allowed is None:
        return
    if not isinstance(allowed, dict):
        complaints.add("allowed_mentions", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return
    parse = allowed.get("parse") or []
    for index, kind in enumerate(parse):
        if kind not in ("roles", "users", "everyone"):
            complaints.choice(f"allowed_mentions.parse.{index}", kind, "('roles', 'users', 'everyone')")
    for key in ("roles", "users"):
        ids = allowed.get(key) or []
        if len(ids) > 100:
            complaints.add(f"allowed_mentions.{key}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        if key in parse and ids:
            words = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            complaints.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)
        for index, id in enumerate(ids):
            if not (isinstance(id, int | str) and str(id).isdigit()):
                complaints.add(f"allowed_mentions.{key}.{index}", "NUMBER_TYPE_COERCE", "Value is not snowflake.")


def check_files(body: Json, files: Sequence[Upload], limit: int) -> None:
    if len(files) > FILES or len(body.get("attachments") or []) > FILES:
        raise Refusal(Code.TOO_MANY_FILES)
    if any(len(upload.content) > limit for upload in files):
        raise Refusal(Code.TOO_LARGE)


def check_name(complaints: Complaints, name: object) -> None:
    """Of a thread or a channel."""
    if name is None:
        complaints.require("name")
    else:
        complaints.text("name", name, 1, 100)
