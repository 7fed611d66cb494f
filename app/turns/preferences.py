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
Changes = Mapping[Preference, str | None]  # None takes back
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
    """A branch counts for the repository that it was settled with; one that was settled alone is the operator's, and
    counts for no other (see `beside_repository`)."""
    chosen: dict[Preference, Chosen] = {}
    for scope, values in ((Scope.OPERATOR, operator), (Scope.CHANNEL, channel), (Scope.THREAD, thread)):
        if Preference.REPOSITORY in values:
            chosen.pop(Preference.BRANCH, None)
        elif scope is not Scope.OPERATOR and _of_people(chosen):
            values = {preference: value for preference, value in values.items() if preference is not Preference.BRANCH}
        chosen |= {preference: Chosen(value, scope) for preference, value in values.items()}
    return Settled(chosen)


def beside_repository(changes: Changes, before: Settled) -> Changes | None:
    """A branch goes with the repository that counts: so whatever becomes of that elsewhere, it is looked for in no
    other. The operator's stays where it is, for its address may hold a login. None where there is none."""
    if changes.get(Preference.BRANCH) is None or changes.get(Preference.REPOSITORY) is not None:
        return changes
    repository = before.value(Preference.REPOSITORY)
    if Preference.REPOSITORY in changes or repository is None:
        return None
    return {Preference.REPOSITORY: repository, **changes} if _of_people(before.chosen) else changes


def _of_people(chosen: Mapping[Preference, Chosen]) -> bool:
    """Whether the repository that counts is one that people settled."""
    repository = chosen.get(Preference.REPOSITORY)
    return repository is not None and repository.scope is not Scope.OPERATOR
