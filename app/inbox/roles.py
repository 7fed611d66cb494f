"""What happens to a server's roles. One that was deleted nobody has any more, so nothing may be left to its members."""

import structlog

from app.ids import GuildId
from app.inbox.channels import id_in
from app.inbox.ports import Inbox, Object
from app.turns.preferences import Preference

log = structlog.get_logger()


async def role_deleted(body: Object, inbox: Inbox) -> None:
    """https://docs.discord.com/developers/events/gateway-events#guild-role-delete"""
    guild, role = GuildId(id_in(body, "guild_id")), id_in(body, "role_id")
    if places := await inbox.preferences.forget(guild, Preference.APPROVER, role):
        log.info("role.forgotten", role=role, places=places)
