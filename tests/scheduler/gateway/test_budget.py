"""How often a new session may be begun."""

import pytest

from scheduler.gateway.budget import Allowance, Budget, Restarts, parse_allowance

DAY = 86_400.0


def test_while_most_of_the_day_is_left_nothing_is_waited_for() -> None:
    budget = Budget(0.0)

    assert budget.pause(Allowance(1_000, 500, DAY), 0.0) == 0
    assert not Allowance(1_000, 500, DAY).low


def test_below_half_what_is_left_is_spread_over_what_is_left_of_the_day() -> None:
    budget, allowance = Budget(0.0), Allowance(1_000, 410, 40_000.0)
    budget.identified(1_000.0)

    assert allowance.low
    assert [budget.pause(allowance, now) for now in (1_000.0, 1_060.0, 1_100.0, 2_000.0)] == [100, 40, 0, 0]


def test_a_process_that_has_just_begun_waits_as_if_it_had_identified() -> None:
    assert Budget(50.0).pause(Allowance(1_000, 410, 40_000.0), 50.0) == 100


def test_when_nothing_is_left_it_waits_for_the_next_day() -> None:
    assert Budget(0.0).pause(Allowance(1_000, 0, 1_234.5), 0.0) == 1_234.5
    assert Budget(0.0).pause(Allowance(1_000, 10, 1_234.5), 2_000.0) == 1_234.5
    assert Budget(0.0).pause(Allowance(1_000, 0, 0.0), 0.0) == 1


@pytest.mark.parametrize("restarts_every", [None, 30.0])
def test_it_never_runs_out_whoever_breaks_every_session_at_once(restarts_every: float | None) -> None:
    """Two days of a shard whose sessions die as soon as they are begun, in a process that may be started anew."""
    now, remaining, resets, started = 0.0, 1_000, DAY, 0.0
    budget, restarts, least = Budget(0.0), Restarts(), 1_000

    while now < 2 * DAY:
        if now >= resets:
            remaining, resets = 1_000, resets + DAY
        if restarts_every and now - started > restarts_every:
            budget, restarts, started = Budget(now), Restarts(), now
        pause = max(budget.pause(Allowance(1_000, remaining, resets - now), now), restarts.pause(now))
        if pause > 0 and not (restarts_every and pause > restarts_every):
            now += pause
        elif pause > 0:
            now = started + (restarts_every or 0) + 0.1  # it is ended before that
        else:
            remaining, least = remaining - 1, min(least, remaining - 1)
            budget.identified(now)
            restarts.identified(now)
            now += 0.1

    assert least >= 10


def test_sessions_that_do_not_last_are_begun_more_and_more_seldom() -> None:
    restarts, now, pauses = Restarts(), 0.0, []

    for _ in range(12):
        pauses.append(restarts.pause(now))
        now += pauses[-1]
        restarts.identified(now)

    assert pauses == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_one_that_lasted_is_forgiven() -> None:
    restarts = Restarts()
    for now in (0.0, 10.0, 20.0):
        restarts.identified(now)

    assert restarts.pause(1_000.0) == 0
    restarts.identified(1_000.0)
    assert restarts.pause(1_000.0) == 1


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"total": 1000, "remaining": 7, "reset_after": 1500, "max_concurrency": 16}, Allowance(1000, 7, 1.5, 16)),
        (None, Allowance(1000, 1000, DAY, 1)),
        ([], Allowance(1000, 1000, DAY, 1)),
        ({"total": "many", "remaining": None, "max_concurrency": 0}, Allowance(1000, 1000, DAY, 1)),
        ({"total": 2000, "remaining": -1}, Allowance(2000, 0, DAY, 1)),
        ({"reset_after": 0}, Allowance(1000, 1000, 0.0, 1)),
    ],
)
def test_what_discord_says_of_it_is_read_and_what_it_does_not_say_is_assumed(
    limit: object, expected: Allowance
) -> None:
    assert parse_allowance(limit) == expected
