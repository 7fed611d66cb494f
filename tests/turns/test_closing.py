"""How the status message of a turn that is over comes to say so, whatever happens beside it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import ThreadId
from app.turns.errors import Refused, Retriable
from app.turns.progress import Report
from app.turns.status import Outcome, Summary
from tests.fakes.agent import FakeAgent
from tests.samples import message
from tests.turns.engine import World, running, until, world
from tests.turns.test_display import THREAD, shown, until_ended

pytestmark = pytest.mark.anyio
OTHER = "400000000000000002"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def summary_of(here: World, number: int = 1) -> Summary | None:
    last = shown(here, number)[-1] if shown(here, number) else None
    return last if isinstance(last, Summary) else None


async def test_a_turn_whose_machine_does_not_tell_what_was_done_holds_up_nobody_else(here: World) -> None:
    here.agent.unreported = {message(1).id}
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until_ended(here)
        await here.ledger.admit(message(2, thread=OTHER), here.now)
        await until(lambda: summary_of(here, 2) is not None)

    assert summary_of(here, 1) is None


async def test_a_summary_does_without_what_the_machine_does_not_tell(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.turns.closing.REPORT_SECONDS", 0.05)
    here.agent.unreported = {message(1).id}
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    summary = summary_of(here)
    assert summary is not None
    assert (summary.outcome, summary.report) == (Outcome.DONE, None)


async def test_a_defect_in_telling_what_was_done_costs_nothing_but_that(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def report(*_: object) -> Report:
        raise ZeroDivisionError

    monkeypatch.setattr(FakeAgent, "report", report)
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    summary = summary_of(here)
    assert summary is not None
    assert (summary.outcome, summary.report) == (Outcome.DONE, None)


async def test_an_edit_that_arrives_after_the_end_does_not_stay(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hung at Discord while the turn was thrown away and closed."""
    monkeypatch.setattr("app.turns.display.FINISHING_SECONDS", 0.01)
    here.chat.hanging, here.agent.speak = asyncio.Event(), asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.chat.hung.wait()
        await here.ledger.cancel(ThreadId(THREAD))
        await until(lambda: summary_of(here) is not None)
        before = len(shown(here))

        here.chat.hanging.set()
        await until(lambda: len(shown(here)) > before + 1)

    assert summary_of(here) is not None


async def test_a_summary_that_cannot_be_shown_holds_up_no_other(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.turns.closing.AT_ONCE", 1)
    here.chat.failures[f"show_summary {message(1).id}"] = Retriable("not now")
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until_ended(here)
        await here.ledger.admit(message(2, thread=OTHER), here.now)
        await until(lambda: summary_of(here, 2) is not None)

    assert summary_of(here, 1) is None


LOCKED, UNKNOWN = "Sorry, this thread is locked.", "Sorry, the model does not exist."


@pytest.mark.parametrize(("apology", "reason"), [(None, LOCKED), (UNKNOWN, UNKNOWN)], ids=["answer", "apology"])
async def test_what_cannot_be_posted_at_all_is_told_of_in_the_summary(
    here: World, apology: str | None, reason: str
) -> None:
    here.chat.failures["post"] = Refused(LOCKED)
    if apology is not None:
        here.agent.refuse[message(1).id] = apology
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    summary = summary_of(here)
    assert summary is not None
    assert (summary.outcome, summary.reason) == (Outcome.FAILED, reason)


async def test_an_apology_that_stands_in_the_thread_is_not_said_twice(here: World) -> None:
    here.agent.refuse[message(1).id] = UNKNOWN
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await here.live()

    summary = summary_of(here)
    assert summary is not None
    assert (summary.outcome, summary.reason) == (Outcome.FAILED, "")
