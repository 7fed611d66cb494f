"""`/opencord ssh`: a shell in the thread's machine. Only the asker sees how: the line is the password as well.

Whoever has a shell needs no leave for anything. So where only an approver gives leave, only an approver gets one, and
who may manage the channel, for they say who the approver is.
"""

import structlog

from app.commands import access
from app.commands.answers import Answer, Result
from app.commands.approvers import lacked, turned_away
from app.commands.by_hand import met
from app.commands.door import Visitor
from app.commands.ports import Room
from app.commands.session import roused
from app.discord.interactions import Interaction
from app.discord.notation import fence, timestamp
from app.discord.payloads import Payload, deferred
from app.words.workspace import SSH, SSH_FOR_APPROVERS, SSH_ROLE_GONE

log = structlog.get_logger()

ACCESS_MINUTES = 60

REGISTRATION: Payload = {
    "type": 1,
    "name": "ssh",
    "description": "A shell in this thread's machine; only you see how",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor, _ = await met(interaction, room)
    role = await lacked(visitor, room)
    if role is not None and not access.may(access.Who.CHANNEL_MANAGER, interaction, room):
        why = SSH_FOR_APPROVERS.format(role=role)
        return turned_away(role, visitor.place.guild, room, why=why, gone=SSH_ROLE_GONE)
    return Answer(deferred(ephemeral=True), lambda: granted(visitor, room))


async def granted(visitor: Visitor, room: Room) -> Result:
    await roused(visitor.thread, room)
    access = await room.console.ssh(visitor.thread, ACCESS_MINUTES)
    log.info("sandbox.ssh", thread=visitor.thread, by=visitor.asker.id)
    return Result(SSH.format(command=fence(access.command), until=timestamp(access.until, "t")))
