"""When a server that cannot be reached is believed to be at work, and when it is given up."""

import asyncio

import pytest

from app.ids import ThreadId
from app.sandboxes.keeper import Keeper, name_of
from app.sandboxes.provider import Endpoint, Unclear
from app.sandboxes.waking import DOUBT_SECONDS, Patience
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from tests.fakes.provider import FakeProvider
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


class FarServer(FakeServer):
    """Sometimes nobody can get to it."""

    far = False

    async def answers(self, endpoint: Endpoint, password: str) -> bool:
        if self.far:
            raise Unclear("out of reach")
        return await FakeServer.answers(self, endpoint, password)


class Yard:
    def __init__(self, sqlite: Sqlite) -> None:
        self.provider, self.server, self.now = FakeProvider(), FarServer(), 1_000.0
        self.keeper = Keeper(self.provider, self.server, SqliteShelf(sqlite), lambda: self.now, Patience())

    async def ensure(self) -> bool:
        """Whether it could be told how it is."""
        try:
            await self.keeper.ensure(THREAD, {})
        except Unclear:
            return False
        return True

    async def out_of_reach(self, seconds: float) -> int:
        """Somebody asks once a minute for so long. How often it was started by then."""
        self.server.far = True
        for _ in range(int(seconds // 60) + 1):
            await self.ensure()
            self.now += 60.0
        self.server.far = False
        return len(self.server.boots)


@pytest.fixture
async def yard(sqlite: Sqlite) -> Yard:
    made = Yard(sqlite)
    assert await made.ensure()
    return made


async def test_a_server_that_is_out_of_reach_for_a_while_is_left_alone(yard: Yard) -> None:
    started = await yard.out_of_reach(DOUBT_SECONDS - 60)

    assert started == 1
    assert await yard.ensure()
    assert len(yard.server.boots) == 1


async def test_a_server_that_stays_out_of_reach_is_started_anew(yard: Yard) -> None:
    assert await yard.out_of_reach(DOUBT_SECONDS) == 2


async def test_two_doubts_that_lie_far_apart_are_not_one_that_lasted(yard: Yard) -> None:
    await yard.out_of_reach(0)
    yard.now += 3_600.0

    started = await yard.out_of_reach(0)

    assert started == 1


async def test_a_provider_that_cannot_be_asked_says_nothing_against_the_server(yard: Yard) -> None:
    for _ in range(10):
        yard.provider.fail("endpoint", Unclear("Daytona is down"))
        assert not await yard.ensure()
        yard.now += 60.0

    assert await yard.ensure()
    assert len(yard.server.boots) == 1
    assert [held.instance.name for held in yard.provider.held.values()] == [name_of(THREAD)]


async def test_whoever_leaves_off_looking_takes_no_doubt_back(yard: Yard) -> None:
    await yard.out_of_reach(60)
    hanging, before = yard.provider.hold("endpoint"), yard.provider.count("endpoint")
    looking = asyncio.create_task(yard.keeper.awake(THREAD))
    while yard.provider.count("endpoint") == before:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0.005)
    looking.cancel()
    await asyncio.wait([looking])
    hanging.set()

    started = await yard.out_of_reach(60)

    assert started == 2
