"""The role whose members alone give an agent leave, and get a shell of their own, as long as there is such a role.

We need not have heard that it was deleted: nobody can give leave then, and who asks why makes us look.
"""

import structlog

from app.commands.answers import Answer, Result
from app.commands.door import Visitor
from app.commands.ports import Room
from app.discord.payloads import told
from app.ids import GuildId
from app.turns.errors import Refused, Retriable
from app.turns.preferences import Preference

log = structlog.get_logger()


async def lacked(visitor: Visitor, room: Room) -> str | None:
    """The approver's role, where one is settled that the visitor has not. Everybody has the role that a server is named
    for, though Discord lists it with nobody: https://docs.discord.com/developers/topics/permissions#role-object"""
    role = (await room.preferences.settled(visitor.place)).value(Preference.APPROVER)
    return None if role in (None, *visitor.asker.roles, visitor.place.guild) else role


def turned_away(role: str, guild: GuildId, room: Room, *, why: str, gone: str) -> Answer:
    """With what is said to whoever lacks the role, and what once it is `gone`: nobody has one that was deleted, so it
    is looked for behind the answer."""

    async def looked_for() -> Result:
        return Result(gone if await is_gone(role, guild, room) else why)

    return Answer(told(why), looked_for)


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
