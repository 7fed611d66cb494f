"""A whole engine on fakes and a real database, that can die at any moment.

Death is what kill -9 is: from the chosen call on, nothing that the engine does reaches anybody, neither the world nor
its own database; half of the time the fatal call still took effect, and only its answer was lost.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Provider, Server, Shelf
from app.sandboxes.waking import Patience
from app.store.ledger import SqliteLedger
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.ports import Agent, Chat, Ledger, Router
from app.turns.routing import Policy
from app.turns.runner import Pace, Runner
from app.turns.steps import Steps
from tests.fakes.agent import FakeAgent
from tests.fakes.chat import FakeChat
from tests.fakes.provider import FakeProvider
from tests.fakes.server import FakeServer


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
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            fate = self._fate
            fate.calls += 1
            if fate.calls == fate.fatal and fate.after_effect:
                await method(*args, **kwargs)
            if fate.dead or fate.calls == fate.fatal:
                fate.dead = True
                raise Death
            return await method(*args, **kwargs)

        return call


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
    chat: FakeChat = field(init=False)
    policy: Policy = field(default_factory=Policy)
    router: Router | None = None

    def __post_init__(self) -> None:
        self.chat = FakeChat(lambda: self.now)

    def runner(self, fate: Fate | None = None, pace: Pace | None = None) -> Runner:
        fate = fate or Fate()
        ledger = cast(Ledger, fate.bind(self.ledger))
        steps = Steps(
            ledger,
            cast(Chat, fate.bind(self.chat)),
            cast(Agent, fate.bind(self.agent)),
            Keeper(
                cast(Provider, fate.bind(self.provider)),
                cast(Server, fate.bind(self.server)),
                cast(Shelf, fate.bind(self.shelf)),
                lambda: self.now,
                Patience(),
            ),
            self.policy,
            self.router,
        )
        return Runner(ledger, steps, lambda: self.now, pace or Pace(idle=0.001))

    async def live(self, fate: Fate | None = None) -> None:
        """Run an engine until it dies or nothing is left to do. Time passes meanwhile, so that what was postponed
        comes due. An engine that ends in any other way is a failure."""
        engine = asyncio.create_task(self.runner(fate).run())
        while not engine.done() and await self.ledger.live_turns():
            await asyncio.sleep(0.002)
            self.now += 1.0
        engine.cancel()
        (ended,) = await asyncio.gather(engine, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError) or is_death(ended), ended
        self.now += 300.0  # past every lease, and past the time that Discord remembers a nonce


def is_death(ended: BaseException | None) -> bool:
    if isinstance(ended, BaseExceptionGroup):
        return all(is_death(inner) for inner in ended.exceptions)
    return isinstance(ended, Death)


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    sqlite = Sqlite(folder / "turns.sqlite")
    await sqlite.open()
    try:
        yield World(sqlite, SqliteLedger(sqlite), SqliteShelf(sqlite))
    finally:
        await sqlite.close()
