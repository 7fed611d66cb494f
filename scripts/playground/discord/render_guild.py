"""The guild in Discord's JSON, as REST has it and as the Gateway does.

https://docs.discord.com/developers/resources/guild#guild-object
"""

from typing import TYPE_CHECKING

from scripts.playground.discord import render
from scripts.playground.discord.errors import Json

if TYPE_CHECKING:
    from scripts.playground.discord.world import World


def guild(world: "World") -> Json:
    return {
        "id": world.guild,
        "name": world.guild_name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": world.owner.id,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "nsfw": False,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "vanity_url_code": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [render.role(r) for r in world.roles.values()],
        "max_members": 500000,
        "max_presences": None,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "widget_enabled": False,
        "widget_channel_id": None,
        "home_header": None,
        "hub_type": None,
        "incidents_data": None,
    }


def guild_create(world: "World", viewer: str) -> Json:
    """With what `viewer` sees in it.

    https://docs.discord.com/developers/events/gateway-events#guild-create
    """
    seen = [c for c in world.channels.values() if world.sees(viewer, c)]
    return guild(world) | {
        "joined_at": render.moment(world.members[viewer].joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(world.members),
        "voice_states": [],
        "members": [render.member(m) for m in world.members.values()],
        "channels": [render.channel(world, c, viewer=viewer) for c in seen if not c.thread],
        "threads": [render.channel(world, c, viewer=viewer) for c in seen if c.thread and not c.thread.archived],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
