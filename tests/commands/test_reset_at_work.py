"""A reset in the middle of the work, with the real runner, keeper and store, on a world of fakes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.commands import reset
from app.commands.door import Visitor
from app.commands.ports import Room
from app.ids import ThreadId
from app.sandboxes.keeper import Keeper
from app.sandboxes.waking import Patience
from app.store.asks import SqliteAsks
from app.store.catalogue import SqliteCatalogue
from app.store.places import SqlitePlaces
from app.store.preferences import SqlitePreferences
from app.turns.machine import Stage
from app.turns.routing import Policy
from app.turns.runner import Pace
from app.words.machine import RESET_DONE
from tests.fakes.console import FakeConsole
from tests.fakes.replies import FakeReplies
from tests.fakes.rewinder import FakeRewinder
from tests.fakes.workbench import FakeWorkbench
from tests.samples import ALICE, message
from tests.turns.engine import World, world
from tests.web.door import Edits, FakeSights

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000001")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


@asynccontextmanager
async def running(here: World) -> AsyncIterator[None]:
    engine = asyncio.create_task(here.engine(pace=Pace(renewal=0.02, idle=0.001)).run())
    try:
        yield
    finally:
        engine.cancel()
        await asyncio.wait([engine])


def room(here: World) -> Room:
    keeper = Keeper(here.provider, here.server, here.shelf, lambda: here.now, Patience())
    places = SqlitePlaces(here.sqlite)
    return Room(
        here.ledger,
        SqliteAsks(here.sqlite),
        SqlitePreferences(here.sqlite),
        SqliteCatalogue(here.sqlite),
        places,
        here.shelf,
        keeper,
        FakeRewinder([]),
        FakeReplies([]),
        Edits([]),
        Policy(),
        None,
        lambda: here.now,
        FakeWorkbench([]),
        FakeConsole([]),
        FakeSights([]),
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the fakes have no event for everything
            await asyncio.sleep(0.005)


def said(here: World) -> list[str]:
    return [posted.content for posted in here.chat.channels.get(THREAD, [])]


async def test_what_was_at_work_is_never_answered_and_what_waited_is_on_a_new_machine(here: World) -> None:
    here.agent.speak = asyncio.Event()
    first, second = message(1, thread=THREAD), message(2, thread=THREAD)
    await here.ledger.admit(first, here.now)
    await here.ledger.admit(second, here.now)

    async with running(here):
        await here.agent.thinking.wait()
        report = await reset.reset(Visitor(first.place, ALICE), room(here))
        here.agent.lose_session(THREAD)
        here.agent.speak.set()
        await until(lambda: f"answer to {second.id}" in said(here))
        await until(lambda: any(text.startswith("and its end") for text in said(here)))

    ended = await here.ledger.turn(first.id)
    assert report.text == RESET_DONE
    assert report.aloud is not None
    assert report.aloud.endswith("was stopped.")
    assert ended is not None
    assert ended.stage is Stage.CANCELLED
    assert f"answer to {first.id}" not in said(here)
    assert [verb for verb, _ in here.provider.calls if verb in ("create", "delete")] == ["create", "delete", "create"]
    assert len(here.provider.held) == 1


async def test_a_machine_that_is_still_being_made_is_made_and_thrown_away(here: World) -> None:
    made, here.agent.speak = here.provider.hold("create"), asyncio.Event()
    asked = message(1, thread=THREAD)
    await here.ledger.admit(asked, here.now)

    async with running(here):
        await until(lambda: ("create", f"opencord-{THREAD}") in here.provider.calls)
        resetting = asyncio.ensure_future(reset.reset(Visitor(asked.place, ALICE), room(here)))
        made.set()
        report = await resetting

    ended = await here.ledger.turn(asked.id)
    assert report.text == RESET_DONE
    assert ended is not None
    assert ended.stage is Stage.CANCELLED
    assert here.provider.held == {}
    assert said(here) == []
