"""The app's front door for whoever relays, with the jobs that a test puts behind it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from socket import create_server
from time import time
from types import SimpleNamespace
from typing import cast

import anyio
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from app.commands.ports import Room
from app.discord import signature
from app.discord.identity import Application, Identity
from app.inbox.ports import Inbox
from app.inbox.pulse import Off
from app.web.front import Front, Job
from app.web.routes import ROUTES
from scripts.playground.serving import Server

SEED = b"\x07" * 32


def front_of(jobs: Mapping[str, Job], clock: Callable[[], float] = time, inbox: object = None) -> Front:
    """Whoever relays meets no commands: of their room they see the clock. Without an `inbox`, no events either."""

    async def nobody() -> Application:
        return Application("1", "00" * 32, "1")

    room, identity = cast(Room, SimpleNamespace(clock=clock)), Identity(nobody, clock, "1", "00" * 32)
    key = signature.public_key(SEED)
    return Front(identity, room, lambda: None, clock(), cast(Inbox, inbox), Off(), key, jobs)


def door_of(front: Front) -> ASGIApp:
    app = Starlette(routes=ROUTES)

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"front": front}}, receive, send)

    return asgi


@asynccontextmanager
async def listening(front: Front, port: int = 0) -> AsyncIterator[str]:
    """The URL of the door, on a socket. What is at work when the block ends is cancelled."""
    with create_server(("127.0.0.1", port)) as listener:
        server = Server(door_of(front))
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listener])
            await server.listening.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.stopping.set()


def signed(body: bytes, timestamp: str, seed: bytes = SEED) -> dict[str, str]:
    return {
        signature.SIGNATURE_HEADER: signature.sign(seed, timestamp, body),
        signature.TIMESTAMP_HEADER: timestamp,
    }
