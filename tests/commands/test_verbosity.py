"""`/opencord verbosity`."""

import pytest

from app.ids import ThreadId
from app.turns.records import Place
from app.turns.routing import Policy, Refusal
from app.turns.status import Verbosity
from app.words.door import UNKNOWN_OPTION
from app.words.settings import ALREADY_SO, ONLY_IN_THREADS, VERBOSITY_MEANS
from tests.commands.choosing import ALOUD, CHANNEL, said, settle
from tests.commands.rooms import IN_THREAD, THREAD
from tests.web.door import Door, spoken, used

pytestmark = pytest.mark.anyio


async def verbosity_of(door: Door, thread: ThreadId) -> Verbosity:
    return (await door.preferences.settled(Place(CHANNEL.guild, CHANNEL.channel, thread))).verbosity


@pytest.mark.parametrize("level", list(Verbosity))
async def test_a_thread_is_shown_as_much_as_was_settled_last_and_hears_by_whom(door: Door, level: Verbosity) -> None:
    before = next(other for other in Verbosity if other is not level)
    await door.send(used("verbosity", IN_THREAD, level=before.value))

    answer = await door.send(used("verbosity", IN_THREAD, level=level.value))

    text, flags = said(answer)
    assert text.startswith(f"-# **alice** set verbosity `{level}` for this thread. From now on")
    assert VERBOSITY_MEANS[level] in text
    assert flags == ALOUD
    assert await verbosity_of(door, THREAD) is level
    assert await verbosity_of(door, ThreadId("211")) is Verbosity.NORMAL


async def test_without_a_level_it_is_shown_and_whence_it_comes(door: Door) -> None:
    nobody = await door.send(used("verbosity", IN_THREAD))
    await settle(door, "200", verbosity="quiet")
    channel = await door.send(used("verbosity", IN_THREAD))

    normal, quiet = VERBOSITY_MEANS[Verbosity.NORMAL], VERBOSITY_MEANS[Verbosity.QUIET]
    assert spoken(nobody) == (f"Verbosity: `normal` (default). It shows {normal}.", True)
    assert spoken(channel) == (f"Verbosity: `quiet`, set for this channel. It shows {quiet}.", True)


@pytest.mark.parametrize("level", ["loud", "QUIET", ""])
async def test_a_level_that_does_not_exist_changes_nothing(door: Door, level: str) -> None:
    answer = await door.send(used("verbosity", IN_THREAD, level=level))

    assert spoken(answer) == (UNKNOWN_OPTION, True)
    assert await verbosity_of(door, THREAD) is Verbosity.NORMAL


async def test_the_same_again_is_no_news(door: Door) -> None:
    await door.send(used("verbosity", IN_THREAD, level="quiet"))

    answer = await door.send(used("verbosity", IN_THREAD, level="quiet"))

    assert spoken(answer) == (ALREADY_SO, True)


async def test_it_is_about_a_thread_and_for_those_who_may_ask_in_it(door: Door) -> None:
    outside = await door.send(used("verbosity", level="quiet"))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used("verbosity", IN_THREAD, level="quiet"))

    assert spoken(outside) == (ONLY_IN_THREADS, True)
    assert spoken(stranger) == (Refusal.ROLE.value, True)
    assert await verbosity_of(door, THREAD) is Verbosity.NORMAL
