"""The table, read as a person would read it."""

import pytest

from app.turns.errors import Refused, Retriable
from app.turns.machine import (
    ENDED,
    LIVE,
    MOST_ATTEMPTS,
    STEP_FOR,
    TRANSITIONS,
    Event,
    GivenUp,
    ImpossibleMove,
    Postponed,
    Stage,
    advance,
    after_failure,
)

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


def test_a_failure_is_tried_again_with_growing_pauses_for_about_ten_minutes() -> None:
    outcomes = [after_failure(Retriable("down"), attempts) for attempts in range(MOST_ATTEMPTS)]

    pauses = [outcome.seconds for outcome in outcomes if isinstance(outcome, Postponed)]
    assert pauses == sorted(pauses)
    assert 500 < sum(pauses) < 700
    assert isinstance(after_failure(Retriable("down"), MOST_ATTEMPTS), GivenUp)


def test_whoever_fails_may_say_when_to_come_back() -> None:
    assert after_failure(Retriable("soon", after=0.5), 1) == Postponed(0.5)


def test_a_refusal_is_told_at_once_in_its_own_words() -> None:
    assert after_failure(Refused("No such model."), 0) == GivenUp("No such model.")
