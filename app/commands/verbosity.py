"""`/opencord verbosity`: how much of the work this thread is shown, from now on and to everybody in it."""

from app.commands.answers import Answer
from app.commands.door import TurnedAway, let_in
from app.commands.ports import Room
from app.commands.words import UNKNOWN_OPTION
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told
from app.turns.status import Verbosity

MEANING = {
    Verbosity.QUIET: "that there is work, and how it went",
    Verbosity.NORMAL: "also the last few tools, and the list of tasks",
    Verbosity.VERBOSE: "more of the tools, and what each of them changed",
}

REGISTRATION: Payload = {
    "type": 1,
    "name": "verbosity",
    "description": "How much of the work this thread is shown",
    "options": [
        {
            "type": 3,
            "name": "level",
            "description": "What to show while OpenCode is at work; what it says is always shown",
            "required": True,
            "choices": [{"name": f"{level}: {MEANING[level]}", "value": level.value} for level in Verbosity],
        }
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    thread = (await let_in(interaction, room)).thread
    try:
        level = Verbosity(str(interaction.options.get("level")))
    except ValueError:
        raise TurnedAway(UNKNOWN_OPTION) from None
    await room.preferences.set_verbosity(thread, level)
    return Answer(
        told(f"From now on this thread is {level}: it shows {MEANING[level]}. Answers are always shown whole.")
    )
