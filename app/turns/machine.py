"""The life of a turn, as a table.

A stage says what durably happened, never who works on it (that is the lease). Two rules keep this module worth
reading: everything that moves a turn is here; and nothing here awaits, reads a clock or draws a random number.

    ADMITTED ─▶ ACCEPTED ─▶ THREADED ─▶ PROMPTED ─▶ ANSWERED ─▶ DELIVERED
        └─▶ IGNORED             ▲           │
                                └interrupted┘

THREADED is the queue: up to there a turn goes at once, so that its asker sees that it was heard; from there on a thread
has one turn at work: the oldest, unless somebody has put another before it.

A fork that asks nothing is answered when it has moved in: from THREADED, without the model.

A turn that is given up in the queue or at the model becomes ANSWERED with an apology, which is delivered by the same
machinery as an answer. Before that and after it, the apology is told where it was asked, and the turn is FAILED.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.turns.errors import Refused, Retriable
from app.words.turn import WORN_OUT


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
    MOVED_IN = "moved_in"
    INTERRUPTED = "interrupted"
    ANSWER_TAKEN = "answer_taken"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"


class Ending(StrEnum):
    """Why a turn was cancelled."""

    STOPPED = "stopped"  # by a person, while it was at work
    EXPIRED = "expired"  # nobody answered what it asked
    WITHDRAWN = "withdrawn"  # by a person, before it was at work
    RESET = "reset"  # its machine was thrown away


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
    (Stage.THREADED, Event.MOVED_IN): Stage.ANSWERED,
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

# Where a turn waits until the turns before it in its thread have ended. What it does before this, everybody may see at
# once: that it was heard.
QUEUE = Stage.THREADED
OPENING = frozenset({Stage.ADMITTED, Stage.ACCEPTED})
WORKING = LIVE - OPENING

# Seconds before the next attempt; the last one repeats.
BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
LONGEST_PAUSE = 300.0  # whatever a vendor asks for: a person waits

# How many seconds of failure a stage puts up with. Ten minutes outlast the usual incident at a vendor; an answer that
# is there is worth more patience, and a person whom Discord cannot reach cannot be told to ask again.
PATIENCE = {
    Stage.ADMITTED: 3_600.0,
    Stage.ACCEPTED: 3_600.0,
    Stage.THREADED: 600.0,
    Stage.PROMPTED: 600.0,
    Stage.ANSWERED: 86_400.0,
}
# Where waiting is the work, a failure after so long a time without one has nothing to do with the one before.
CALM_SECONDS = 300.0
MOST_INTERRUPTIONS = 3
MOST_LOSSES = 5


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
    until: float  # epoch seconds
    failing_since: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    tell: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """How it went at a stage before this failure."""

    attempts: int
    due_at: float  # when this attempt could begin at the earliest
    failing_since: float | None


def after_failure(stage: Stage, failure: Retriable | Refused, before: Trouble, now: float) -> Postponed | GivenUp:
    """What becomes of a turn whose step failed."""
    if isinstance(failure, Refused):
        return GivenUp(failure.tell)
    calm = before.failing_since is None or (stage is Stage.PROMPTED and now - before.due_at > CALM_SECONDS)
    since = now if calm or before.failing_since is None else before.failing_since
    if now - since >= PATIENCE[stage]:
        return GivenUp(failure.tell or WORN_OUT)
    pause = BACKOFF[min(before.attempts, len(BACKOFF) - 1)] if failure.after is None else failure.after
    return Postponed(now + min(pause, LONGEST_PAUSE), since)
