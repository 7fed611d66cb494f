"""Whether messages reach us."""

import pytest

from app.inbox.pulse import ALIVE_SECONDS, silence
from app.relay import Pulse, Shard

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
