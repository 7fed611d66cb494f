"""What people have settled about how they are worked for: for a channel, or for one thread of it. The nearest counts,
and where nobody has settled anything, what whoever runs the bot has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from app.turns.status import Verbosity


class Preference(StrEnum):
    REPOSITORY = "repository"  # in the workspace of a new machine
    BRANCH = "branch"  # of that repository
    MODEL = "model"  # "provider/model"
    AGENT = "agent"  # OpenCode's
    ROUTING = "routing"
    VERBOSITY = "verbosity"
    APPROVER = "approver"  # the role whose members alone give an agent leave


class Routing(StrEnum):
    """What of that which is said in a thread of ours is for the agent, where it names nobody."""

    AI = "ai"  # what a quick model says, where the rules do not know
    HEURISTIC = "heuristic"  # what the rules say
    OFF = "off"  # everything


class Scope(StrEnum):
    THREAD = "thread"
    CHANNEL = "channel"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Chosen:
    value: str
    scope: Scope


Values = Mapping[Preference, str]
NOTHING: Values = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Settled:
    """What counts in one place."""

    chosen: Mapping[Preference, Chosen] = field(default_factory=dict)

    def value(self, preference: Preference) -> str | None:
        chosen = self.chosen.get(preference)
        return chosen.value if chosen else None

    @property
    def verbosity(self) -> Verbosity:
        return Verbosity(self.value(Preference.VERBOSITY) or Verbosity.NORMAL)

    @property
    def routing(self) -> Routing:
        return Routing(self.value(Preference.ROUTING) or Routing.AI)


def settled(thread: Values, channel: Values, operator: Values) -> Settled:
    """A branch counts for the repository that it was settled with or below: never for a nearer one."""
    chosen: dict[Preference, Chosen] = {}
    for scope, values in ((Scope.OPERATOR, operator), (Scope.CHANNEL, channel), (Scope.THREAD, thread)):
        if Preference.REPOSITORY in values:
            chosen.pop(Preference.BRANCH, None)
        chosen |= {preference: Chosen(value, scope) for preference, value in values.items()}
    return Settled(chosen)
