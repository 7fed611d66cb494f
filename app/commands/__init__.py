"""`/opencord`: a module for every subcommand, with its registration and its action. Adding one is adding its module
and naming it here."""

from collections.abc import Awaitable, Callable

from app.commands import ask, status
from app.commands.ports import Room
from app.commands.words import UNKNOWN_COMMAND
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told

SUBCOMMANDS = (ask, status)
ACTIONS: dict[str, Callable[[Interaction, Room], Awaitable[Payload]]] = {
    str(module.REGISTRATION["name"]): module.run for module in SUBCOMMANDS
}

# https://docs.discord.com/developers/interactions/application-commands
REGISTRATION: list[Payload] = [
    {
        "type": 1,
        "name": "opencord",
        "description": "Work with OpenCode in a thread of its own",
        "contexts": [0],  # servers only
        "integration_types": [0],
        "options": [module.REGISTRATION for module in SUBCOMMANDS],
    }
]


async def answer(interaction: Interaction, room: Room) -> Payload:
    """The reply to a slash command. Talks to the store alone."""
    if interaction.command[:1] != ("opencord",) or len(interaction.command) != 2:
        return told(UNKNOWN_COMMAND)
    action = ACTIONS.get(interaction.command[1])
    return await action(interaction, room) if action else told(UNKNOWN_COMMAND)
