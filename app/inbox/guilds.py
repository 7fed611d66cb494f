"""Servers that we are brought into: a short word to the people there on how to ask, and who may."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from app.discord import payloads
from app.discord.payloads import Flag
from app.ids import ChannelId, GuildId
from app.inbox.ports import Discord, Places
from app.inbox.spots import TEXT_CHANNELS, place_of
from app.turns.errors import Refused, Retriable
from app.turns.routing import Policy, is_open_to
from app.words.asking import ASK_THERE, BY_COMMAND, BY_MENTION, CHANNELS, EVERYBODY_HERE, HELLO, JUST_WRITE, WITH_ROLE

log = structlog.get_logger()

MOST_TRIES = 5  # channels that we may not write in, before we give up
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Welcome:
    discord: Discord
    places: Places
    policy: Policy
    mentions: bool  # whether messages are heard, or commands alone

    async def greet_all(self) -> int:
        """Greet every server that waits for it: how many. Raises Retriable; the next call goes on."""
        greeted, failures = 0, []
        for guild, moment in (await self.places.unwelcomed()).items():
            try:
                await self._greet(guild)
                await self.places.note_welcomed(guild, moment)
                greeted += 1
            except Retriable as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
        return greeted

    async def _greet(self, guild: GuildId) -> None:
        try:
            channels = await self._channels(guild)
        except Refused as refusal:  # authorised for commands alone, without us as a member
            log.info("guild.ungreeted", guild=guild, why=str(refusal))
            return
        for channel in channels[:MOST_TRIES]:
            message = payloads.message(self.words(channels), nonce=f"w-{guild}", flags=Flag.SUPPRESS_EMBEDS)
            try:
                await self.discord.create_message(channel, message)
            except Refused as refusal:
                log.info("guild.ungreeted", guild=guild, channel=channel, why=str(refusal))
            else:
                log.info("guild.greeted", guild=guild, channel=channel)
                return

    async def _channels(self, guild: GuildId) -> Sequence[ChannelId]:
        """Where we may be talked to, first the one for Discord's own announcements."""
        system = (await self.discord.get_guild(guild)).get("system_channel_id")
        channels = [one for one in await self.discord.get_guild_channels(guild) if one.get("type") in TEXT_CHANNELS]
        channels.sort(key=lambda one: (one["id"] != system, one.get("position", 0), int(one["id"])))
        return [ChannelId(str(one["id"])) for one in channels if is_open_to(place_of(guild, one), self.policy)]

    def words(self, channels: Sequence[ChannelId]) -> str:
        how = BY_MENTION if self.mentions else BY_COMMAND
        goes_on = JUST_WRITE if self.mentions else ASK_THERE
        role = self.policy.required_role
        who = EVERYBODY_HERE if role is None else WITH_ROLE.format(role=role)
        is_limited = bool(self.policy.channels or self.policy.category)
        where = CHANNELS.format(channels=" ".join(f"<#{one}>" for one in channels[:MOST_NAMED])) if is_limited else ""
        return HELLO.format(how=how, goes_on=goes_on, who=who) + where
