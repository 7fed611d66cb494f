"""What Discord refuses in the registration of application commands, and how it keeps them.

https://docs.discord.com/developers/interactions/application-commands
"""

import unicodedata
from typing import TYPE_CHECKING

from scripts.playground.discord.errors import Code, Complaints, Json, Refusal
from scripts.playground.discord.filling import fits
from scripts.playground.discord.records import Event
from scripts.playground.discord.shapes import check_shape

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
MOST = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
CHOOSABLE = (STRING, INTEGER, NUMBER)
TOTAL = 8000
SCRIPTS = ((0x0900, 0x097F), (0xA8E0, 0xA8FF), (0x0E00, 0x0E7F))  # Devanagari, its extension, Thai


def is_name(name: object) -> bool:
    """^[-_'\\p{L}\\p{N}\\p{sc=Deva}\\p{sc=Thai}]{1,32}$ in lower case, without the regex package."""
    if not isinstance(name, str) or not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(
        c in "-_'" or unicodedata.category(c)[0] in "LN" or any(low <= ord(c) <= high for low, high in SCRIPTS)
        for c in name
    )


def check_commands(commands: list[Json]) -> None:
    """A whole list, as PUT has it. Raises Refusal."""
    check_shape(commands)
    complaints = Complaints()
    for kind, most in MOST.items():
        if sum(command.get("type", CHAT_INPUT) == kind for command in commands) > most:
            raise Refusal(Code.TOO_MANY_COMMANDS)
    seen: set[tuple[object, object]] = set()
    for index, command in enumerate(commands):
        key = (command.get("type", CHAT_INPUT), command.get("name"))
        if key in seen:
            words = "Application command names must be unique"
            complaints.add(f"{index}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", words)
        seen.add(key)
        _check_command(complaints, str(index), command)
    complaints.finish()


def _check_command(complaints: Complaints, path: str, command: Json) -> None:
    kind = command.get("type", CHAT_INPUT)
    if kind not in MOST:
        complaints.choice(f"{path}.type", kind, tuple(MOST))
    if kind == CHAT_INPUT:
        _check_named(complaints, path, command)
        _check_options(complaints, path, command.get("options") or [], depth=0)
        if _characters(command) > TOTAL:
            words = f"Command exceeds maximum size ({TOTAL})"
            complaints.add(path, "APPLICATION_COMMAND_TOO_LARGE", words)
        return
    complaints.text(f"{path}.name", command.get("name"), 1, 32)
    for key in ("description", "options"):
        if command.get(key):
            complaints.add(f"{path}.{key}", "APPLICATION_COMMAND_INVALID_FIELD", f"No {key} in context menu commands.")


def _check_named(complaints: Complaints, path: str, named: Json) -> None:
    if not is_name(named.get("name")):
        words = "Command name is invalid"
        complaints.add(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", words)
    complaints.text(f"{path}.description", named.get("description"), 1, 100)


def _check_options(complaints: Complaints, path: str, options: list[Json], *, depth: int) -> None:
    if len(options) > 25:
        complaints.add(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names = [option.get("name") for option in options]
    kinds = [option.get("type") for option in options]
    nested = [kind in (SUBCOMMAND, GROUP) for kind in kinds]
    if len(set(names)) < len(names):
        words = "Option names must be unique"
        complaints.add(f"{path}.options", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", words)
    if any(nested) and not all(nested):
        words = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        complaints.add(f"{path}.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words)
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        words = "Required options must be placed before non-required options"
        complaints.add(f"{path}.options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
    for index, option in enumerate(options):
        _check_option(complaints, f"{path}.options.{index}", option, depth)


def _check_option(complaints: Complaints, path: str, option: Json, depth: int) -> None:
    kind = option.get("type")
    _check_named(complaints, path, option)
    # One level of groups, in them subcommands, in them no more of either.
    if kind not in range(1, 12) or (kind == GROUP and depth) or (kind == SUBCOMMAND and depth > 1):
        complaints.choice(f"{path}.type", kind, tuple(range(1, 12)))
    elif kind in (SUBCOMMAND, GROUP):
        _check_options(complaints, path, option.get("options") or [], depth=1 if kind == GROUP else 2)
    choices = option.get("choices") or []
    if option.get("autocomplete") and (choices or kind not in CHOOSABLE):
        words = "Autocomplete is for strings and numbers without choices."
        complaints.add(f"{path}.autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", words)
    check_choices(complaints, path, choices, kind)
    for key, least in (("min_length", 0), ("max_length", 1)):
        if key in option and not (kind == STRING and least <= option[key] <= 6000):
            complaints.add(f"{path}.{key}", "NUMBER_TYPE_MAX", f"Only strings, from {least} to 6000.")


def check_choices(complaints: Complaints, path: str, choices: list[Json], kind: object) -> None:
    """Of an option of this type, or of an answer to its autocomplete."""
    if len(choices) > 25:
        complaints.add(f"{path}.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for index, choice in enumerate(choices):
        complaints.text(f"{path}.choices.{index}.name", choice.get("name"), 1, 100)
        value = choice.get("value")
        if value is None:
            complaints.require(f"{path}.choices.{index}.value")
        elif isinstance(kind, int) and not fits(kind, value):
            words = f"Value {value!r} is none of the option's type."
            complaints.add(f"{path}.choices.{index}.value", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", words)
        elif isinstance(value, str):
            complaints.text(f"{path}.choices.{index}.value", value, 0, 100)


def _characters(named: Json) -> int:
    """Names, descriptions and values; of each text the longest of its localizations."""
    total = 0
    for key in ("name", "description"):
        others = (named.get(f"{key}_localizations") or {}).values()
        total += max([len(str(named.get(key) or "")), *(len(str(other)) for other in others)])
    total += sum(len(str(choice.get("value"))) + len(str(choice.get("name"))) for choice in named.get("choices") or [])
    return total + sum(_characters(option) for option in named.get("options") or [])


def replace(world: "World", guild: str | None, given: list[Json]) -> list[Json]:
    """All commands of a guild (None: the global ones) at once. The same name and type keeps its id."""
    check_commands(given)
    old = {(command["type"], command["name"]): command for command in world.commands.get(guild, [])}
    fresh = [c for c in given if (c.get("type", CHAT_INPUT), c["name"]) not in old]
    if world.command_creates + len(fresh) > world.rules.command_creates_per_day:
        raise Refusal(Code.TOO_MANY_CREATES)
    world.command_creates += len(fresh)
    made = [_made(world, guild, command, old) for command in given]
    world.commands[guild] = made
    world.emit(Event("COMMANDS_UPDATE", {}))
    return made


def _made(world: "World", guild: str | None, given: Json, old: dict[tuple[int, str], Json]) -> Json:
    kind = given.get("type", CHAT_INPUT)
    known = old.get((kind, given["name"]))
    body: Json = {
        "id": known["id"] if known else world.make_id(),
        "application_id": world.application.id,
        "version": world.make_id(),
        "type": kind,
        "name": given["name"],
        "name_localizations": given.get("name_localizations"),
        "description": given.get("description", ""),
        "description_localizations": given.get("description_localizations"),
        "default_member_permissions": given.get("default_member_permissions"),
        "nsfw": given.get("nsfw", False),
    }
    if body["default_member_permissions"] is not None:
        body["default_member_permissions"] = str(body["default_member_permissions"])
    if given.get("options"):
        body["options"] = given["options"]
    if guild:
        return body | {"guild_id": guild}
    defaults = {"integration_types": [0], "contexts": None, "dm_permission": given.get("dm_permission", True)}
    return body | {key: given.get(key) or default for key, default in defaults.items()}


def visible(world: "World") -> list[Json]:
    """What people can type: the guild's own, and the global ones of other names."""
    own = world.commands.get(world.guild, [])
    taken = {(command["type"], command["name"]) for command in own}
    return own + [c for c in world.commands[None] if (c["type"], c["name"]) not in taken]
