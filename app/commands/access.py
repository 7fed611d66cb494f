"""Who may run which subcommand, beside being heard at all (see `door`). What is not named here, everybody may.

Discord knows permissions for a whole command only, and `/opencord` is one. So this is decided here, by what Discord
says of the member with every interaction.
"""

from collections.abc import Mapping
from enum import Enum

from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.permissions import ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_GUILD
from app.words.door import CHANNEL_MANAGERS_ONLY, OPERATORS_ONLY


class Who(Enum):
    """Everybody else is told what they would need."""

    CHANNEL_MANAGER = CHANNEL_MANAGERS_ONLY
    OPERATOR = OPERATORS_ONLY


WHO: Mapping[tuple[str, ...], Who] = {
    ("admin", "shell"): Who.OPERATOR,
    ("admin", "logs"): Who.OPERATOR,
    ("config", "channel"): Who.CHANNEL_MANAGER,
}


def check(path: tuple[str, ...], interaction: Interaction, room: Room) -> None:
    """Raises TurnedAway. `path` is the subcommand's, with its group in front."""
    who = WHO.get(path)
    if who is not None and not may(who, interaction, room):
        raise TurnedAway(who.value)


def may(who: Who, interaction: Interaction, room: Room) -> bool:
    if interaction.permissions & ADMINISTRATOR:
        return True
    if who is Who.CHANNEL_MANAGER:
        return bool(interaction.permissions & (MANAGE_CHANNELS | MANAGE_GUILD))
    roles = interaction.member.roles if interaction.member else ()
    return room.operator_role in roles or bool(interaction.permissions & MANAGE_GUILD)
