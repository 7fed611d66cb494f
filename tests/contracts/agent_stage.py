"""A server of OpenCode, real or fake, with a scripted model behind it, and what is needed to talk to both."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.connections import open_http
from app.ids import SessionId, ThreadId, TurnId
from app.opencode.agent import OpenCodeAgent, Patience
from app.opencode.config import Options, model_of
from app.opencode.server import OpenCodeServer
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.ports import Machine, Project
from app.sandboxes.provider import Endpoint, Instance, Provider
from app.turns.ports import Prompt
from app.turns.progress import Progress
from app.turns.records import File
from scripts.playground.model import ScriptedModel
from scripts.playground.model_script import text_of
from tests.fakes.opencode import OneMachine

TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "bin"
PATH = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
PASSWORD = "not a secret at all"
BOOT_SECONDS = 60.0
# Whatever is called may… is asked for.
PERMISSION = {"bash": {"*": "allow", "* may-*": "ask"}, "edit": {"*": "allow", "may-*": "ask"}}
COMMANDS = {
    "greet": {"template": "!say Hello $ARGUMENTS", "description": "Says hello"},
    "hand-over": {"template": "!say It is $ARGUMENTS", "description": "Has it done", "subtask": True},
    "take-long": {"template": "!bash echo ran >> $ARGUMENTS; sleep $(cat naps || echo 60) !say Rested."},
}
SIGHT = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
IMPATIENT = {
    "fake": Patience(pace=0.05, settle=0.3, settle_unanswered=0.6, most_retries=1, idle=1.0),
    "real": Patience(pace=0.1, settle=1.5, settle_unanswered=3.0, most_retries=1, idle=2.0),
}


def options(model: ScriptedModel) -> Options:
    limits = {"context": 200_000, "output": 8_192}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Playground",
        "options": {"baseURL": model.url, "apiKey": "none"},
        "models": {"scripted": {"name": "Scripted", "limit": limits, "tool_call": True, **SIGHT}},
    }
    extra = {"provider": {"playground": provider}, "permission": PERMISSION, "command": COMMANDS}
    return Options("playground/scripted", extra=extra)


@dataclass(slots=True)
class World:
    model: ScriptedModel
    provider: Provider
    instance: Instance
    workspace: Path
    http: httpx.AsyncClient
    server: OpenCodeServer
    agent: OpenCodeAgent
    end_at_once: Callable[[], Awaitable[None]]
    endpoint: Endpoint = field(default_factory=lambda: Endpoint(""))
    threads: int = 0

    async def boot(self) -> None:
        self.endpoint = await self.server.boot(
            self.provider, self.instance.ref, PASSWORD, project=Project(), within=BOOT_SECONDS, fresh=True, note=print
        )

    def machine(self) -> Machine:
        """Another thread's, each time."""
        self.threads += 1
        return Machine(ThreadId(f"{self.threads}"), self.endpoint, PASSWORD, None)

    async def opened(self) -> tuple[Machine, SessionId]:
        machine = self.machine()
        return machine, await self.agent.open_session(machine, "a thread")

    async def ask(self, machine: Machine, session: SessionId, turn: str, text: str, *files: File) -> Progress:
        """The last of its progress."""
        async with asyncio.timeout(60):
            await self.agent.prompt(machine, session, Prompt(TurnId(turn), text, files))
            return (await self.followed(machine, session, turn))[-1]

    async def followed(
        self, machine: Machine, session: SessionId, turn: str, seen: list[Progress] | None = None
    ) -> list[Progress]:
        """To the end. `seen` has what came before a failure."""
        seen = [] if seen is None else seen
        async with asyncio.timeout(60):
            async for progress in self.agent.follow(machine, session, TurnId(turn)):
                seen.append(progress)
        return seen

    async def once(
        self, machine: Machine, session: SessionId, turn: str, true: Callable[[Progress], object]
    ) -> Progress:
        """The first that it is true of."""
        async with asyncio.timeout(60), aclosing(self.agent.follow(machine, session, TurnId(turn))) as follow:
            async for progress in follow:
                if true(progress):
                    return progress
        raise AssertionError("it never came true")

    def requests_about(self, text: str) -> list[dict[str, Any]]:
        """Those whose last user message contains it."""
        return [body for body in self.model.requests if text in last_prompt(body)]


def last_prompt(body: dict[str, Any]) -> str:
    return text_of([message for message in body["messages"] if message["role"] == "user"][-1])


async def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if true():
                return
            await asyncio.sleep(0.02)


def text_said(progress: Progress) -> str:
    """All that a person is to read."""
    return "\n\n".join([*(text.text for text in progress.texts), *filter(None, [progress.remark])])


@asynccontextmanager
async def staged(kind: str, folder: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedModel())
        http = await stack.enter_async_context(open_http())
        make = real if kind == "real" else fake
        provider, instance, home, end_at_once = await make(folder)
        stack.push_async_callback(provider.close)
        ours = options(model)
        agent = OpenCodeAgent(http, model_of(ours), time.time, IMPATIENT[kind])
        server = OpenCodeServer(http, ours)
        world = World(model, provider, instance, home / "workspace", http, server, agent, end_at_once)
        await world.boot()
        yield world
        await provider.delete(instance.ref)


Made = tuple[Provider, Instance, Path, Callable[[], Awaitable[None]]]


async def real(folder: Path) -> Made:
    provider = LocalProvider(folder, PATH)
    instance = await provider.create("contract", {}, within=60)

    async def end_at_once() -> None:
        record = json.loads((folder / "contract" / "programs" / "opencode.json").read_bytes())
        os.kill(record["pid"], signal.SIGKILL)

    return provider, instance, folder / "contract" / "home", end_at_once


async def fake(folder: Path) -> Made:
    provider = OneMachine(folder, PATH)

    async def end_at_once() -> None:
        await provider.close()

    (folder / "bin").mkdir()
    stub = folder / "bin" / "opencode"
    stub.touch()
    stub.chmod(0o755)
    provider.path = f"{folder / 'bin'}{os.pathsep}{PATH}"
    return provider, provider.instance, folder, end_at_once
