"""The life of a turn, as a table.

A stage says what durably happened, never who works on it (that is the lease). Two rules keep this module worth
reading: everything that moves a turn is here; and nothing here awaits, reads a clock or draws a random number.

    ADMITTED ─▶ ACCEPTED ─▶ THREADED ─▶ PROMPTED ─▶ ANSWERED ─▶ DELIVERED
        └─▶ IGNORED             ▲           │
                                └interrupted┘

A turn that is given up ends as FAILED while it has no thread to speak in, and becomes ANSWERED with an apology
otherwise, so that the apology is delivered by the same machinery as an answer.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.turns.errors import Refused, Retriable


class Stage(StrEnum):
    ADMITTED = "admitted"
    ACCEPTED = "accepted"
    THREADED = "threaded"
    PROMPTED = "prompted"
    ANSWERED = "answered"
    DELIVERED = "delivered"
    IGNORED = "ignored"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Event(StrEnum):
    ACCEPTED = "accepted"
    IGNORED = "ignored"
    THREAD_OPENED = "thread_opened"
    PROMPT_SENT = "prompt_sent"
    INTERRUPTED = "interrupted"
    ANSWER_TAKEN = "answer_taken"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"


class Step(StrEnum):
    DECIDE = "decide"
    OPEN_THREAD = "open_thread"
    PROMPT = "prompt"
    AWAIT_ANSWER = "await_answer"
    DELIVER = "deliver"


STEP_FOR: dict[Stage, Step] = {
    Stage.ADMITTED: Step.DECIDE,
    Stage.ACCEPTED: Step.OPEN_THREAD,
    Stage.THREADED: Step.PROMPT,
    Stage.PROMPTED: Step.AWAIT_ANSWER,
    Stage.ANSWERED: Step.DELIVER,
}
LIVE = frozenset(STEP_FOR)
ENDED = frozenset(Stage) - LIVE

TRANSITIONS: dict[tuple[Stage, Event], Stage] = {
    (Stage.ADMITTED, Event.ACCEPTED): Stage.ACCEPTED,
    (Stage.ADMITTED, Event.IGNORED): Stage.IGNORED,
    (Stage.ACCEPTED, Event.THREAD_OPENED): Stage.THREADED,
    (Stage.THREADED, Event.PROMPT_SENT): Stage.PROMPTED,
    (Stage.PROMPTED, Event.INTERRUPTED): Stage.THREADED,
    (Stage.PROMPTED, Event.ANSWER_TAKEN): Stage.ANSWERED,
    (Stage.ANSWERED, Event.DELIVERED): Stage.DELIVERED,
    (Stage.ADMITTED, Event.GIVEN_UP): Stage.FAILED,
    (Stage.ACCEPTED, Event.GIVEN_UP): Stage.FAILED,
    (Stage.THREADED, Event.GIVEN_UP): Stage.ANSWERED,
    (Stage.PROMPTED, Event.GIVEN_UP): Stage.ANSWERED,
    (Stage.ANSWERED, Event.GIVEN_UP): Stage.FAILED,
    **{(stage, Event.CANCELLED): Stage.CANCELLED for stage in LIVE},
}

# Seconds before the next attempt; the last one repeats. Fifteen attempts span about ten minutes, which outlasts the
# usual incident at a vendor and still ends on the same coffee.
BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
MOST_ATTEMPTS = 15
MOST_INTERRUPTIONS = 3


class ImpossibleMove(Exception):
    """The table has no such move: a defect of ours."""


def advance(stage: Stage, event: Event) -> Stage:
    """The stage after `event`. Raises ImpossibleMove."""
    try:
        return TRANSITIONS[stage, event]
    except KeyError:
        raise ImpossibleMove(f"{event} cannot happen to a turn that is {stage}") from None


@dataclass(frozen=True, slots=True)
class Postponed:
    seconds: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    tell: str


def after_failure(failure: Retriable | Refused, attempts: int) -> Postponed | GivenUp:
    """What becomes of a turn whose step failed when its stage had been claimed `attempts` times."""
    if isinstance(failure, Refused):
        return GivenUp(failure.tell)
    if attempts >= MOST_ATTEMPTS:
        return GivenUp("Sorry, this kept failing for ten minutes, so I stopped trying. Please try again later.")
    pause = BACKOFF[min(attempts, len(BACKOFF) - 1)] if failure.after is None else failure.after
    return Postponed(pause)
