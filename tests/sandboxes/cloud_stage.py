"""The engine with everything real but Discord, before the simulated Daytona; OpenCode in the sandboxes is the fake one.

Time is real, and leaps over waiting: while every turn is postponed and nobody is at work on a machine, the clock goes
on to when the first one is due.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import structlog

from app.background import meanwhile
from app.connections import open_http
from app.ids import SessionId, ThreadId, TurnId
from app.opencode.agent import OpenCodeAgent, Patience
from app.opencode.config import Options
from app.opencode.server import OpenCodeServer
from app.sandboxes import waking
from app.sandboxes.daytona.provider import DaytonaProvider
from app.sandboxes.files import Files
from app.sandboxes.housekeeping import Housekeeping
from app.sandboxes.keeper import Keeper, name_of
from app.sandboxes.local import processes
from app.sandboxes.machine import PASSING
from app.sandboxes.machine import State as Row
from app.sandboxes.ports import Sandbox
from app.store.asks import SqliteAsks
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.preferences import SqlitePreferences
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Books
from app.turns.engine import Engine, Habits, World
from app.turns.machine import Stage
from app.turns.preferences import Preference
from app.turns.records import Turn
from app.turns.routing import Policy
from app.turns.runner import Pace
from scripts.playground.daytona import DaytonaSimulator, State
from scripts.playground.daytona import Sandbox as Held
from scripts.playground.daytona.inside import MARK
from scripts.playground.model import MODEL, ScriptedModel
from tests.fakes import opencode_program
from tests.fakes.chat import FakeChat
from tests.fakes.moving import FakeFreight, FakeMigration
from tests.samples import message, spoken
from tests.sandboxes.daytona_stage import provider_of

THREAD = ThreadId("400000000000000001")
SECRETS = ("zen-key-of-the-operator", "ghp_of_the_operator")
PATIENCE = Patience(poll=0.1, settle=0.2, settle_unanswered=0.4, idle=1.0, stored=1.0, read=0.4, miss=0.05)
GATED = "!bash touch begun; until [ -e go ]; do sleep 0.02; done\n!say done"  # a turn that waits at a gate
IDLE, EXPIRED = 1_800.0, 10_800.0  # seconds of the scene's clock
WITHIN = 20.0  # real seconds for whatever is waited for


@dataclass(slots=True)
class Clock:
    ahead: float = 0.0  # of real time

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass(slots=True)
class Scene:
    clock: Clock
    daytona: DaytonaSimulator
    model: ScriptedModel
    ledger: SqliteLedger
    shelf: SqliteShelf
    provider: DaytonaProvider
    keeper: Keeper
    rounds: Housekeeping
    chat: FakeChat
    engine: Engine
    logs: list[Any]
    turns: list[TurnId] = field(default_factory=list)

    # What a person does, and sees

    async def begin(self, prompt: str, thread: ThreadId | None = THREAD) -> TurnId:
        """Ask in the thread; None: in the channel, which opens one."""
        self.chat.newest += 1  # ids grow with time, whoever writes
        request = message(self.chat.newest - int(message(0).id), prompt, thread)
        self.turns.append(request.id)
        await self.ledger.admit(request, self.clock())
        self.engine.nudge()
        return request.id

    async def ask(self, prompt: str, thread: ThreadId | None = THREAD) -> Turn:
        """And wait for what becomes of it."""
        return await self.ended(await self.begin(prompt, thread))

    async def ended(self, id: TurnId) -> Turn:
        async with asyncio.timeout(WITHIN):
            while (turn := await self.turn(id)).stage not in (Stage.DELIVERED, Stage.FAILED):
                await self._leap()
                await asyncio.sleep(0.02)
        return turn

    async def begin_gated(self) -> TurnId:
        """Ask for what is done when the gate is opened, and wait until it is under way."""
        id = await self.begin(GATED)
        await self.until(self.at_gate)
        async with asyncio.timeout(WITHIN):
            while (await self.turn(id)).stage is not Stage.PROMPTED:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        return id

    def at_gate(self) -> bool:
        return any((one.home / "workspace" / "begun").exists() for one in self.daytona.sandboxes)

    def open_gate(self) -> None:
        (self.machine.home / "workspace" / "go").touch()

    def said(self, thread: str = THREAD) -> list[str]:
        answers = [spoken(posted.content) for posted in self.chat.channels.get(thread, [])]
        return [*(text for _, text in self.chat.announced), *answers]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Time leaps meanwhile."""
        async with asyncio.timeout(WITHIN):
            while not condition():
                await self._leap()
                await asyncio.sleep(0.02)

    # What lies behind it

    async def turn(self, id: TurnId) -> Turn:
        turn = await self.ledger.turn(id)
        assert turn is not None
        return turn

    async def row(self, thread: ThreadId = THREAD) -> Sandbox:
        row = await self.shelf.sandbox_of(thread)
        assert row is not None
        return row

    async def session(self) -> SessionId:
        session = (await self.row()).session
        assert session is not None
        return session

    @property
    def machine(self) -> Held:
        """The only one."""
        (machine,) = self.daytona.sandboxes
        return machine

    def postponed(self) -> list[Any]:
        return [line for line in self.logs if line["event"] == "turn.postponed"]

    def orders(self) -> int:
        """How often a machine was asked for."""
        return sum((one.plane, one.method, one.path) == ("api", "POST", "/sandbox") for one in self.daytona.requests)

    def launches(self) -> int:
        """How often a server was started."""
        return [line["event"] for line in self.logs].count("sandbox.launched")

    def questions(self) -> int:
        """How often the model was asked something, and not just told what its tools did."""
        return sum(body["messages"][-1]["role"] == "user" for body in self.model.requests)

    async def signal_server(self, number: int) -> None:
        """The others of the machine are left alone."""
        for server in await asyncio.to_thread(self._servers, self.machine.id):
            server.send_signal(number)
            if number == signal.SIGKILL:
                await asyncio.to_thread(server.wait, WITHIN)

    async def _leap(self) -> None:
        now, live = self.clock(), await self.ledger.live_turns()
        held = any(row.is_held(now) for row in await self.shelf.standing())
        due = min((turn.due_at for turn in live), default=0.0)
        if due > now and not held:
            self.clock.ahead = max(self.clock.ahead, due - time.time())  # several may leap at once
            self.engine.nudge()

    def _servers(self, id: str) -> list[psutil.Process]:
        """Those of the machine that listen."""
        found = []
        for process in processes.belonging(lambda env: env.get(MARK) == id):
            with suppress(psutil.Error):
                found += [process] if process.net_connections() else []
        return found

    # What must be true in the end, whatever happened

    async def check(self) -> None:
        await self._check_turns()
        await self._check_machines()
        self._check_words()

    async def _check_turns(self) -> None:
        for id in self.turns:
            turn = await self.turn(id)
            assert turn.stage is Stage.DELIVERED, turn
            posted = [one.content for one in self.chat.channels[str(turn.thread)] if (one.nonce or "").startswith(id)]
            said = [content.text for content in self.chat.compose(turn.answer or "", turn.asker.id)]
            assert posted[-len(said) :] == said, "everything"
            assert len(posted) == len(set(posted)), "and once"

    async def _check_machines(self) -> None:
        rows = {row.name: row for row in await self.shelf.standing()}
        assert not [row for row in rows.values() if row.state in PASSING or row.is_held(self.clock())], rows
        assert sorted(one.name for one in self.daytona.sandboxes) == sorted(
            row.name for row in rows.values() if row.state in (Row.ACTIVE, Row.PAUSED)
        ), rows
        for machine in self.daytona.sandboxes:
            wanted = State.STARTED if rows[machine.name].state is Row.ACTIVE else State.STOPPED
            assert (machine.name, machine.state) == (machine.name, wanted)
        awake = {machine.id for machine in self.daytona.sandboxes if machine.state is State.STARTED}
        root = f"{self.daytona.root}{os.sep}"
        left = processes.belonging(lambda env: env.get("HOME", "").startswith(root) and env.get(MARK) not in awake, [])
        assert left == []

    def _check_words(self) -> None:
        ids = [machine.id for machine in self.daytona.records.values()]
        told = [text for _, text in self.chat.told]
        said = "\n".join(told + [text for thread in self.chat.channels for text in self.said(thread)])
        for word in [*SECRETS, self.daytona.api_key, *ids, name_of(THREAD), "ses_", "Traceback", "http://", "Error"]:
            assert word not in said, f"{word} was said: {said}"
        lines = repr(self.logs)
        for secret in [*SECRETS, self.daytona.api_key]:
            assert secret not in lines
        assert not [line for line in self.logs if str(line["event"]).endswith(".defect")]


@asynccontextmanager
async def scene(folder: Path, **changes: Any) -> AsyncIterator[Scene]:
    """`changes` are the provider's arguments, but for `minute`: the seconds of Daytona's minutes."""
    binaries = folder / "bin"
    opencode_program.install(binaries)
    _without_git(binaries)
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(structlog.testing.capture_logs())
        stack.enter_context(_impatience())
        model = await stack.enter_async_context(ScriptedModel())
        daytona = DaytonaSimulator(folder / "cloud", path, minute=changes.pop("minute", 60.0))
        await stack.enter_async_context(daytona)
        daytona.boot_seconds = daytona.stop_seconds = 0.02
        daytona.stop_grace = 1.0
        daytona.add_snapshot("agent")
        sqlite = Sqlite(folder / "turns.sqlite")
        await sqlite.open()
        stack.push_async_callback(sqlite.close)
        http = await stack.enter_async_context(open_http())
        made = _scene(daytona, model, sqlite, http, logs, changes)
        stack.push_async_callback(made.provider.close)
        stack.push_async_callback(made.keeper.close)
        await stack.enter_async_context(meanwhile(made.engine.run()))
        yield made


def _without_git(folder: Path) -> None:
    """A workspace that is a repository takes longer than most tests."""
    (folder / "git").write_text("#!/bin/sh\n")
    (folder / "git").chmod(0o755)


@contextmanager
def _impatience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.opencode.server.PAUSE_SECONDS", 0.05)
        yield


def _scene(
    daytona: DaytonaSimulator,
    model: ScriptedModel,
    sqlite: Sqlite,
    http: httpx.AsyncClient,
    logs: list[Any],
    changes: dict[str, Any],
) -> Scene:
    clock, ledger, shelf = Clock(), SqliteLedger(sqlite), SqliteShelf(sqlite)
    known = {"options": {"baseURL": model.url}, "models": {MODEL: {}}}
    options = Options(
        f"playground/{MODEL}", zen_key=SECRETS[0], github_token=SECRETS[1], extra={"provider": {"playground": known}}
    )
    patience = changes.pop("patience", waking.Patience(creation=10.0, resumption=10.0))
    provider, server = provider_of(daytona, **changes), OpenCodeServer(http, options)
    machines = Keeper(provider, server, shelf, clock, patience)
    rounds = Housekeeping(machines, provider, shelf, clock, idle_seconds=IDLE, paused_seconds=EXPIRED)
    agent, chat = OpenCodeAgent(http, f"playground/{MODEL}", clock, PATIENCE), FakeChat(clock)
    books = Books(
        ledger, SqliteParcels(sqlite), SqliteAsks(sqlite), SqlitePreferences(sqlite, {Preference.ROUTING: "off"})
    )
    habits = Habits(patience=IDLE, pace=Pace(idle=0.05), closing=0.05)
    world = World(chat, chat, agent, machines, Files(provider, shelf), FakeMigration(), FakeFreight())
    engine = Engine(books, world, Policy(), habits, clock)
    return Scene(clock, daytona, model, ledger, shelf, provider, machines, rounds, chat, engine, logs)
