"""`/opencord redo`: brings back what was undone, as long as nothing else was asked since."""

from app.commands import past
from app.commands.answers import Answer
from app.commands.ports import Room
from app.commands.rewinding import REDO, rewind
from app.discord.interactions import Interaction
from app.discord.payloads import Payload

REGISTRATION: Payload = {"type": 1, "name": "redo", "description": "Bring back what was undone last"}


async def run(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await past.newest(interaction, room), REDO, room)
