"""A whole engine on fakes and a real database, that can die at any moment.

Death is what kill -9 is: from the chosen call on, nothing that the engine does reaches anybody, neither the world nor
its own database; half of the time the fatal call still took effect, and only its answer was lost.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Server, Shelf
from app.sandboxes.provider import Provider
from app.sandboxes.waking import Patience
from app.store.asks import SqliteAsks
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.preferences import SqlitePreferences
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns import engine as turns
from app.turns.books import Asks, Books, Ledger, Parcels
from app.turns.carriers import Freight, Migration
from app.turns.engine import Engine, Habits
from app.turns.ports import Agent, Chat, Router, Threads
from app.turns.preferences import Values
from app.turns.progress import Allowed
from app.turns.routing import Policy
from app.turns.runner import Pace
from tests.fakes.agent import FakeAgent
from tests.fakes.chat import FakeChat
from tests.fakes.files import FakeFiles
from tests.fakes.moving import FakeFreight, FakeMigration
from tests.fakes.provider import FakeProvider
from tests.fakes.server import FakeServer

# Time flies here, and nobody renews a lease that fast: it outlasts whatever a turn waits for, and no death.
PACE = Pace(lease=1_500.0, idle=0.001, heed=0.01)


class Death(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Fate:
    """Dies at the `fatal`-th call (0: never), after it took effect or before."""

    fatal: int = 0
    after_effect: bool = False
    calls: int = 0
    dead: bool = False

    def bind(self, port: object) -> Any:
        return Mortal(port, self)


class Mortal:
    """A port whose every awaited call may be the last."""

    def __init__(self, port: object, fate: Fate) -> None:
        self._port = port
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if inspect.isasyncgenfunction(method):
            return lambda *args, **kwargs: self._each(method(*args, **kwargs))
        if not asyncio.iscoroutinefunction(method):
            return method
        return lambda *args, **kwargs: self._call(lambda: method(*args, **kwargs))

    async def _call(self, act: Callable[[], Awaitable[Any]]) -> Any:
        fate = self._fate
        fate.calls += 1
        is_fatal = fate.calls == fate.fatal  # others call while this one is awaited
        if is_fatal and fate.after_effect:
            await act()
        if fate.dead or is_fatal:
            fate.dead = True
            raise Death
        return await act()

    async def _each(self, seen: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
        while True:
            try:
                yield await self._call(seen.__anext__)
            except StopAsyncIteration:
                return


@dataclass(slots=True)
class World:
    """What outlives the engine: the database file, Discord, OpenCode, the machines, and time."""

    sqlite: Sqlite
    ledger: SqliteLedger
    shelf: SqliteShelf
    now: float = 1_000.0
    agent: FakeAgent = field(default_factory=FakeAgent)
    provider: FakeProvider = field(default_factory=FakeProvider)
    server: FakeServer = field(default_factory=FakeServer)
    files: FakeFiles = field(default_factory=FakeFiles)
    migration: FakeMigration = field(default_factory=FakeMigration)
    freight: FakeFreight = field(default_factory=FakeFreight)
    chat: FakeChat = field(init=False)
    keeper: Keeper = field(init=False)  # of the last engine
    policy: Policy = field(default_factory=Policy)
    operator: Values = field(default_factory=dict)
    router: Router | None = None
    clock: Callable[[], float] | None = None  # None: time stands still, but for what a test does to `now`
    patience: float = 1_800.0  # seconds that an agent waits for a person

    def time(self) -> float:
        return self.now if self.clock is None else self.clock()

    @property
    def asks(self) -> SqliteAsks:
        return SqliteAsks(self.sqlite)

    @property
    def preferences(self) -> SqlitePreferences:
        return SqlitePreferences(self.sqlite, self.operator)

    def __post_init__(self) -> None:
        self.chat = FakeChat(self.time)

    def engine(self, fate: Fate | None = None, pace: Pace | None = None) -> Engine:
        fate = fate or Fate()
        books = Books(
            cast(Ledger, fate.bind(self.ledger)),
            cast(Parcels, fate.bind(SqliteParcels(self.sqlite))),
            cast(Asks, fate.bind(self.asks)),
            self.preferences,
        )
        provider, server = cast(Provider, fate.bind(self.provider)), cast(Server, fate.bind(self.server))
        shelf = cast(Shelf, fate.bind(self.shelf))
        self.keeper = Keeper(provider, server, shelf, self.time, Patience())
        threads, chat = cast(Threads, fate.bind(self.chat)), cast(Chat, fate.bind(self.chat))
        agent = cast(Agent, fate.bind(self.agent))
        habits = Habits(self.patience, pace or PACE, pauses=((0.0, 0.0),), closing=0.01)
        migration = cast(Migration, fate.bind(self.migration))
        freight = cast(Freight, fate.bind(self.freight))
        world = turns.World(threads, chat, agent, self.keeper, self.files, migration, freight, self.router)
        return Engine(books, world, self.policy, habits, self.time)

    async def live(self, fate: Fate | None = None) -> None:
        """Run an engine until it dies or nothing is left to do. Time passes meanwhile, so that what was postponed
        comes due. An engine that ends in any other way is a failure."""
        engine = asyncio.create_task(self.engine(fate).run())
        while not engine.done() and (await self.ledger.live_turns() or await self.ledger.unclosed(1)):
            await asyncio.sleep(0.002)
            self.now += 1.0
            await self._decide()
        engine.cancel()
        (ended,) = await asyncio.gather(engine, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError) or is_death(ended), ended
        self.now += 2_000.0  # past every lease, and past the time that Discord remembers a nonce

    async def _decide(self) -> None:
        """Somebody who allows whatever is asked, as soon as it is shown."""
        for request in self.agent.asks:
            for asked in await self.asks.of_turn(request):
                if asked.message is not None:
                    await self.asks.decide(asked.turn, asked.ask.id, Allowed(always=False), "alice")


def is_death(ended: BaseException | None) -> bool:
    if isinstance(ended, BaseExceptionGroup):
        return all(is_death(inner) for inner in ended.exceptions)
    return isinstance(ended, Death)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    sqlite = Sqlite(folder / "turns.sqlite")
    await sqlite.open()
    try:
        here = World(sqlite, SqliteLedger(sqlite), SqliteShelf(sqlite))
        here.ledger = SqliteLedger(sqlite, lambda: here.now)
        yield here
    finally:
        await sqlite.close()


@asynccontextmanager
async def running(here: World, pace: Pace | None = None) -> AsyncIterator[None]:
    """An engine, until the block ends."""
    engine = asyncio.create_task(here.engine(pace=pace).run())
    try:
        yield
    finally:
        engine.cancel()
        await asyncio.wait([engine])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the fakes have no event for everything
            await asyncio.sleep(0.005)
