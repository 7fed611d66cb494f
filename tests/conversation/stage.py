"""The whole product on one machine: the real app as a process of its own, where messages are heard the scheduler as
another, the real OpenCode in sandboxes, local ones or those of the simulated Daytona, the strict Discord and the
scripted model on loopback."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.commands import REGISTRATION
from app.discord.rest import Rest
from app.discord.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from app.discord.transport import Transport
from app.parts import TOOLS
from app.settings import load
from scripts.playground.daytona import DaytonaSimulator
from scripts.playground.discord import Person, Simulator
from scripts.playground.model import MODEL, ScriptedModel
from scripts.register_commands import register
from tests.samples import spoken

PATIENCE = 60.0  # seconds; a first turn boots a server of half a gigabyte


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


NOTICE = re.compile(r"-# (\S+ )?\*\*[a-z]+\*\* ")  # of what somebody did; a status begins with a capital


@dataclass(slots=True)
class Stage:
    """`daytona` is the provider, if there is one. `settings` are variables of this stage's own."""

    discord: Simulator
    model: ScriptedModel
    folder: Path
    person: Person
    daytona: DaytonaSimulator | None = None
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    app: subprocess.Popen[bytes] | None = None
    scheduler: subprocess.Popen[bytes] | None = None

    @property
    def channel(self) -> str:
        return str(self.discord.channel("general").id)

    @property
    def machines(self) -> Path:
        """Where all of them live."""
        return self.folder / "machines"

    @property
    def homes(self) -> list[Path]:
        if self.daytona is not None:
            return [sandbox.home for sandbox in self.daytona.sandboxes]
        return sorted(self.machines.glob("opencord-*/home"))

    def provider(self) -> dict[str, str]:
        if self.daytona is None:
            return {"SANDBOX_PROVIDER": "local", "LOCAL_SANDBOX_DIR": str(self.machines)}
        return {"DAYTONA_API_KEY": self.daytona.api_key, "DAYTONA_API_URL": self.daytona.api_url}

    def environment(self) -> dict[str, str]:
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": self.model.url, "apiKey": "sk-scripted"},
            "models": {MODEL: {"limit": {"context": 200_000, "output": 8_192}, "tool_call": True}},
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_BASE_URL": self.discord.api_url,
            "DATABASE_PATH": str(self.folder / "app.sqlite"),
            **self.provider(),
            "OPENCODE_MODEL": f"scripted/{MODEL}",
            "OPENCODE_CONFIG_JSON": json.dumps({"provider": {"scripted": provider}}),
            "RELAY_MODE": "off",
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": str(self.port),
            "APP_URL": f"http://127.0.0.1:{self.port}",
            "TURN_ROUTING_MODE": "heuristic",
            **self.settings,
        }

    async def start(self) -> None:
        self.app = self._launch("app")
        if self.environment()["RELAY_MODE"] != "off" and self.scheduler is None:
            self.listen()
        await self.until_ready()
        self.discord.interactions_url = f"http://127.0.0.1:{self.port}/discord/interactions"

    def listen(self) -> None:
        """Start the scheduler; its jobs, which are many, a test asks for by itself."""
        self.scheduler = self._launch("scheduler")

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", name], env=self.environment(), stdout=log, stderr=log)

    async def register_commands(self) -> None:
        async with httpx.AsyncClient() as http:
            rest = Rest(Transport(http, self.discord.api_url, self.discord.token))
            await register(rest, self.discord.application_id, None, REGISTRATION)

    async def until_ready(self) -> None:
        async with httpx.AsyncClient() as http, asyncio.timeout(PATIENCE):
            while True:
                try:
                    ready = await http.get(f"http://127.0.0.1:{self.port}/readyz")
                except httpx.TransportError:
                    assert self.app is not None
                    assert self.app.poll() is None, self.log()
                else:
                    if ready.status_code == 200:
                        return
                await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """In good order; the exit code."""
        assert self.app is not None
        self.app.terminate()
        return await asyncio.to_thread(self.app.wait, 20)

    def kill(self) -> None:
        """As hard as can be."""
        assert self.app is not None
        self.app.kill()
        self.app.wait()

    async def ask(self, prompt: str, channel: str | None = None) -> str:
        """Use /opencord ask, and say in which thread the answer will be."""
        place = channel or self.channel
        before = {message["id"] for message in self.person.messages(place)}
        await self.person.command(place, "opencord", {"ask": {"prompt": prompt}})

        def shown() -> list[str]:
            fresh = [message for message in self.person.messages(place) if message["id"] not in before]
            return [str(message["id"]) for message in fresh if "asked" in message["content"]]

        await self.discord.wait_for(lambda: bool(shown()), within=PATIENCE)
        opener = shown()[0]
        if channel is None:
            await self.discord.wait_for(lambda: opener in self.threads(), within=PATIENCE)
            return opener
        return channel

    def threads(self) -> list[str]:
        return [str(channel["id"]) for channel in self.person.channels() if channel["type"] == 11]

    def posted(self, thread: str) -> list[dict[str, Any]]:
        """The bot's own messages in a thread: no openers, no system messages."""
        return [
            message
            for message in self.person.messages(thread)
            if message["author"]["id"] == self.discord.application_id
            and message["type"] in (0, 19)
            and not message.get("interaction_metadata")
        ]

    def said(self, thread: str) -> list[str]:
        """What the agent said in it."""
        return [words for message in self.posted(thread) if (words := spoken(str(message["content"])))]

    def statuses(self, thread: str) -> list[dict[str, Any]]:
        """The status messages, live or closed."""
        small = [message for message in self.posted(thread) if not spoken(str(message["content"]))]
        return [message for message in small if not NOTICE.match(str(message["content"]))]

    def is_live(self, thread: str) -> bool:
        """Whether something is at work or waits there, or is about to."""
        newest = self.statuses(thread)[-1:]
        buttons = [button for message in newest for row in message["components"] for button in row["components"]]
        return not newest or any(button.get("label") in {"Stop", "Cancel"} for button in buttons)

    async def until_over(self, thread: str) -> str:
        """Until the newest status message is a summary; what that says."""
        await self.discord.wait_for(lambda: not self.is_live(thread), within=PATIENCE)
        return str(self.statuses(thread)[-1]["content"])

    async def until_said(self, thread: str, words: str) -> str:
        await self.discord.wait_for(lambda: any(words in text for text in self.said(thread)), within=PATIENCE)
        return next(text for text in self.said(thread) if words in text)

    async def mention(self, words: str, channel: str | None = None) -> str:
        """Write it to the bot. Returns the message's id, which in a channel is that of the thread to come."""
        written = await self.person.write(channel or self.channel, f"<@{self.discord.application_id}> {words}")
        return str(written["id"])

    def processes(self) -> list[psutil.Process]:
        """Whatever runs in or below one of the machines."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.machines) in process.environ().get("HOME", ""):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def server(self) -> int:
        """The process id of the one OpenCode server; what it runs for its model comes and goes, and looks like the
        server itself for a moment."""
        serving = {process.pid: process.ppid() for process in self.processes() if "serve" in process.cmdline()}
        (pid,) = (pid for pid, parent in serving.items() if parent not in serving)
        return pid

    async def job(self, name: str) -> dict[str, int]:
        """What the clock asks for, at once."""
        seed = load(self.environment()).relay_seed()
        timestamp = str(int(time.time()))
        headers = {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: sign(seed, timestamp, b"{}")}
        async with httpx.AsyncClient(timeout=60) as http:
            done = await http.post(f"http://127.0.0.1:{self.port}/relay/jobs/{name}", content=b"{}", headers=headers)
        assert done.status_code == 200, done.text
        counts: dict[str, int] = done.json()
        return counts

    def log(self) -> str:
        return (self.folder / "app.log").read_text()

    def prompts(self) -> list[list[str]]:
        """What people said, as the model was shown it, request by request."""
        return [[text_of(m) for m in body["messages"] if m["role"] == "user"] for body in self.model.requests]


def text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


@asynccontextmanager
async def staged(
    folder: Path, provider: str = "local", *, running: bool = True, **settings: str
) -> AsyncIterator[Stage]:
    """`settings` are variables of the app, in capitals."""
    async with AsyncExitStack() as stack:
        discord, model = await stack.enter_async_context(Simulator()), await stack.enter_async_context(ScriptedModel())
        # Our answer to a command may still be on its way when the turn is so quick as to edit it, and tries again.
        discord.forgive("10015")
        daytona = None
        if provider == "daytona":
            daytona = DaytonaSimulator(folder / "machines", f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
            await stack.enter_async_context(daytona)
        stage = Stage(discord, model, folder, discord.add_person("alice"), daytona, settings)
        await stage.register_commands()
        try:
            if running:
                await stage.start()
            yield stage
        finally:
            if stage.scheduler is not None and stage.scheduler.poll() is None:
                stage.scheduler.terminate()
                await asyncio.to_thread(stage.scheduler.wait, 10)
            if stage.app is not None and stage.app.poll() is None:
                await stage.stop()
            for process in stage.processes():
                process.kill()
