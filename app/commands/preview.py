"""`/opencord preview`: what runs in the thread's machine, in a browser. Only the asker sees the link: whoever has it
gets in."""

import structlog

from app.commands.answers import Answer, Result
from app.commands.by_hand import met
from app.commands.door import TurnedAway, Visitor
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.notation import timestamp
from app.discord.payloads import Payload, deferred
from app.sandboxes.machine import State
from app.sandboxes.provider import PORT, Reserved
from app.words.workspace import LOCAL_PREVIEW, NO_PORT, PORT_ASLEEP, PREVIEW

log = structlog.get_logger()

LINK_SECONDS = 3_600
LAST_PORT = 65_535

REGISTRATION: Payload = {
    "type": 1,
    "name": "preview",
    "description": "A link to what runs in this thread's machine; only you see it",
    "options": [
        {
            "type": 4,
            "name": "port",
            "description": "Where it listens, such as 3000",
            "required": True,
            "min_value": 1,
            "max_value": LAST_PORT,
        }
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor, sandbox = await met(interaction, room)
    port = interaction.options.get("port")
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= LAST_PORT:
        raise TurnedAway(NO_PORT.format(last=LAST_PORT))
    if port == PORT:
        raise TurnedAway(Reserved(port).tell)
    if sandbox.state is not State.ACTIVE:
        raise TurnedAway(PORT_ASLEEP)
    return Answer(deferred(ephemeral=True), lambda: linked(visitor, port, room))


async def linked(visitor: Visitor, port: int, room: Room) -> Result:
    until = room.clock() + LINK_SECONDS
    link = await room.console.preview(visitor.thread, port, LINK_SECONDS)
    await room.machines.touch(visitor.thread)
    log.info("sandbox.previewed", thread=visitor.thread, by=visitor.asker.id, port=port)
    if link.is_local:
        return Result(LOCAL_PREVIEW.format(port=port, url=link.url))
    return Result(PREVIEW.format(port=port, url=link.url, until=timestamp(until, "t")))
