"""Fifty threads in which questions keep coming, while the clock stops, deletes and compares machines as fast as it can:
nothing is lost, nothing is answered twice, and no machine is stopped under a turn that runs on it.

RACE_SECONDS says for how long at least; a minute has been run.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.ids import SessionId, ThreadId, TurnId
from app.sandboxes.housekeeping import Housekeeping
from app.sandboxes.keeper import name_of
from app.sandboxes.ports import Machine
from app.sandboxes.provider import Instance
from app.store.ledger import SqliteLedger
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.machine import Stage
from app.turns.ports import Prompt
from app.turns.progress import Progress
from app.turns.runner import Pace
from tests.fakes.agent import FakeAgent
from tests.fakes.provider import FakeProvider
from tests.samples import message
from tests.turns.engine import World

SECONDS = float(os.environ.get("RACE_SECONDS", "5"))
THREADS = [ThreadId(str(400_000_000_000_000_000 + number)) for number in range(50)]


@dataclass(slots=True)
class SlowAgent(FakeAgent):
    """A prompt runs on its machine until its answer is taken."""

    running: Counter[str] = field(default_factory=Counter)
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    async def prompt(self, machine: Machine, session: SessionId, prompt: Prompt) -> None:
        self.running[machine.thread] += 1
        await FakeAgent.prompt(self, machine, session, prompt)

    async def follow(self, machine: Machine, session: SessionId, turn: TurnId) -> AsyncGenerator[Progress, None]:
        await asyncio.sleep(self.dice.uniform(0.0, 0.1))
        async for progress in FakeAgent.follow(self, machine, session, turn):
            if progress.ended:
                self.running[machine.thread] -= 1
            yield progress


class WatchedProvider(FakeProvider):
    """Takes its time, and notes whatever it has to stop or delete while a turn runs there."""

    def __init__(self, agent: SlowAgent) -> None:
        super().__init__()
        self.agent = agent
        self.violations: list[str] = []
        self.dice = random.Random(2)

    async def _dawdle(self) -> None:
        await asyncio.sleep(self.dice.uniform(0.0, 0.03))

    def _watch(self, verb: str, ref: str) -> None:
        held = self.held.get(ref)
        if held and any(self.agent.running[thread] for thread in THREADS if name_of(thread) == held.instance.name):
            self.violations.append(f"{verb} {held.instance.name}")

    async def create(self, name: str, labels: Mapping[str, str], *, within: float) -> Instance:
        await self._dawdle()
        return await super().create(name, labels, within=within)

    async def start(self, ref: str, *, within: float) -> None:
        await self._dawdle()
        await super().start(ref, within=within)

    async def stop(self, ref: str) -> None:
        await self._dawdle()
        self._watch("stop", ref)
        await super().stop(ref)

    async def delete(self, ref: str) -> None:
        await self._dawdle()
        self._watch("delete", ref)
        await super().delete(ref)


async def ask(ledger: SqliteLedger, provider: FakeProvider) -> list[TurnId]:
    """Somebody with fifty threads and never much time between two questions, until enough has happened."""
    until = time.time() + SECONDS
    dice = random.Random(3)
    asked: list[TurnId] = []
    while time.time() < until or provider.count("stop") < 50 or provider.count("delete") < 5:
        request = message(len(asked), f"question {len(asked)}", dice.choice(THREADS))
        await ledger.admit(request, time.time())
        asked.append(request.id)
        await asyncio.sleep(dice.uniform(0.0, 0.06))
    return asked


async def keep_house(rounds: Housekeeping) -> None:
    while True:
        for job in (rounds.pause_idle, rounds.destroy_expired, rounds.reconcile):
            await job()
            await asyncio.sleep(0.01)


@pytest.mark.anyio
@pytest.mark.timeout(SECONDS + 120)
async def test_threads_that_race_with_the_clock_lose_nothing(sqlite: Sqlite, tmp_path: Path) -> None:
    ledger, shelf, agent = SqliteLedger(sqlite), SqliteShelf(sqlite), SlowAgent()
    provider = WatchedProvider(agent)
    here = World(sqlite, ledger, shelf, agent=agent, provider=provider, clock=time.time)
    engine, chat = here.engine(pace=Pace(idle=0.02)), here.chat
    rounds = Housekeeping(here.keeper, provider, shelf, time.time, idle_seconds=0.05, paused_seconds=0.3)
    work = [asyncio.create_task(engine.run()), asyncio.create_task(keep_house(rounds))]

    asked = await ask(ledger, provider)
    while await ledger.count_live_turns():  # noqa: ASYNC110 - the store has no event for it
        await asyncio.sleep(0.05)
    for task in work:
        task.cancel()
    ended = await asyncio.gather(*work, return_exceptions=True)

    assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended
    turns = [await ledger.turn(id) for id in asked]
    assert Counter(turn.stage for turn in turns if turn) == {Stage.DELIVERED: len(asked)}
    assert Counter(run for _, run in agent.runs) == Counter(asked)
    said = Counter(posted.content for thread in THREADS for posted in chat.channels.get(thread, []))
    assert all(said[f"answer to {id}"] == 1 for id in asked)
    assert provider.violations == []
