"""`/opencord`: a module for every subcommand, group or context menu, with its registration and its action. Adding one
is adding its module; where it shows buttons, also naming the first word of their ids in `app.presses`, and where not
everybody may run it, naming it in `access`.

A module that has a REGISTRATION offers:

    async def run(interaction, room) -> Answer
        The answer, from the store alone; what talks to anybody else comes after it. Raises TurnedAway.
    async def suggest(interaction, room) -> Sequence[tuple[str, str]]
        What may be chosen for the option that is typed: names and values. From the store alone. Where its registration
        has an option with `autocomplete`.
"""

import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from app.commands import access
from app.commands.answers import Answer
from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.discord.interactions import Interaction, Option
from app.discord.payloads import Payload, suggested, told
from app.words.door import OTHER_OPTION, UNKNOWN_COMMAND, UNKNOWN_OPTION

NAME = "opencord"
FIRST: Mapping[str, int] = {"ask": -2, "help": -1, "admin": 1}
SUBCOMMAND, GROUP, MESSAGE_MENU = 1, 2, 3  # a menu's type is a command's, the others are options'
# What is wrong with a number each command says in words of its own; all others are texts, ids among them.
# https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-type
BOOLEAN, NUMBERS = 5, (4, 10)


def offered() -> list[ModuleType]:
    """In the order in which people see them: what everybody needs first, what few may use last."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    shown = [module for module in modules if hasattr(module, "REGISTRATION")]
    return sorted(shown, key=lambda module: (FIRST.get(module.REGISTRATION["name"], 0), module.__name__))


MODULES = {module.REGISTRATION["name"]: module for module in offered()}
SUBCOMMANDS = {name: module for name, module in MODULES.items() if module.REGISTRATION["type"] != MESSAGE_MENU}
MENUS = {name: module for name, module in MODULES.items() if module.REGISTRATION["type"] == MESSAGE_MENU}

# https://docs.discord.com/developers/interactions/application-commands
SERVERS_ONLY: Mapping[str, Any] = {"contexts": [0], "integration_types": [0]}
REGISTRATION: list[Payload] = [
    {
        "type": 1,
        "name": NAME,
        "description": "Work with OpenCode in a thread of its own",
        **SERVERS_ONLY,
        "options": [module.REGISTRATION for module in SUBCOMMANDS.values()],
    },
    *({**module.REGISTRATION, **SERVERS_ONLY} for module in MENUS.values()),
]


async def answer(interaction: Interaction, room: Room) -> Answer:
    """The reply to a command. Talks to the store alone."""
    module = module_of(interaction)
    if module is None:
        return Answer(told(UNKNOWN_COMMAND))
    options = {option["name"]: option for option in options_of(module, interaction)}
    if interaction.options.keys() - options.keys():
        return Answer(told(UNKNOWN_OPTION))
    if not all(is_of_its_kind(options[name], value) for name, value in interaction.options.items()):
        return Answer(told(OTHER_OPTION))
    return await admitted(module.run, interaction.command[1:], interaction, room)


async def suggestions(interaction: Interaction, room: Room) -> Answer:
    """What is offered while somebody types. Nothing to whoever is not heard, or may not run it."""
    module = module_of(interaction)
    if module is None or not hasattr(module, "suggest"):
        return Answer(suggested([]))
    try:
        access.check(interaction.command[1:], interaction, room)
        return Answer(suggested(await module.suggest(interaction, room)))
    except TurnedAway:
        return Answer(suggested([]))


async def admitted(
    act: Callable[[Interaction, Room], Awaitable[Answer]], path: access.Path, interaction: Interaction, room: Room
) -> Answer:
    """`path` is the subcommand's that it is, or stands for."""
    try:
        access.check(path, interaction, room)
        return await act(interaction, room)
    except TurnedAway as refusal:
        return Answer(told(str(refusal)))


def module_of(interaction: Interaction) -> ModuleType | None:
    name, *path = interaction.command or ("",)
    if name != NAME or not path:
        return None if path else MENUS.get(name)
    module = SUBCOMMANDS.get(path[0])
    is_group = module is not None and module.REGISTRATION["type"] == GROUP
    return module if len(path) == 1 + is_group and (not is_group or _within(module, path[1])) else None


def options_of(module: ModuleType, interaction: Interaction) -> list[Payload]:
    registration = (
        module.REGISTRATION if module.REGISTRATION["type"] != GROUP else _within(module, interaction.command[2])
    )
    options: list[Payload] = (registration or {}).get("options", [])
    return options


def is_of_its_kind(option: Payload, value: Option) -> bool:
    """Discord checks it against what is registered there, which may be older or newer than we are."""
    if option["type"] in NUMBERS:
        return True
    return isinstance(value, bool if option["type"] == BOOLEAN else str)


def _within(module: ModuleType | None, name: str) -> Payload | None:
    options = module.REGISTRATION["options"] if module else []
    return next((option for option in options if option["name"] == name), None)
