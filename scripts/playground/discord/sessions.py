"""Gateway sessions: which events one gets, what of them, and what it can have again after a break.

https://docs.discord.com/developers/events/gateway#gateway-intents
"""

import asyncio
import secrets
from collections import deque
from enum import IntFlag

from scripts.playground.discord import render, render_guild
from scripts.playground.discord.errors import Json
from scripts.playground.discord.records import Event
from scripts.playground.discord.rest_guild import COMMAND_BADGE, MESSAGE_CONTENT_LIMITED, gateway_url
from scripts.playground.discord.rest_messages import censored
from scripts.playground.discord.world import World


class Intent(IntFlag):
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    MESSAGE_CONTENT = 1 << 15


ALL_INTENTS = (1 << 26) - 1
NEEDED: dict[str, int] = {
    **dict.fromkeys(("GUILD_CREATE", "GUILD_DELETE"), Intent.GUILDS),
    **dict.fromkeys(("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "GUILD_ROLE_CREATE"), Intent.GUILDS),
    **dict.fromkeys(("THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_MEMBERS_UPDATE"), Intent.GUILDS),
    **dict.fromkeys(("MESSAGE_CREATE", "MESSAGE_UPDATE"), Intent.GUILD_MESSAGES),
    **dict.fromkeys(("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"), Intent.GUILD_MESSAGES),
    **dict.fromkeys(("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"), Intent.GUILD_MESSAGE_REACTIONS),
    **dict.fromkeys(("GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"), Intent.GUILD_MEMBERS),
    "TYPING_START": Intent.GUILD_MESSAGE_TYPING,
}


def forbidden(world: World, intents: int) -> bool:
    """Whether a privileged intent is asked for that the application has not switched on."""
    application = world.application
    privileged = Intent.GUILD_PRESENCES
    privileged |= Intent(0) if application.message_content else Intent.MESSAGE_CONTENT
    privileged |= Intent(0) if application.members_intent else Intent.GUILD_MEMBERS
    return bool(intents & privileged)


class Session:
    """`out` is the connection's queue while there is one. What was dispatched is kept for a RESUME."""

    def __init__(self, world: World, intents: int, shard: list[int] | None) -> None:
        self.world, self.intents, self.shard = world, intents, shard
        self.id, self.seq = secrets.token_hex(16), 0
        self.kept: deque[Json] = deque(maxlen=world.rules.session_events)
        self.out: asyncio.Queue[Json | int] | None = None
        self.left_at: float | None = None

    @property
    def has_guild(self) -> bool:
        """Whether the guild's events come to this shard.

        https://docs.discord.com/developers/events/gateway#sharding-sharding-formula
        """
        number, count = self.shard or (0, 1)
        return (int(self.world.guild) >> 22) % count == number

    def wants(self, event: Event) -> bool:
        if not self.has_guild:
            return False
        if event.name == "INTERACTION_CREATE":
            return True
        needed = NEEDED.get(event.name)
        if needed is None or event.only is not None or not self.intents & needed:
            return False
        if event.name in ("GUILD_CREATE", "GUILD_DELETE"):
            return True
        if self.world.unavailable or not self.world.bot_in_guild:
            return False
        return event.channel is None or self.world.sees(self.world.bot.id, event.channel)

    def tell(self, event: Event) -> None:
        body = self._censored(event)
        if self.world.faults.omit_channel_type and event.message:
            body = {key: value for key, value in body.items() if key != "channel_type"}
        self.dispatch(event.name, body)

    def _censored(self, event: Event) -> Json:
        """Without the privileged intent, other people's words are blank unless they are meant for the bot."""
        if event.message is None or self.intents & Intent.MESSAGE_CONTENT:
            return event.body
        return censored(event.body, self.world.bot.id)

    def dispatch(self, name: str, body: Json) -> None:
        self.seq += 1
        frame = {"op": 0, "t": name, "s": self.seq, "d": body}
        self.kept.append(frame)
        if self.out is not None:
            self.out.put_nowait(frame)

    def begin(self) -> None:
        """READY, and the guild if it is on this shard."""
        world = self.world
        here = self.has_guild and world.bot_in_guild
        flags = COMMAND_BADGE | (MESSAGE_CONTENT_LIMITED if world.application.message_content else 0)
        ready: Json = {
            "v": 10,
            "user": render.user(world.bot) | {"mfa_enabled": False, "verified": True, "email": None},
            "user_settings": {},
            "guilds": [{"id": world.guild, "unavailable": True}] if here else [],
            "private_channels": [],
            "relationships": [],
            "session_id": self.id,
            "session_type": "normal",
            "resume_gateway_url": gateway_url(world) + "/resume",
            "application": {"id": world.application.id, "flags": flags},
        }
        self.dispatch("READY", ready | ({"shard": self.shard} if self.shard else {}))
        if here and not world.unavailable and self.intents & Intent.GUILDS:
            self.dispatch("GUILD_CREATE", render_guild.guild_create(world, world.bot.id))

    def since(self, seq: int) -> list[Json] | None:
        """What came after `seq`; None when that is no longer known."""
        missed = [frame for frame in self.kept if frame["s"] > seq]
        return missed if len(missed) == self.seq - seq else None
