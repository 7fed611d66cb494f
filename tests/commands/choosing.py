"""Commands that settle something, as Discord sends them, and what is settled then."""

from collections.abc import Mapping
from typing import Any

from app.ids import ChannelId, GuildId, ThreadId
from app.turns.catalogue import Entry, Kind
from app.turns.preferences import Preference
from app.turns.records import Place
from tests.commands.rooms import IN_THREAD
from tests.web.door import Door, used

CHANNEL = Place(GuildId("100"), ChannelId("200"))
IN_CHANNEL: Mapping[str, Any] = {"id": "200", "type": 0, "parent_id": "40"}
OFFERED = [
    Entry(Kind.MODEL, "opencode/claude", "Claude"),
    Entry(Kind.MODEL, "opencode/gpt", "GPT"),
    Entry(Kind.AGENT, "build", "The default agent"),
    Entry(Kind.AGENT, "plan"),
]
ALOUD, WHISPERED = 1 << 12, 1 << 6


def config(
    name: str, channel: Mapping[str, Any] = IN_THREAD, permissions: int = 0, **options: object
) -> dict[str, Any]:
    """`/opencord config NAME`, by somebody who has these permissions there."""
    payload = used(name, dict(channel), **options)
    payload["data"]["options"] = [{"type": 2, "name": "config", "options": payload["data"]["options"]}]
    payload["member"]["permissions"] = str(permissions)
    return payload


def typing(payload: dict[str, Any], option: str) -> dict[str, Any]:
    """The same while this option is being typed."""
    within = payload["data"]["options"]
    while within[0]["type"] in (1, 2):
        within = within[0]["options"]
    next(one for one in within if one["name"] == option)["focused"] = True
    return payload | {"type": 4}


def choices(answer: Any) -> list[str]:
    assert answer["type"] == 8
    return [choice["value"] for choice in answer["data"]["choices"]]


def said(answer: Any) -> tuple[str, int]:
    """With its flags."""
    return answer["data"]["content"], answer["data"]["flags"]


async def settled(door: Door, thread: str | None = IN_THREAD["id"]) -> dict[str, str]:
    """By people, not by the operator: for the thread, else for the channel."""
    at = thread or CHANNEL.channel
    found = await door.preferences.settled(Place(CHANNEL.guild, CHANNEL.channel, ThreadId(thread) if thread else None))
    scope = "thread" if at != CHANNEL.channel else "channel"
    return {name.value: one.value for name, one in found.chosen.items() if one.scope == scope}


async def settle(door: Door, at: str, **values: str) -> None:
    changes = {Preference(name): value for name, value in values.items()}
    await door.preferences.settle(CHANNEL.guild, ChannelId(at), changes)
