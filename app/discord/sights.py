"""What there is to see in a server: its roles, and which of its channels somebody may see, by these and by the
channels' overwrites; and which of its threads.

https://docs.discord.com/developers/topics/permissions#permission-overwrites
"""

from collections.abc import Iterable, Mapping, Sequence

from app.discord.errors import Forbidden, NotFound, Unavailable
from app.discord.kinds import PRIVATE_THREAD
from app.discord.permissions import ADMINISTRATOR, VIEW_CHANNEL
from app.discord.rest import Object, Rest
from app.ids import ChannelId, GuildId, ThreadId
from app.turns.records import Asker

EVERYTHING = ADMINISTRATOR | VIEW_CHANNEL


class Sights:
    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def seen_by(self, asker: Asker, guild: GuildId) -> frozenset[ChannelId]:
        """Raises Retriable and Refused."""
        server = await self._rest.get_guild(guild)
        channels = await self._rest.get_guild_channels(guild)
        return frozenset(ChannelId(str(one["id"])) for one in channels if may_see(asker, server, one))

    async def sees(self, asker: Asker, thread: ThreadId) -> bool:
        """A thread of a channel that they may see. Of a private one who is in it, whoever else may manage threads.
        Raises Retriable and Refused."""
        try:
            found = await self._rest.get_channel(thread)
            if found.get("type") == PRIVATE_THREAD:
                await self._rest.get_thread_member(thread, asker.id)
        except (NotFound, Forbidden):
            return False
        return True

    async def has_role(self, guild: GuildId, role: str) -> bool:
        """Every server has the role of everybody: an answer without any says nothing. Raises Retriable and Refused."""
        roles = (await self._rest.get_guild(guild)).get("roles")
        if not roles:
            raise Unavailable("Discord does not list the roles of a server")
        return any(str(one["id"]) == role for one in roles)


def may_see(asker: Asker, server: Object, channel: Object) -> bool:
    base = permissions_in(asker, server)
    if base & ADMINISTRATOR:
        return True
    everybody, roles, person = str(server["id"]), frozenset(asker.roles), str(asker.id)
    overwrites: Sequence[Object] = channel.get("permission_overwrites") or ()
    for chosen in ({everybody}, roles - {everybody}, {person}):  # the later ones count more
        base = overwritten(base, (one for one in overwrites if str(one["id"]) in chosen))
    return bool(base & VIEW_CHANNEL)


def permissions_in(asker: Asker, server: Object) -> int:
    """In the whole server, before any overwrite."""
    if str(server.get("owner_id")) == asker.id:
        return EVERYTHING
    mine = {str(server["id"]), *asker.roles}  # the role of everybody has the server's id
    bits = 0
    for role in server.get("roles") or ():
        bits |= int(role["permissions"]) if str(role["id"]) in mine else 0
    return bits


def overwritten(base: int, overwrites: Iterable[Mapping[str, object]]) -> int:
    """All denials first, then all that is allowed: among roles an allowance wins."""
    allowed = denied = 0
    for one in overwrites:
        allowed |= int(str(one["allow"]))
        denied |= int(str(one["deny"]))
    return (base & ~denied) | allowed
