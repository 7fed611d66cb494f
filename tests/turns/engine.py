"""A whole engine on fakes and a real database, that can die at any moment.

Death is what kill -9 is: from the chosen call on, nothing that the engine does reaches anybody, neither the world nor
its own database; half of the time the fatal call still took effect, and only its answer was lost.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from app.ids import SessionId, ThreadId
from app.sandboxes.keeper import Keeper
from app.sandboxes.ports import Endpoint, Labels, Machine
from app.store.ledger import SqliteLedger
from app.store.sqlite import Sqlite
from app.turns.ports import Agent, Chat, Ledger
from app.turns.routing import Policy
from app.turns.runner import Pace, Runner
from app.turns.steps import Steps
from tests.fakes.agent import FakeAgent
from tests.fakes.chat import FakeChat


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


class Shelter:
    """A keeper whose machines are always awake: this suite is about turns."""

    def __init__(self) -> None:
        self.sessions: dict[ThreadId, SessionId] = {}

    async def ensure(self, thread: ThreadId, labels: Labels) -> Machine:
        return Machine(thread, Endpoint("http://127.0.0.1:1"), "password", self.sessions.get(thread))

    async def remember_session(self, thread: ThreadId, session: SessionId) -> None:
        self.sessions[thread] = session

    async def touch(self, thread: ThreadId) -> None:
        return


@dataclass(slots=True)
class World:
    """What outlives the engine: the database file, Discord, OpenCode, the machines, and time."""

    ledger: SqliteLedger
    now: float = 1_000.0
    agent: FakeAgent = field(default_factory=FakeAgent)
    shelter: Shelter = field(default_factory=Shelter)
    chat: FakeChat = field(init=False)
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        self.chat = FakeChat(lambda: self.now)

    def runner(self, fate: Fate, pace: Pace | None = None) -> Runner:
        ledger = cast(Ledger, fate.bind(self.ledger))
        steps = Steps(
            ledger,
            cast(Chat, fate.bind(self.chat)),
            cast(Agent, fate.bind(self.agent)),
            cast(Keeper, fate.bind(self.shelter)),
            self.policy,
        )
        return Runner(ledger, steps, lambda: self.now, pace or Pace(idle=0.001))

    async def live(self, fate: Fate | None = None, until: Callable[[], bool] | None = None) -> None:
        """Run an engine until it dies or nothing is left to do; postponed turns come due as time is made to pass."""
        engine = asyncio.create_task(self.runner(fate or Fate()).run())
        with suppress(Death, asyncio.CancelledError, BaseExceptionGroup):
            while not engine.done() and await self.ledger.live_turns():
                await asyncio.sleep(0.002)
                self.now += 1.0
        engine.cancel()
        await asyncio.wait([engine])
        self.now += 300.0  # past every lease, and past the time that Discord remembers a nonce


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    sqlite = Sqlite(folder / "turns.sqlite")
    await sqlite.open()
    try:
        yield World(SqliteLedger(sqlite))
    finally:
        await sqlite.close()
