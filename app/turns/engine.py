"""Everything that works on turns, put together: who takes their steps, and who closes those that are over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from app.sandboxes.keeper import Keeper
from app.turns.abandoning import Abandoning
from app.turns.asking import Asking
from app.turns.books import Books
from app.turns.carriers import Freight, Migration
from app.turns.closing import PAUSE_SECONDS, Closer
from app.turns.delivery import Delivery
from app.turns.display import PAUSES, Displays
from app.turns.enclosures import Enclosures
from app.turns.moving import Moving
from app.turns.opening import Opening
from app.turns.ports import Agent, Chat, Files, Router, Threads
from app.turns.routing import Policy
from app.turns.runner import Pace, Runner
from app.turns.steps import Steps
from app.turns.work import Work


@dataclass(frozen=True, slots=True)
class World:
    """Whom turns deal with."""

    threads: Threads
    chat: Chat
    agent: Agent
    keeper: Keeper
    files: Files
    migration: Migration
    freight: Freight
    router: Router | None = None  # None: the rules alone decide, and name threads


@dataclass(frozen=True, slots=True)
class Habits:
    """Seconds. `patience` is how long an agent waits for a person."""

    patience: float
    pace: Pace = Pace()  # noqa: RUF009 - it is frozen
    pauses: tuple[tuple[float, float], ...] = PAUSES  # between two edits of a status message, by its age
    closing: float = PAUSE_SECONDS


class Engine:
    def __init__(self, books: Books, world: World, policy: Policy, habits: Habits, clock: Callable[[], float]) -> None:
        """`clock` tells epoch seconds."""
        ledger, chat, agent, keeper = books.ledger, world.chat, world.agent, world.keeper
        preferences, displays = books.preferences, Displays(ledger, books.preferences, chat, habits.pauses)
        delivery, enclosures = Delivery(chat, books.parcels), Enclosures(chat, world.files, books.parcels)
        asking = Asking(books.asks, preferences, chat, agent, clock, habits.patience)
        abandoning = Abandoning(ledger, agent, keeper)
        moving = Moving(ledger, chat, agent, keeper, world.migration, world.freight)
        work = Work(
            ledger, preferences, chat, agent, keeper, displays, delivery, enclosures, asking, abandoning, moving
        )
        opening = Opening(ledger, preferences, world.threads, chat, keeper, world.router)
        steps = Steps(ledger, preferences, chat, opening, displays, work, delivery, policy, world.router)
        self._displays = displays
        self._closer = Closer(ledger, books.asks, chat, displays, agent, keeper, abandoning, habits.closing)
        self._runner = Runner(ledger, steps, clock, habits.pace, self._closer.nudge)

    def nudge(self) -> None:
        """There may be something to do: look now."""
        self._runner.nudge()
        self._closer.nudge()

    async def run(self) -> None:
        """Until cancelled; turns at work are then handed back as they are."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._runner.run())
                group.create_task(self._closer.run())
        finally:
            await self._displays.finish()
