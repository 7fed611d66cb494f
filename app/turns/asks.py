"""What an agent asked a person, as it is written down: shown once, decided once, carried back to the agent once. Pure.

    OPEN ──a person decides──▶ DECIDED ──the agent takes it──▶ SETTLED
      └──the agent waits no more (or so it says when it is told)──▶ GONE ◀──┘

Questions are answered one after the other; the last answer decides.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.ids import MessageId, TurnId
from app.turns.progress import Answered, Ask, Decision, Permission, Question


class AskState(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    SETTLED = "settled"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Asked:
    turn: TurnId
    ask: Ask
    state: AskState
    asked_at: float  # epoch seconds; anew when its message was deleted
    expires_at: float  # the turn is over then
    message: MessageId | None = None  # the one with the buttons
    answers: tuple[tuple[str, ...], ...] = ()  # of the first questions, so far
    decision: Decision | None = None
    by: str | None = None  # the name of who decided
    shown: str | None = None  # how its message looks, as far as it is known

    @property
    def look(self) -> str:
        """How its message is to look: the same for what looks the same."""
        return f"{self.state}:{len(self.answers)}"

    @property
    def is_stale(self) -> bool:
        """Whether its message says something else than what is so."""
        return self.message is not None and self.shown != self.look

    @property
    def question(self) -> Question | None:
        """The one that is to be answered next; None for a permission, and when all are answered."""
        if isinstance(self.ask.about, Permission) or len(self.answers) >= len(self.ask.about):
            return None
        return self.ask.about[len(self.answers)]

    def decision_with(self, choice: tuple[str, ...]) -> Answered | None:
        """Once `choice` answers the last question; None while there are more."""
        answers = (*self.answers, choice)
        return (
            None if isinstance(self.ask.about, Permission) or len(answers) < len(self.ask.about) else Answered(answers)
        )
