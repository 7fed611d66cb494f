"""Which of our commands Discord has as we want them.

Discord hands a registered command back with fields of its own and with its defaults filled in; what we write leaves
both out. So two commands are compared by what a person would notice: the fields that one of us can set, without those
that say nothing. Unsaid `contexts` and `integration_types` stand for what the application is configured to, and are not
compared.

https://docs.discord.com/developers/interactions/application-commands#application-command-object
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Command = dict[str, Any]

SET_BY_US = frozenset(
    {
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "default_member_permissions",
        "nsfw",
        "contexts",
        "integration_types",
        "handler",
    }
)
OF_OPTIONS = frozenset(
    {
        "required",
        "choices",
        "value",
        "channel_types",
        "min_value",
        "max_value",
        "min_length",
        "max_length",
        "autocomplete",
    }
)
LOCALIZATIONS = "_localizations"  # of whose fields each is a language
CONFIGURED = ("contexts", "integration_types")  # of global commands only
UNORDERED = frozenset({*CONFIGURED, "channel_types"})
CHAT_INPUT = 1


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of commands, in order."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def compare(wanted: Sequence[Command], registered: Sequence[Command]) -> Changes:
    """What replacing `registered` by `wanted` would change. A command is known by its type and its name."""
    new, old = {_key(command): command for command in wanted}, {_key(command): command for command in registered}
    both = new.keys() & old.keys()
    same = {key for key in both if _is_same(new[key], old[key])}
    return Changes(_names(new.keys() - both), _names(both - same), _names(old.keys() - both), _names(same))


def for_guild(commands: Sequence[Command]) -> list[Command]:
    """The commands without what only global ones may say."""
    return [{key: value for key, value in command.items() if key not in CONFIGURED} for command in commands]


def _key(command: Command) -> tuple[str, int]:
    return command["name"], command.get("type", CHAT_INPUT)


def _names(keys: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(name for name, _ in sorted(keys))


def _is_same(wanted: Command, registered: Command) -> bool:
    unsaid = [key for key in CONFIGURED if wanted.get(key) is None]
    theirs = {key: value for key, value in registered.items() if key in SET_BY_US and key not in unsaid}
    return bool(_tidy({"type": CHAT_INPUT, **wanted}) == _tidy({"type": CHAT_INPUT, **theirs}))


def _tidy(said: Any, key: str = "") -> Any:
    if isinstance(said, Mapping):
        known = [name for name in said if name in SET_BY_US | OF_OPTIONS or key.endswith(LOCALIZATIONS)]
        tidied = {name: _tidy(said[name], name) for name in known}
        return {name: value for name, value in tidied.items() if not _says_nothing(value)}
    if isinstance(said, list | tuple):
        parts = [_tidy(part) for part in said]
        return sorted(parts) if key in UNORDERED else parts
    return str(said) if key == "default_member_permissions" and said is not None else said


def _says_nothing(value: object) -> bool:
    """Zero says something: a least value of 0 is a rule."""
    return value is None or value is False or value in ("", [], {})
