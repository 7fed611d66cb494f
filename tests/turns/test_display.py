"""What the status message of a turn shows, from the first to the last."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from app.ids import GuildId, ThreadId
from app.turns.display import Displays
from app.turns.errors import Refused, Retriable
from app.turns.machine import LIVE
from app.turns.preferences import Preference
from app.turns.progress import Change, Doing, Progress, Report, Todo, Tool
from app.turns.records import Turn
from app.turns.status import Outcome, Phase, Status, Summary, Verbosity
from tests.samples import message
from tests.turns.engine import World, running, until, world

pytestmark = pytest.mark.anyio
THREAD = "400000000000000001"
TESTS = Progress((Tool("bash", "npm test", Doing.RUNNING),), (Todo("run the tests", Doing.RUNNING),))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def turn_of(here: World, number: int = 1) -> Turn:
    turn = await here.ledger.turn(message(number).id)
    assert turn is not None
    return turn


def shown(here: World, number: int = 1) -> list[Status | Summary]:
    return here.chat.statuses.get(message(number).id, [])


def phases(here: World, number: int = 1) -> list[Phase]:
    return [one.phase for one in shown(here, number) if isinstance(one, Status)]


async def test_a_turn_has_a_status_message_before_anything_is_done_for_it(here: World) -> None:
    gate = here.provider.hold("create")
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    async with running(here):
        await until(lambda: here.provider.count("create") > 0)
        turn = await turn_of(here)
        gate.set()

    assert turn.status == here.chat.messages[turn.id]
    assert phases(here)[0] is Phase.STARTING


async def test_in_the_end_it_says_how_it_went_and_what_it_cost(here: World) -> None:
    report = Report(1_200, 0.03, 4, (Change("a.py", 10, 2),))
    here.agent.reports[message(1).id] = report
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    last = shown(here)[-1]
    assert isinstance(last, Summary)
    assert (last.outcome, last.report) == (Outcome.DONE, report)


async def test_it_shows_what_the_agent_does(here: World) -> None:
    here.agent.speak = asyncio.Event()
    here.agent.progress[message(1).id] = TESTS
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    async with running(here):
        await until(lambda: any(isinstance(one, Status) and one.progress.tools for one in shown(here)))

    last = shown(here)[-1]
    assert isinstance(last, Status)
    assert (last.phase, last.progress.tools, last.progress.todos) == (Phase.THINKING, TESTS.tools, TESTS.todos)


async def test_what_waits_says_whether_it_is_next_until_it_begins(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()
        await here.ledger.admit(message(2, thread=THREAD), here.now)
        await until(lambda: bool(phases(here, 2)))
        await here.ledger.admit(message(3, thread=THREAD), here.now)
        await until(lambda: bool(phases(here, 3)))
        waiting = [list(phases(here, number)) for number in (2, 3)]

        here.agent.speak.set()
        await until(lambda: all(isinstance(shown(here, number)[-1], Summary) for number in (2, 3)))

    assert waiting == [[Phase.NEXT], [Phase.QUEUED]]


async def test_a_thread_shows_as_much_as_its_people_want(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()

        await here.preferences.settle(GuildId("100"), ThreadId(THREAD), {Preference.VERBOSITY: Verbosity.QUIET})
        here.agent.progress[message(1).id] = TESTS
        await until(lambda: shown(here)[-1].progress == TESTS)  # type: ignore[union-attr]

    last = shown(here)[-1]
    assert isinstance(last, Status)
    assert last.verbosity is Verbosity.QUIET


async def test_a_new_process_goes_on_with_the_same_message(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()
    before = (await turn_of(here)).status

    here.agent.speak.set()
    await here.live()

    assert (await turn_of(here)).status == before
    assert isinstance(shown(here)[-1], Summary)


@pytest.mark.parametrize("failure", [Refused("I may not edit."), Retriable("not now")])
async def test_a_status_that_cannot_be_shown_stops_no_turn(here: World, failure: Exception) -> None:
    here.chat.failures["show_status"] = failure
    here.agent.progress[message(1).id] = TESTS
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert isinstance(shown(here)[-1], Summary)


async def test_a_turn_that_was_thrown_away_is_not_painted_over(here: World) -> None:
    """Whoever held it finds out a moment later, and must not show it as running meanwhile."""
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()
        await here.ledger.cancel(ThreadId(THREAD))
        here.agent.progress[message(1).id] = TESTS
        await until(lambda: isinstance(shown(here)[-1], Summary))
        await asyncio.sleep(0.1)  # in which it would be painted

    last = shown(here)[-1]
    assert isinstance(last, Summary)
    assert last.outcome is Outcome.RESET


async def test_what_failed_is_shown_as_failed(here: World) -> None:
    here.agent.refuse[message(1).id] = "Sorry, the model could not answer."
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    last = shown(here)[-1]
    assert isinstance(last, Summary)
    assert last.outcome is Outcome.FAILED


async def test_a_summary_that_cannot_be_shown_now_is_shown_later(here: World) -> None:
    here.chat.failures["show_summary"] = Retriable("not now")
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until_ended(here)
        assert not isinstance(shown(here)[-1], Summary)

        del here.chat.failures["show_summary"]
        await until(lambda: isinstance(shown(here)[-1], Summary))


async def test_a_summary_that_can_never_be_shown_is_left(here: World) -> None:
    here.chat.failures["show_summary"] = Refused("I may not edit.")
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    assert await here.ledger.unclosed(1) == []


async def until_ended(here: World, number: int = 1) -> None:
    async with asyncio.timeout(10):
        while (await turn_of(here, number)).stage in LIVE:  # noqa: ASYNC110 - the store has no event for it
            await asyncio.sleep(0.005)


async def test_a_change_that_could_not_be_shown_is_shown_a_moment_later(here: World) -> None:
    here.chat.failures["show_status"] = Retriable("not now")
    displays, turn = await in_hand(here)
    async with displays.opened(turn, "mine") as display:
        display.show(Phase.THINKING, TESTS)
        await asyncio.sleep(0.02)  # in which it fails

        del here.chat.failures["show_status"]
        await until(lambda: Phase.THINKING in phases(here))


async def test_whoever_has_lost_the_turn_paints_no_more(here: World) -> None:
    displays, turn = await in_hand(here)
    async with displays.opened(turn, "mine") as display:
        await here.ledger.end_all(thread=ThreadId(THREAD))
        display.show(Phase.THINKING, TESTS)
        await asyncio.sleep(0.05)  # in which it would be painted

    assert phases(here) == [Phase.STARTING]


async def test_the_summary_comes_behind_an_edit_that_is_on_its_way(here: World) -> None:
    here.chat.hanging = asyncio.Event()
    displays, turn = await in_hand(here)
    async with displays.opened(turn, "mine") as display:
        display.show(Phase.THINKING, TESTS)
        await here.chat.hung.wait()

    async def close() -> None:
        await displays.free(turn)
        await displays.close(turn, Summary(Outcome.DONE))

    closing = asyncio.create_task(close())
    await asyncio.wait({closing}, timeout=0.05)

    here.chat.hanging.set()
    await closing

    assert [type(one) for one in shown(here)] == [Status, Status, Summary]


async def test_the_summary_keeps_its_distance_from_the_last_edit(here: World) -> None:
    displays, turn = await in_hand(here, 0.2)
    async with displays.opened(turn, "mine") as display:
        display.show(Phase.THINKING, TESTS)
        await until(lambda: Phase.THINKING in phases(here))
    painted = asyncio.get_running_loop().time()

    await displays.close(turn, Summary(Outcome.DONE))

    assert asyncio.get_running_loop().time() - painted > 0.15


async def test_edits_keep_their_distance_and_the_last_state_is_shown(here: World) -> None:
    times: list[float] = []
    displays, turn = await in_hand(here, 0.1)
    async with displays.opened(turn, "mine") as display:
        for number in range(100):
            display.show(Phase.THINKING, Progress((Tool("bash", f"step {number}", Doing.RUNNING),)))
            await asyncio.sleep(0.003)
            if len(shown(here)) > len(times):
                times.append(asyncio.get_running_loop().time())
        await until(lambda: "step 99" in str(shown(here)[-1]))

    assert 3 <= len(shown(here)) <= 8
    assert all(later - sooner > 0.08 for sooner, later in pairwise(times[1:]))


async def in_hand(here: World, pause: float = 0.0) -> tuple[Displays, Turn]:
    """A turn that somebody works on, with a status message, and what paints it: `pause` seconds between two edits."""
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    turn = await here.ledger.claim("mine", here.now, here.now + 60)
    assert turn is not None
    displays = Displays(here.ledger, here.preferences, here.chat, pauses=((0.0, pause),))
    return displays, await displays.post(turn, "mine")
