"""An agent that looks back on what it never did."""

from dataclasses import dataclass, field

from app.ids import SessionId, TurnId
from app.sandboxes.ports import Machine
from app.turns.workbench import Rewound


@dataclass(slots=True)
class FakeRewinder:
    """`undone` is what is taken back now. `failure` is what the next call meets."""

    log: list[str]
    undone: TurnId | None = None
    obstacle: Rewound | None = None
    failure: Exception | None = None
    asked: list[tuple[SessionId, str]] = field(default_factory=list)

    async def undo(self, machine: Machine, session: SessionId, turn: TurnId) -> Rewound:
        self._note("undo", session)
        if self.obstacle or self.undone == turn:
            return self.obstacle or Rewound.NOTHING
        self.undone = turn
        return Rewound.DONE

    async def redo(self, machine: Machine, session: SessionId) -> Rewound:
        self._note("redo", session)
        if self.obstacle or self.undone is None:
            return self.obstacle or Rewound.NOTHING
        self.undone = None
        return Rewound.DONE

    def _note(self, call: str, session: SessionId) -> None:
        self.log.append(call)
        self.asked.append((session, call))
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
