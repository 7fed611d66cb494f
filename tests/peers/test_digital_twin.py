"""The scheduler at a third Gateway, discord-digital-twin: one that counts and censors little, and answers no RESUME.

Only with DIGITAL_TWIN=1 and node: it comes from npm, 170 MB, once. It takes half a minute, for that is how long the
shim waits for an answer to RESUME before it begins a new session.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.playground.serving import Listener
from tests.peers.discordlike import until

WANTED = os.environ.get("DIGITAL_TWIN") == "1" and shutil.which("node") and shutil.which("npm")
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not WANTED, reason="asks for DIGITAL_TWIN=1, node and npm")]

PROGRAM = Path(__file__).with_name("digital_twin.mjs")
# Left to itself, npm takes a newer spiceflow, with which this release does not run.
PACKAGE = {"dependencies": {"discord-digital-twin": "0.1.1"}, "overrides": {"spiceflow": "1.19.0"}, "private": True}


class App:
    """As much of the app as the scheduler needs: it takes every event, and remembers the last position."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asgi = Starlette(
            routes=[
                Route("/relay/position", self._tell),
                Route("/relay/events", self._take, methods=["POST"]),
                Route("/relay/jobs/{name}", self._work, methods=["POST"]),
            ]
        )

    async def _tell(self, request: Request) -> Response:
        keys = ("session_id", "resume_gateway_url", "s")
        return JSONResponse({key: self.events[-1][key] if self.events else None for key in keys})

    async def _take(self, request: Request) -> Response:
        event = await request.json()
        if event["t"] != "HEARTBEAT":
            self.events.append(event)
        return Response(status_code=204)

    async def _work(self, request: Request) -> Response:
        return JSONResponse({})

    def sessions(self) -> set[str]:
        return {event["session_id"] for event in self.events if event["t"] == "READY"}

    def heard(self) -> list[str]:
        return [event["d"]["content"] for event in self.events if event["t"] == "MESSAGE_CREATE"]


@pytest.fixture
def installed(pytestconfig: pytest.Config) -> Path:
    folder = pytestconfig.cache.mkdir("digital-twin")
    if not (folder / "node_modules" / "discord-digital-twin").exists():
        (folder / "package.json").write_text(json.dumps(PACKAGE))
        subprocess.run(["npm", "install", "--no-fund", "--no-audit", "--loglevel=error"], cwd=folder, check=True)
    shutil.copy(PROGRAM, folder)
    return folder


@asynccontextmanager
async def program(*command: str, **options: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(*command, **options)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def tell(twin: asyncio.subprocess.Process, line: str) -> None:
    assert twin.stdin
    twin.stdin.write(f"{line}\n".encode())
    await twin.stdin.drain()


async def test_the_scheduler_hears_people_and_survives_a_resume_that_is_never_answered(installed: Path) -> None:
    app, pipe = App(), asyncio.subprocess.PIPE
    listener = Listener(app.asgi)
    async with (
        asyncio.TaskGroup() as group,
        program("node", PROGRAM.name, cwd=installed, stdin=pipe, stdout=pipe) as twin,
    ):
        await listener.open(group.create_task)
        assert twin.stdout
        where = json.loads(await twin.stdout.readline())
        settings = {
            "DISCORD_API_BASE_URL": where["api"],
            "DISCORD_TOKEN": where["token"],
            "RELAY_MODE": "gateway",
            "APP_URL": listener.url,
        }
        async with program(sys.executable, "-m", "scheduler", env={"PATH": os.environ["PATH"], **settings}):
            await until(app.sessions, 20, "READY")
            await tell(twin, "say before")
            await until(lambda: app.heard() == ["before"], 10, "the first message")
            await tell(twin, "drop")
            await until(lambda: len(app.sessions()) == 2, 60, "a new session")
            await tell(twin, "say after")
            await until(lambda: app.heard() == ["before", "after"], 10, "the second message")
        await listener.close()
