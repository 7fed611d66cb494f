"""The table, read as a person would read it."""

import pytest

from app.turns.errors import Refused, Retriable
from app.turns.machine import (
    ENDED,
    LIVE,
    LONGEST_PAUSE,
    STEP_FOR,
    TRANSITIONS,
    Event,
    GivenUp,
    ImpossibleMove,
    Postponed,
    Stage,
    Trouble,
    advance,
    after_failure,
)
from app.words.turn import WORN_OUT

HAPPY = (
    (Event.ACCEPTED, Stage.ACCEPTED),
    (Event.THREAD_OPENED, Stage.THREADED),
    (Event.PROMPT_SENT, Stage.PROMPTED),
    (Event.ANSWER_TAKEN, Stage.ANSWERED),
    (Event.DELIVERED, Stage.DELIVERED),
)


def test_a_turn_that_goes_well_meets_every_step_once() -> None:
    stage, steps = Stage.ADMITTED, []

    for event, expected in HAPPY:
        steps.append(STEP_FOR[stage])
        stage = advance(stage, event)
        assert stage is expected

    assert len(set(steps)) == len(steps) == 5


def test_nothing_leaves_an_ended_turn() -> None:
    assert not [stage for stage, _ in TRANSITIONS if stage in ENDED]


@pytest.mark.parametrize("stage", sorted(LIVE))
def test_every_live_turn_can_be_cancelled_and_can_be_given_up(stage: Stage) -> None:
    assert advance(stage, Event.CANCELLED) is Stage.CANCELLED
    assert advance(stage, Event.GIVEN_UP) in {Stage.FAILED, Stage.ANSWERED}


def test_a_turn_with_a_thread_is_given_up_by_an_apology_in_it() -> None:
    spoken = {stage for stage in LIVE if advance(stage, Event.GIVEN_UP) is Stage.ANSWERED}

    assert spoken == {Stage.THREADED, Stage.PROMPTED}


def test_a_move_that_is_not_in_the_table_is_a_defect() -> None:
    with pytest.raises(ImpossibleMove):
        advance(Stage.ADMITTED, Event.DELIVERED)


def pauses(stage: Stage, failure: Retriable, seconds_each: float = 0.0) -> tuple[list[float], GivenUp]:
    """How long is waited, failure after failure, until it is given up; each attempt takes so long."""
    now, trouble, waited = 1_000.0, Trouble(attempts=1, due_at=1_000.0, failing_since=None), list[float]()
    while True:
        now += seconds_each
        outcome = after_failure(stage, failure, trouble, now)
        if isinstance(outcome, GivenUp):
            return waited, outcome
        waited.append(outcome.until - now)
        now, trouble = outcome.until, Trouble(trouble.attempts + 1, outcome.until, outcome.failing_since)


def test_a_failure_is_tried_again_with_growing_pauses_for_about_ten_minutes() -> None:
    waited, given_up = pauses(Stage.THREADED, Retriable("down"))

    assert waited == sorted(waited)
    assert 600 <= sum(waited) < 700
    assert given_up == GivenUp(WORN_OUT)


@pytest.mark.parametrize(("after", "seconds_each"), [(1.0, 0.0), (30.0, 5.0), (None, 180.0), (None, 400.0)])
def test_the_ten_minutes_are_minutes_however_quick_or_slow_the_attempts_are(
    after: float | None, seconds_each: float
) -> None:
    waited, _ = pauses(Stage.THREADED, Retriable("down", after), seconds_each)

    assert 500 < sum(waited) + len(waited) * seconds_each < 1_300


def test_an_answer_that_is_there_is_worth_a_day_of_trying() -> None:
    waited, _ = pauses(Stage.ANSWERED, Retriable("discord is down"))

    assert sum(waited) > 23 * 3600


def test_hiccups_with_calm_between_them_are_never_added_up() -> None:
    before = Trouble(attempts=40, due_at=1_000.0, failing_since=1_000.0)

    outcome = after_failure(Stage.PROMPTED, Retriable("hiccup"), before, now=1_000.0 + 3_600)

    assert isinstance(outcome, Postponed)
    assert outcome.failing_since == 4_600.0


def test_whoever_fails_may_say_when_to_come_back_but_not_never() -> None:
    fresh = Trouble(attempts=1, due_at=0.0, failing_since=None)

    soon = after_failure(Stage.PROMPTED, Retriable("soon", after=0.5), fresh, now=10.0)
    never = after_failure(Stage.PROMPTED, Retriable("never", after=1e300), fresh, now=10.0)

    assert soon == Postponed(10.5, 10.0)
    assert never == Postponed(10.0 + LONGEST_PAUSE, 10.0)


def test_a_failure_that_never_ends_is_told_in_its_own_words() -> None:
    _, given_up = pauses(Stage.THREADED, Retriable("boot", tell="OpenCode did not start."))

    assert given_up == GivenUp("OpenCode did not start.")


def test_a_refusal_is_told_at_once_in_its_own_words() -> None:
    fresh = Trouble(attempts=1, due_at=0.0, failing_since=None)

    assert after_failure(Stage.PROMPTED, Refused("No such model."), fresh, 10.0) == GivenUp("No such model.")
