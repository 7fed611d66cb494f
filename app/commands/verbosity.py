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

MEANING = {
    Verbosity.QUIET: "that there is work, and how it went",
    Verbosity.NORMAL: "also the last few tools, and the list of tasks",
    Verbosity.VERBOSE: "more of the tools, and what each of them changed",
}
MEANS = "From now on it shows {meaning}. Answers are always shown whole."
SHOWS = "{settled} It shows {meaning}."

REGISTRATION: Payload = {
    "type": 1,
    "name": "verbosity",
    "description": "Show or choose how much of the work this thread is shown",
    "options": [
        {
            "type": 3,
            "name": "level",
            "description": "What to show while OpenCode is at work; what it says is always shown",
            "choices": [{"name": f"{level}: {MEANING[level]}", "value": level.value} for level in Verbosity],
        }
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    typed = interaction.options.get("level")
    if typed is None:
        settled = await room.preferences.settled(visitor.place)
        about = await told_of(Preference.VERBOSITY, visitor, room)
        return Answer(told(SHOWS.format(settled=about, meaning=MEANING[settled.verbosity])))
    level = await checked(Preference.VERBOSITY, str(typed), room)
    means = MEANS.format(meaning=MEANING[Verbosity(level)])
    return await settle(thread_of(visitor), {Preference.VERBOSITY: level}, room, means)
