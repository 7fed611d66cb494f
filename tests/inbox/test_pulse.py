"""Whether messages reach us."""

from pathlib import Path

import pytest

from app.inbox.pulse import ALIVE_SECONDS, Poll, silence
from app.relay import Pulse, Shard
from tests.inbox.desk import desk

NOW = 1_000.0


def pulse(number: int = 0, count: int = 1, age: float = 10.0, problem: str | None = None) -> Pulse:
    return Pulse(Shard(number, count), NOW - age, problem, None)


@pytest.mark.parametrize(
    "pulses",
    [[pulse()], [pulse(age=ALIVE_SECONDS)], [pulse(0, 2), pulse(1, 2)], [pulse(problem="made anew")]],
    ids=["one", "just", "two", "a moment without"],
)
def test_all_is_well_while_every_shard_was_heard_of_lately(pulses: list[Pulse]) -> None:
    assert silence(pulses, NOW) is None


@pytest.mark.parametrize(
    ("pulses", "why"),
    [
        ([], "no word"),
        ([pulse(1, 2)], "no word"),
        ([pulse(age=ALIVE_SECONDS + 1)], "fell silent"),
        ([Pulse(Shard(0, 1), None, None, None)], "fell silent"),
        ([pulse(0, 2), pulse(1, 2, age=ALIVE_SECONDS + 1, problem="the token is refused")], "the token is refused"),
    ],
)
def test_else_it_says_why_not(pulses: list[Pulse], why: str) -> None:
    assert why in (silence(pulses, NOW) or "")


@pytest.mark.anyio
async def test_before_the_first_round_polling_has_a_problem(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        problem = await Poll(here.places, lambda: NOW, 30.0).problem()

    assert "not been read yet" in (problem or "")


@pytest.mark.anyio
@pytest.mark.parametrize(("after", "why"), [(0.0, None), (59.0, None), (60.0, None), (61.0, "61 s ago")])
async def test_polling_is_well_for_two_rounds_after_the_end_of_one(
    tmp_path: Path, after: float, why: str | None
) -> None:
    async with desk(tmp_path) as here:
        await here.places.note_caught_up(NOW)
        problem = await Poll(here.places, lambda: NOW + after, 30.0).problem()

    assert (problem is None) is (why is None)
    assert (why or "") in (problem or "")
