"""`/opencord verbosity`."""

import pytest

from app.commands import verbosity
from app.commands.words import NO_THREAD, UNKNOWN_OPTION
from app.ids import ThreadId
from app.turns.routing import Policy, Refusal
from app.turns.status import Verbosity
from tests.commands.rooms import IN_THREAD, THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("level", list(Verbosity))
async def test_a_thread_is_shown_as_much_as_was_settled_last(door: Door, level: Verbosity) -> None:
    await door.send(used("verbosity", IN_THREAD, level="verbose"))

    answer = await door.send(used("verbosity", IN_THREAD, level=level.value))

    text, is_ephemeral = spoken(answer)
    assert is_ephemeral
    assert verbosity.MEANING[level] in text
    assert await door.preferences.verbosity_of(THREAD) is level
    assert await door.preferences.verbosity_of(ThreadId("211")) is Verbosity.NORMAL


@pytest.mark.parametrize("given", [{}, {"level": "loud"}, {"level": "QUIET"}])
async def test_a_level_that_does_not_exist_changes_nothing(door: Door, given: dict[str, str]) -> None:
    answer = await door.send(used("verbosity", IN_THREAD, **given))

    assert spoken(answer) == (UNKNOWN_OPTION, True)
    assert await door.preferences.verbosity_of(THREAD) is Verbosity.NORMAL


async def test_it_is_about_a_thread_and_for_those_who_may_ask_in_it(door: Door) -> None:
    outside = await door.send(used("verbosity", level="quiet"))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used("verbosity", IN_THREAD, level="quiet"))

    assert spoken(outside) == (NO_THREAD, True)
    assert spoken(stranger) == (Refusal.ROLE.value, True)
    assert await door.preferences.verbosity_of(THREAD) is Verbosity.NORMAL
