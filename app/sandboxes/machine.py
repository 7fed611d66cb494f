"""The life of a sandbox, as a table. Every move is a compare-and-set in the store, so that a message and a pause can
race for a machine and exactly one of them wins.

    destroyed ─▶ creating ─▶ active ─▶ pausing ─▶ paused ─▶ resuming ─▶ active
        ▲                                            └─▶ destroying ─▶ destroyed

The states whose names end in -ing are *passing*: somebody is at work on the machine. Whoever dies there leaves the
state behind, for somebody else to take over.
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

MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.DESTROYED, State.CREATING),
        (State.CREATING, State.ACTIVE),
        (State.ACTIVE, State.PAUSING),
        (State.PAUSING, State.PAUSED),
        (State.ACTIVE, State.PAUSED),  # it was found stopped
        (State.PAUSED, State.RESUMING),
        (State.ACTIVE, State.RESUMING),  # its server is gone though the machine is not
        (State.RESUMING, State.ACTIVE),
        (State.PAUSED, State.DESTROYING),
        (State.ACTIVE, State.DESTROYING),
        (State.ERROR, State.DESTROYING),
        (State.DESTROYING, State.DESTROYED),
        (State.ERROR, State.RESUMING),
        *((state, State.ERROR) for state in PASSING),
        *((state, State.DESTROYED) for state in set(State) - {State.DESTROYED}),  # the provider has lost it
    }
)


def may_move(old: State, new: State) -> bool:
    return (old, new) in MOVES
