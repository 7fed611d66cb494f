"""What a turn that ends before its time leaves running, and how that is stopped in the end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import ThreadId
from app.turns.errors import Refused, Retriable
from app.turns.progress import Report
from app.turns.status import Outcome, Summary
from tests.samples import message
from tests.turns.engine import World, running, until, world
from tests.turns.test_display import THREAD, shown, turn_of

pytestmark = pytest.mark.anyio
HOME = ThreadId(THREAD)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        made.agent.speak = asyncio.Event()
        yield made


class Deaf:
    """A server that takes no abort until it `hears`."""

    def __init__(self, failure: Exception | None = None) -> None:
        """Without a failure it does not answer at all."""
        self.failure = failure
        self.tries = 0
        self.hears = False

    async def abort(self) -> None:
        self.tries += 1
        if self.hears:
            return
        if self.failure is not None:
            raise self.failure
        await asyncio.Event().wait()


async def stop(here: World, number: int = 1) -> None:
    """A turn that is at the model, and its summary."""
    await here.ledger.admit(message(number, thread=THREAD), here.now)
    await until_prompted(here, number)
    await here.ledger.stop(message(number).id, "alice")
    await until(lambda: bool(summaries(here, number)))


async def until_prompted(here: World, number: int) -> None:
    async with asyncio.timeout(10):
        while (await turn_of(here, number)).session is None:  # noqa: ASYNC110 - the ledger has no event for it
            await asyncio.sleep(0.005)


def summaries(here: World, number: int = 1) -> list[Summary]:
    return [one for one in shown(here, number) if isinstance(one, Summary)]


async def until_closed(here: World) -> None:
    async with asyncio.timeout(10):
        while await here.ledger.unclosed(1):  # noqa: ASYNC110 - nobody tells when it is
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("failure", [Retriable("not now"), None])
async def test_a_server_that_does_not_hear_that_it_is_to_stop_is_told_until_it_does(
    here: World, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    monkeypatch.setattr("app.turns.abandoning.ABANDON_SECONDS", 0.05)
    deaf = Deaf(failure)
    here.agent.aborting = deaf.abort
    async with running(here):
        await stop(here)
        await until(lambda: deaf.tries > 3)
        before = list(here.agent.aborted)

        deaf.hears = True
        await until_closed(here)

    assert (before, here.agent.aborted) == ([], [(await turn_of(here)).session])


async def test_a_server_that_answers_nobody_is_told_as_soon_as_it_answers(here: World) -> None:
    async with running(here):
        await here.ledger.admit(message(1, thread=THREAD), here.now)
        await until_prompted(here, 1)
        here.server.mute = True
        await here.ledger.stop(message(1).id, "alice")
        await until(lambda: bool(summaries(here)))
        before = list(here.agent.aborted)

        here.server.mute = False
        await until_closed(here)

    assert (before, len(here.agent.aborted)) == ([], 1)


async def test_its_summary_waits_for_nothing_and_says_later_what_was_done(here: World) -> None:
    here.agent.reports[message(1).id] = Report(1_200, 0.03, 4)
    deaf = Deaf(Retriable("not now"))
    here.agent.aborting = deaf.abort
    async with running(here):
        await stop(here)
        await until(lambda: deaf.tries > 2)
        meanwhile = summaries(here)

        deaf.hears = True
        await until_closed(here)

    assert {(one.outcome, one.report) for one in meanwhile} == {(Outcome.STOPPED, None)}
    assert summaries(here)[-1].report == Report(1_200, 0.03, 4)


async def test_a_server_that_hears_it_is_told_once(here: World) -> None:
    async with running(here):
        await stop(here)
        await until_closed(here)

    assert (len(here.agent.aborted), len(summaries(here))) == (1, 1)


async def test_a_server_that_will_never_take_it_is_not_told_again(here: World) -> None:
    deaf = Deaf(Refused("It has another password."))
    here.agent.aborting = deaf.abort
    async with running(here):
        await stop(here)
        await until_closed(here)

    assert deaf.tries == 1


async def test_nothing_runs_in_a_machine_that_is_not_awake_any_more(here: World) -> None:
    deaf = Deaf(Retriable("not now"))
    here.agent.aborting = deaf.abort
    async with running(here):
        await stop(here)

        await here.keeper.pause(HOME)
        await until_closed(here)

    assert here.agent.aborted == []


async def test_another_turn_of_the_thread_is_not_stopped_in_its_place(here: World) -> None:
    """That one ends what it finds by itself."""
    deaf = Deaf(Retriable("not now"))
    here.agent.aborting = deaf.abort
    async with running(here):
        await stop(here)
        await here.ledger.admit(message(2, thread=THREAD), here.now)
        await until(lambda: message(2).id in here.agent.prompts)

        deaf.hears = True
        await until_closed(here)

    assert here.agent.aborted == []


async def test_what_is_owed_is_still_done_by_the_next_app(here: World) -> None:
    deaf = Deaf(Retriable("not now"))
    here.agent.aborting = deaf.abort
    async with running(here):
        await stop(here)
    before = list(here.agent.aborted)

    deaf.hears = True
    async with running(here):
        await until_closed(here)

    assert (before, len(here.agent.aborted)) == ([], 1)


async def test_a_turn_that_is_given_up_is_stopped_in_the_end_too(here: World) -> None:
    deaf = Deaf(Retriable("not now"))
    here.agent.aborting = deaf.abort
    here.agent.speak = None
    here.agent.refuse[message(1).id] = "Sorry, the model does not exist."
    async with running(here):
        await here.ledger.admit(message(1, thread=THREAD), here.now)
        await until(lambda: bool(summaries(here)))

        deaf.hears = True
        await until_closed(here)

    assert len(here.agent.aborted) == 1
