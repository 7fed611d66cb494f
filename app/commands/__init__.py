"""`/opencord`: a module for every subcommand, with its registration and its action. Adding one is adding its module
and naming it here; where it shows buttons, naming the first word of their ids in `app.presses`."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from app.commands import ask, pause, reset, resume, status, verbosity
from app.commands.answers import Answer
from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.commands.words import UNKNOWN_COMMAND, UNKNOWN_OPTION
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told


class Subcommand(Protocol):
    """What a module here has to offer."""

    REGISTRATION: Payload  # as Discord wants it

    async def run(self, interaction: Interaction, room: Room) -> Answer:
        """The answer, from the store alone; what talks to anybody else comes after it. Raises TurnedAway."""
        ...


MODULES: tuple[Subcommand, ...] = (ask, status, verbosity, pause, resume, reset)
SUBCOMMANDS = {module.REGISTRATION["name"]: module for module in MODULES}

# https://docs.discord.com/developers/interactions/application-commands
REGISTRATION: list[Payload] = [
    {
        "type": 1,
        "name": "opencord",
        "description": "Work with OpenCode in a thread of its own",
        "contexts": [0],  # servers only
        "integration_types": [0],
        "options": [module.REGISTRATION for module in SUBCOMMANDS.values()],
    }
]


async def answer(interaction: Interaction, room: Room) -> Answer:
    """The reply to a slash command. Talks to the store alone."""
    if interaction.command[:1] != ("opencord",) or len(interaction.command) != 2:
        return Answer(told(UNKNOWN_COMMAND))
    subcommand = SUBCOMMANDS.get(interaction.command[1])
    if subcommand is None:
        return Answer(told(UNKNOWN_COMMAND))
    if interaction.options.keys() - {option["name"] for option in subcommand.REGISTRATION.get("options", ())}:
        return Answer(told(UNKNOWN_OPTION))
    return await admitted(subcommand.run, interaction, room)


async def admitted(
    act: Callable[[Interaction, Room], Awaitable[Answer]], interaction: Interaction, room: Room
) -> Answer:
    try:
        return await act(interaction, room)
    except TurnedAway as refusal:
        return Answer(told(str(refusal)))
