"""Which events the app gets, and what of them.

The shim knows no threads and no settings: it drops what is certainly nobody's business (messages in channels that do
not name the bot, our own, typing, presence), and cuts down what is large (READY, GUILD_CREATE). The app decides the
rest. A message whose `channel_type` is missing may stand in a thread, a role that is mentioned may be ours, and a reply
to the bot is meant for it though its ping was switched off.
"""

from collections.abc import Mapping
from typing import Any

THREADS = frozenset({10, 11, 12})
OF_READY = ("v", "user", "session_id", "resume_gateway_url", "application", "shard")
OF_GUILD = ("id", "name", "unavailable")
WHOLE = frozenset(
    {
        "RESUMED", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE",
        "CHANNEL_DELETE", "GUILD_DELETE", "GUILD_ROLE_DELETE",
    }
)  # fmt: skip
WRITTEN = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})


def select(name: str, body: Any, bot: str) -> dict[str, Any] | None:
    """What of the event is relayed; None: nothing. `bot` is the bot's user id."""
    if not isinstance(body, dict):
        return None
    if name in WHOLE:
        return body
    if name in WRITTEN:
        return body if concerns(body, bot) else None
    if name == "READY":
        return {**pick(body, OF_READY), "guilds": [pick(guild, ("id",)) for guild in objects(body.get("guilds"))]}
    if name == "GUILD_CREATE":
        return pick(body, OF_GUILD)
    return None


def concerns(message: Mapping[str, Any], bot: str) -> bool:
    if not message.get("guild_id") or is_user(message.get("author"), bot):
        return False
    if any(is_user(user, bot) for user in objects(message.get("mentions"))) or message.get("mention_roles"):
        return True
    answered = message.get("referenced_message")
    if isinstance(answered, dict) and is_user(answered.get("author"), bot):
        return True
    return message.get("channel_type") is None or message["channel_type"] in THREADS


def is_user(user: Any, id: str) -> bool:
    return isinstance(user, dict) and user.get("id") == id


def objects(entries: Any) -> list[dict[str, Any]]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def pick(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: body[name] for name in names if name in body}
