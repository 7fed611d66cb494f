"""People who change their minds: stopping what runs, and what becomes of those who wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import SessionId
from app.store.parcels import SqliteParcels
from app.turns.books import Facts
from app.turns.errors import Stopped
from app.turns.machine import Ending, Event, Stage
from app.turns.records import Content, Parcel
from app.turns.status import Outcome, Summary
from tests.samples import message
from tests.turns.engine import World, running, until, world
from tests.turns.test_display import THREAD, shown, turn_of, until_ended

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def said(here: World) -> list[str]:
    return [posted.content.partition("\n-# <@")[0] for posted in here.chat.channels.get(THREAD, [])]


async def test_a_stopped_turn_says_no_more_and_tells_who_stopped_it(here: World) -> None:
    here.agent.speak = asyncio.Event()
    here.agent.texts[message(1).id] = ["I will look."]
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: said(here) == ["I will look."])

        await here.ledger.stop(message(1).id, "alice")
        await until(lambda: isinstance(shown(here)[-1], Summary))

    turn, last = await turn_of(here), shown(here)[-1]
    assert said(here) == ["I will look."]
    assert (turn.stage, turn.ending) == (Stage.CANCELLED, Ending.STOPPED)
    assert here.agent.aborted == [turn.session]
    assert isinstance(last, Summary)
    assert (last.outcome, last.by) == (Outcome.STOPPED, "alice")


async def test_a_turn_that_answers_the_moment_it_is_stopped_says_nothing_of_it(here: World) -> None:
    """The wish is in the ledger before whoever works on the turn has looked for it."""
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    for event in (Event.ACCEPTED, Event.THREAD_OPENED, Event.PROMPT_SENT):
        await here.ledger.claim("mine", here.now, here.now + 15)
        await here.ledger.record(message(1).id, "mine", event, Facts(session=SessionId("ses_1")))
    await here.ledger.stop(message(1).id, "alice")

    with pytest.raises(Stopped):
        await here.ledger.record(message(1).id, "mine", Event.ANSWER_TAKEN, Facts(answer="42"))
    with pytest.raises(Stopped):
        await SqliteParcels(here.sqlite).add(message(1).id, "mine", [Parcel(0, Content("4"), "n-0")])


async def test_what_waits_behind_a_stopped_turn_goes_on(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    await here.ledger.admit(message(2, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()

        await here.ledger.stop(message(1).id, "alice")
        await until(lambda: len(here.agent.runs) == 2)
        here.agent.speak.set()
        await until(lambda: len(said(here)) == 2)

    assert [turn for _, turn in here.agent.runs] == [message(1).id, message(2).id]


async def test_a_turn_that_was_stopped_while_nobody_worked_on_it_never_runs_again(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()
    await here.ledger.stop(message(1).id, "alice")

    here.agent.speak.set()
    await here.live()

    assert (await turn_of(here)).stage is Stage.CANCELLED
    assert said(here) == []
    assert len(here.agent.runs) == 1


async def test_a_turn_is_stopped_while_its_machine_comes_up(here: World) -> None:
    here.provider.hold("create")
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: here.provider.count("create") > 0)

        await here.ledger.stop(message(1).id, "alice")
        await until_ended(here)

    assert (await turn_of(here)).ending is Ending.STOPPED
    assert here.agent.runs == []


async def test_a_hastened_turn_is_asked_first(here: World) -> None:
    here.agent.speak = asyncio.Event()
    for number in (1, 2, 3):
        await here.ledger.admit(message(number, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: bool(shown(here, 3)) and bool(here.agent.runs))

        await here.ledger.hasten(message(3).id)
        here.agent.speak.set()
        await until(lambda: len(here.agent.runs) == 3)

    assert [turn for _, turn in here.agent.runs] == [message(number).id for number in (1, 3, 2)]


async def test_stopping_does_not_wait_for_discord(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.turns.display.FINISHING_SECONDS", 60.0)  # longer than this test takes
    here.chat.hanging, here.agent.speak = asyncio.Event(), asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    async with running(here):
        await here.agent.thinking.wait()
        await here.chat.hung.wait()

        await here.ledger.stop(message(1).id, "alice")
        await until(lambda: bool(here.agent.aborted))
        here.chat.hanging.set()
        await until(lambda: isinstance(shown(here)[-1], Summary))
        while await here.ledger.unclosed(1):  # noqa: ASYNC110 - the ledger has no event for it
            await asyncio.sleep(0.005)

    assert len([one for one in shown(here) if isinstance(one, Summary)]) == 1
