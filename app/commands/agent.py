"""`/opencord agent`: which of its agents OpenCode is in this thread, from the next question on."""

from collections.abc import Sequence

from app.commands import settling
from app.commands.answers import Answer
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import Payload
from app.turns.preferences import Preference

REGISTRATION: Payload = {
    "type": 1,
    "name": "agent",
    "description": "Show or choose the agent of this thread",
    "options": [
        {"type": 3, "name": "name", "description": "The agent, such as build or plan", "autocomplete": True},
        {"type": 5, "name": "reset", "description": "Back to the agent of the channel"},
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    return await settling.one(Preference.AGENT, "name", interaction, room)


async def suggest(interaction: Interaction, room: Room) -> Sequence[tuple[str, str]]:
    return await settling.suggested(Preference.AGENT, interaction, room)
