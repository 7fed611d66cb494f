"""App and scheduler as processes before some Discord, and everything that can happen to them.

The scheduler finds the app through `Door`, which can refuse everything for a while, or do what it is asked and lose
the answer. The app's sandboxes are on this machine, the OpenCode in them is the fake program, the model is scripted.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path

import httpx
import psutil
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from scripts.playground.model import MODEL, ScriptedModel
from scripts.playground.serving import Listener
from tests.conversation.stage import free_port
from tests.fakes import opencode_program
from tests.peers.discordlike import Discordlike, until

START_SECONDS = 30.0


class Mood(StrEnum):
    OPEN = "open"
    REFUSING = "refusing"  # 503, nothing is done
    FORGETFUL = "forgetful"  # 503, and everything is done


class Door:
    """What the scheduler takes for the app."""

    def __init__(self, app: str) -> None:
        self.mood = Mood.OPEN
        self.refused = 0
        self._app = app
        self._http = httpx.AsyncClient(timeout=None, trust_env=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request, await request.body())
        await response(scope, receive, send)

    async def _answer(self, request: Request, body: bytes) -> Response:
        mood = self.mood
        if mood is not Mood.OPEN:
            self.refused += 1
        if mood is Mood.REFUSING:
            return Response(status_code=503)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        url = f"{self._app}{request.url.path}?{request.url.query}"
        try:
            answer = await self._http.request(request.method, url, content=body, headers=headers)
        except httpx.TransportError:
            return Response(status_code=502)
        if mood is Mood.FORGETFUL:
            return Response(status_code=503)
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    async def close(self) -> None:
        await self._http.aclose()


class Household:
    """`discord` is whatever it lives with."""

    def __init__(self, discord: Discordlike, model: ScriptedModel, folder: Path) -> None:
        self.discord, self.folder = discord, folder
        self._model = model
        self._port = free_port()
        self.door = Door(f"http://127.0.0.1:{self._port}")
        self.url = ""  # of the door
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self) -> dict[str, str]:
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": self._model.url, "apiKey": "sk-scripted"},
            "models": {MODEL: {"limit": {"context": 200_000, "output": 8_192}}},
        }
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_BASE_URL": self.discord.api_url,
            "DATABASE_PATH": str(self.folder / "app.sqlite"),
            "SANDBOX_PROVIDER": "local",
            "LOCAL_SANDBOX_DIR": str(self.folder / "machines"),
            "OPENCODE_MODEL": f"scripted/{MODEL}",
            "OPENCODE_CONFIG_JSON": json.dumps({"provider": {"scripted": provider}}),
            "TURN_ROUTING_MODE": "heuristic",
            "RELAY_MODE": "gateway",
            "APP_URL": self.url,
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": str(self._port),
        }

    def start(self, *names: str) -> None:
        """`app`, `scheduler`."""
        given = {"app": [str(self.folder / "bin")], "scheduler": []}
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                command = [sys.executable, "-m", "tests.relay.hasty", name, *given[name]]
                self._running[name] = subprocess.Popen(command, env=self.environment(), stdout=log, stderr=log)

    def kill(self, *names: str) -> None:
        """As hard as can be."""
        for name in names:
            self._running[name].kill()
            self._running[name].wait()

    async def stop(self, *names: str) -> None:
        """In good order."""
        for name in names:
            self._running[name].terminate()
        for name in names:
            await asyncio.to_thread(self._running[name].wait, 15)

    async def until_up(self, before: object | None = None) -> None:
        """The app answers, and somebody listens to the Gateway, who is not the one from `before`."""
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(START_SECONDS):
            while not await self._is_healthy(http):
                assert all(process.poll() is None for process in self._running.values()), self.log()
                await asyncio.sleep(0.05)
        await until(lambda: self.discord.listener() not in (None, before), START_SECONDS, "a listener at the Gateway")

    async def _is_healthy(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"http://127.0.0.1:{self._port}/healthz")).is_success
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return "\n".join(file.read_text()[-4000:] for file in sorted(self.folder.glob("*.log")))

    async def close(self) -> None:
        alive = [name for name, process in self._running.items() if process.poll() is None]
        await self.stop(*alive)
        for process in self._machines():
            process.kill()

    def _machines(self) -> list[psutil.Process]:
        """What a killed app may have left behind."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("HOME", "").startswith(str(self.folder / "machines")):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@asynccontextmanager
async def household(discord: Discordlike, folder: Path) -> AsyncIterator[Household]:
    """Nobody is up yet."""
    opencode_program.install(folder / "bin")
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedModel())
        home = Household(discord, model, folder)
        stack.push_async_callback(home.door.close)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        listener = Listener(home.door)
        home.url = listener.url
        await listener.open(group.create_task)
        stack.push_async_callback(listener.close)
        stack.push_async_callback(home.close)
        yield home
