"""The life of a sandbox, as a table. Every move is a compare-and-set in the store, so that a message and a pause can
race for a machine and exactly one of them wins.

    destroyed ─▶ creating ─▶ active ─▶ pausing ─▶ paused ─▶ resuming ─▶ active
        ▲                                            └─▶ destroying ─▶ destroyed

The states whose names end in -ing are *passing*: somebody is at work on the machine, and holds it for as long. Whoever
dies there leaves the state behind, for somebody else to take over when the hold has run out.
"""

from enum import StrEnum


class State(StrEnum):
    CREATING = "creating"
    ACTIVE = "active"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    ERROR = "error"


PASSING = frozenset({State.CREATING, State.PAUSING, State.RESUMING, State.DESTROYING})

# What somebody may begin. From a passing state only when whoever was at work there is gone.
TAKES: dict[State, frozenset[State]] = {
    State.CREATING: frozenset({State.DESTROYED, State.CREATING}),
    State.RESUMING: frozenset({State.ACTIVE, State.PAUSED, State.ERROR, State.RESUMING, State.PAUSING}),
    State.PAUSING: frozenset({State.ACTIVE, State.PAUSED, State.ERROR, State.RESUMING, State.PAUSING}),
    State.DESTROYING: frozenset(State),
}

# What comes of it.
SETTLES: dict[State, frozenset[State]] = {
    State.CREATING: frozenset({State.ACTIVE, State.ERROR}),
    State.RESUMING: frozenset({State.ACTIVE, State.ERROR}),
    State.PAUSING: frozenset({State.PAUSED, State.ERROR, State.DESTROYED}),
    State.DESTROYING: frozenset({State.DESTROYED}),
}

# What may be found to have happened by itself.
FINDS: dict[State, frozenset[State]] = {
    State.ACTIVE: frozenset({State.PAUSED, State.DESTROYED}),
    State.PAUSED: frozenset({State.DESTROYED}),
    State.ERROR: frozenset({State.DESTROYED}),
}
