"""`/opencord undo`: takes back what the thread's last question changed."""

from app.commands import past
from app.commands.answers import Answer
from app.commands.ports import Room
from app.commands.rewinding import UNDO, rewind
from app.discord.interactions import Interaction
from app.discord.payloads import Payload

REGISTRATION: Payload = {"type": 1, "name": "undo", "description": "Take back what the last question changed"}


async def run(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await past.newest(interaction, room), UNDO, room)
