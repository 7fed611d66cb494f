"""`/opencord model`: which model answers in this thread, from the next question on."""

from collections.abc import Sequence

from app.commands import settling
from app.commands.answers import Answer
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import Payload
from app.turns.preferences import Preference

REGISTRATION: Payload = {
    "type": 1,
    "name": "model",
    "description": "Show or choose the model of this thread",
    "options": [
        {"type": 3, "name": "name", "description": "The model, as provider/model", "autocomplete": True},
        {"type": 5, "name": "reset", "description": "Back to the model of the channel"},
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    return await settling.one(Preference.MODEL, "name", interaction, room)


async def suggest(interaction: Interaction, room: Room) -> Sequence[tuple[str, str]]:
    return await settling.suggested(Preference.MODEL, interaction, room)
