"""`/opencord verbosity`: how much of the work this thread is shown, from now on and to everybody in it."""

from app.commands.answers import Answer
from app.commands.choices import checked
from app.commands.door import let_in
from app.commands.ports import Room
from app.commands.settling import settle, thread_of, told_of
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told
from app.turns.preferences import Preference
from app.turns.status import Verbosity
from app.words.settings import VERBOSITY_FROM_NOW, VERBOSITY_IS, VERBOSITY_MEANS

REGISTRATION: Payload = {
    "type": 1,
    "name": "verbosity",
    "description": "Show or choose how much of the work this thread is shown",
    "options": [
        {
            "type": 3,
            "name": "level",
            "description": "What to show while OpenCode is at work; what it says is always shown",
            "choices": [{"name": f"{level}: {VERBOSITY_MEANS[level]}", "value": level.value} for level in Verbosity],
        }
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    typed = interaction.options.get("level")
    if typed is None:
        settled = await room.preferences.settled(visitor.place)
        about = await told_of(Preference.VERBOSITY, visitor, room)
        return Answer(told(VERBOSITY_IS.format(settled=about, meaning=VERBOSITY_MEANS[settled.verbosity])))
    level = await checked(Preference.VERBOSITY, str(typed), room)
    means = VERBOSITY_FROM_NOW.format(meaning=VERBOSITY_MEANS[Verbosity(level)])
    return await settle(thread_of(visitor), {Preference.VERBOSITY: level}, room, means)
