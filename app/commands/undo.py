"""`/opencord undo`: takes back the thread's last question, with what it changed."""

from app.commands import past
from app.commands.answers import Answer
from app.commands.ports import Room
from app.commands.rewinding import UNDO, rewind
from app.discord.interactions import Interaction
from app.discord.payloads import Payload

REGISTRATION: Payload = {"type": 1, "name": "undo", "description": "Take back the last question, and what it changed"}


async def run(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await past.newest(interaction, room), UNDO, room)
