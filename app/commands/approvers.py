"""The role whose members alone give an agent leave, as long as there is such a role.

We need not have heard that it was deleted: nobody can give leave then, and who asks why makes us look.
"""

import structlog

from app.commands.ports import Room
from app.ids import GuildId
from app.turns.errors import Refused, Retriable
from app.turns.preferences import Preference

log = structlog.get_logger()


async def is_gone(role: str, guild: GuildId, room: Room) -> bool:
    """Asks Discord. One that was deleted is forgotten wherever it was settled, so that what else is settled counts; one
    that cannot be looked for is taken to be there."""
    try:
        if await room.sights.has_role(guild, role):
            return False
    except (Retriable, Refused) as failure:
        log.warning("role.unseen", role=role, reason=str(failure))
        return False
    places = await room.preferences.forget(guild, Preference.APPROVER, role)
    log.info("role.forgotten", role=role, places=places)
    return True
