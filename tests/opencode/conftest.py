"""A scripted model, a machine whose OpenCode is the fake one, and what is needed to talk to it."""

import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.connections import open_http
from app.ids import SessionId, ThreadId, TurnId
from app.opencode.agent import OpenCodeAgent, Patience
from app.opencode.client import Client
from app.opencode.config import Options
from app.opencode.server import OpenCodeServer
from app.sandboxes.ports import Machine, Project
from app.turns.ports import Prompt
from app.turns.progress import Progress
from scripts.playground.model import ScriptedModel
from tests.fakes.opencode import FakeOpenCode, OneMachine

PASSWORD = "hunter2-of-the-server"
PATIENCE = Patience(
    poll=0.2,
    pace=0.02,
    settle=0.2,
    settle_unanswered=0.4,
    idle=0.4,
    stored=0.4,
    glance=0.2,
    retry_within=90.0,
    most_retries=3,
)


@pytest.fixture(scope="module")
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http() as http:
        yield http


@pytest.fixture
def options(model: ScriptedModel) -> Options:
    provider = {"options": {"baseURL": model.url}, "models": {"scripted": {}}}
    return Options("playground/scripted", extra={"provider": {"playground": provider}})


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[OneMachine]:
    home, binaries = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    binaries.mkdir()
    (binaries / "opencode").touch(mode=0o755)
    provider = OneMachine(home, f"{binaries}{os.pathsep}{os.environ['PATH']}")
    yield provider
    await provider.close()


@pytest.fixture
def server(http: httpx.AsyncClient, options: Options) -> OpenCodeServer:
    return OpenCodeServer(http, options, most_foreign=3)


@dataclass(slots=True)
class Desk:
    """An agent with one machine, one session, and the fake that stands behind them."""

    agent: OpenCodeAgent
    machine: Machine
    session: SessionId
    fake: FakeOpenCode
    client: Client
    http: httpx.AsyncClient

    async def prompt(self, turn: str, text: str) -> None:
        await self.agent.prompt(self.machine, self.session, Prompt(TurnId(turn), text))

    async def follow(self, turn: str) -> list[Progress]:
        """To the end."""
        return [progress async for progress in self.agent.follow(self.machine, self.session, TurnId(turn))]

    async def answer(self, turn: str) -> str:
        last = (await self.follow(turn))[-1]
        return "\n\n".join([*(text.text for text in last.texts), *filter(None, [last.remark])])


@pytest.fixture
async def desk(http: httpx.AsyncClient, provider: OneMachine, server: OpenCodeServer) -> Desk:
    (provider.home / "workspace").mkdir()  # git would take longer than most tests
    endpoint = await server.boot(
        provider, provider.instance.ref, PASSWORD, project=Project(), within=20.0, fresh=True, note=print
    )
    agent = OpenCodeAgent(http, "playground/scripted", time.time, PATIENCE)
    machine = Machine(ThreadId("7"), endpoint, PASSWORD, None)
    session = await agent.open_session(machine, "a thread")
    assert provider.server is not None
    return Desk(agent, machine, session, provider.server, Client(http, endpoint, PASSWORD), http)
