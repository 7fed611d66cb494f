"""Who may run which subcommand, or give it which option, beside being heard at all (see `door`). What is not named
here, everybody may. A button is for whoever may run the command that it stands for.

Discord knows permissions for a whole command only, and `/opencord` is one. So this is decided here, by what Discord
says of the member with every interaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.discord.interactions import Interaction, Option
from app.discord.permissions import ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_GUILD
from app.words.door import CHANNEL_MANAGERS_ONLY, OPERATORS_ONLY


class Who(Enum):
    """Everybody else is told what they would need."""

    CHANNEL_MANAGER = CHANNEL_MANAGERS_ONLY
    OPERATOR = OPERATORS_ONLY


Path = tuple[str, ...]  # a subcommand's, with its group in front


@dataclass(frozen=True, slots=True)
class Rule:
    """About a subcommand; where an option is named, about giving it that, or nothing but this `value` of it."""

    path: Path
    who: Who
    option: str | None = None
    value: Option | None = None

    def is_about(self, path: Path, options: Mapping[str, Option]) -> bool:
        if self.path != path or self.option is None:
            return self.path == path
        given = options.get(self.option)
        given = given.strip() if isinstance(given, str) else given
        return given == self.value if self.value is not None else bool(given)


WHO = (
    Rule(("admin", "shell"), Who.OPERATOR),
    Rule(("admin", "logs"), Who.OPERATOR),
    Rule(("config", "channel"), Who.CHANNEL_MANAGER),
    # Else whoever may not give the agent leave could name their own role.
    Rule(("config", "thread"), Who.CHANNEL_MANAGER, "approver"),
    Rule(("config", "thread"), Who.CHANNEL_MANAGER, "clear", "approver"),
    Rule(("queue", "clear"), Who.CHANNEL_MANAGER, "everybody", True),
)


def needed(path: Path) -> Who | None:
    """What it takes to run it at all; None where everybody may."""
    return next((rule.who for rule in WHO if rule.is_about(path, {})), None)


def check(path: Path, interaction: Interaction, room: Room) -> None:
    """Raises TurnedAway."""
    for rule in WHO:
        if rule.is_about(path, interaction.options) and not may(rule.who, interaction, room):
            raise TurnedAway(rule.who.value)


def may(who: Who, interaction: Interaction, room: Room) -> bool:
    if interaction.permissions & ADMINISTRATOR:
        return True
    if who is Who.CHANNEL_MANAGER:
        return bool(interaction.permissions & (MANAGE_CHANNELS | MANAGE_GUILD))
    roles = interaction.member.roles if interaction.member else ()
    return room.operator_role in roles or bool(interaction.permissions & MANAGE_GUILD)
