"""What OpenCode offers to choose from: models, agents, commands of its own. The same on every machine, for projects
bring none of their own. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

NEAREST = 3


class Kind(StrEnum):
    MODEL = "model"
    AGENT = "agent"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Entry:
    kind: Kind
    name: str  # of a model: "provider/model"
    about: str = ""  # in a line


@dataclass(frozen=True, slots=True)
class Command:
    """One of OpenCode's own, and what it is given."""

    name: str
    arguments: str


COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9][\w./:-]{0,99})(?:\s+(?P<arguments>.*))?", re.DOTALL)


def command_in(prompt: str) -> Command | None:
    """What a prompt asks for if OpenCode has a command of that name, as in its own terminal."""
    found = COMMAND.fullmatch(prompt)
    return Command(found["name"], (found["arguments"] or "").strip()) if found else None


def matching(typed: str, entries: Sequence[Entry]) -> list[Entry]:
    """Those whose name or description has all the words that were typed; the names that begin so come first."""
    words = typed.casefold().split()
    found = [one for one in entries if all(word in f"{one.name} {one.about}".casefold() for word in words)]
    return sorted(found, key=lambda one: not one.name.casefold().startswith(typed.casefold()))


def nearest(name: str, entries: Sequence[Entry]) -> list[str]:
    """The names that are most like it; where there are none, the first."""
    names = [one.name for one in entries]
    return get_close_matches(name, names, NEAREST, cutoff=0.4) or names[:NEAREST]
