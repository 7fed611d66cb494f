"""What the tests of the simulator share: a bot's HTTP client and the app's side of interactions."""

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.playground.discord import Simulator
from scripts.playground.discord.courier import TLS
from scripts.playground.serving import Server

Json = dict[str, Any]
QUIET: Json = {"parse": []}
COMMANDS: list[Json] = [
    {
        "name": "opencord",
        "description": "Ask",
        "options": [
            {
                "type": 1,
                "name": "ask",
                "description": "Ask",
                "options": [{"type": 3, "name": "prompt", "description": "What", "required": True}],
            },
            {"type": 1, "name": "status", "description": "How it goes"},
        ],
    }
]


def client(discord: Simulator) -> httpx.AsyncClient:
    """The bot's: token, User-Agent, base URL."""
    headers = {"Authorization": f"Bot {discord.token}", "User-Agent": "DiscordBot (https://example.org, 1.0)"}
    return httpx.AsyncClient(base_url=discord.api_url, headers=headers, trust_env=False, verify=TLS)


class App:
    """Verifies signatures, remembers what came, and answers with what `answer` gives for it."""

    def __init__(self, discord: Simulator) -> None:
        self.discord = discord
        self.received: list[Json] = []
        self.url = ""
        self.lax = False

        async def defer(interaction: Json) -> Response:
            return JSONResponse({"type": 5})

        self.answer: Callable[[Json], Awaitable[Response]] = defer

    def says(self, type: int, **data: Any) -> None:
        """Answer inline from now on."""

        async def answer(interaction: Json) -> Response:
            return JSONResponse({"type": type, "data": data} if data else {"type": type})

        self.answer = answer

    async def interactions(self, request: Request) -> Response:
        raw = await request.body()
        if not self.lax and not signed_by(self.discord, request, raw):
            return Response(status_code=401)
        body = json.loads(raw)
        if body["type"] == 1:
            return JSONResponse({"type": 1})
        self.received.append(body)
        return await self.answer(body)


def signed_by(discord: Simulator, request: Request, raw: bytes) -> bool:
    """Whether the headers hold the application's signature of this body."""
    signature = bytes.fromhex(request.headers["x-signature-ed25519"])
    try:
        key = VerifyKey(bytes.fromhex(discord.public_key))
        key.verify(request.headers["x-signature-timestamp"].encode() + raw, signature)
    except BadSignatureError:
        return False
    return True


@asynccontextmanager
async def endpoint_of(
    discord: Simulator, path: str, endpoint: Callable[[Request], Awaitable[Response]]
) -> AsyncIterator[str]:
    """The URL of a server that takes POSTs there."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = Server(Starlette(routes=[Route(path, endpoint, methods=["POST"])]))
    discord._spawn(server.serve([sock]))
    await server.listening.wait()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}{path}"
    finally:
        server.stopping.set()


@asynccontextmanager
async def app_of(discord: Simulator) -> AsyncIterator[App]:
    """Serving, and known to Discord as the endpoint."""
    app = App(discord)
    async with endpoint_of(discord, "/discord/interactions", app.interactions) as url:
        discord.interactions_url = app.url = url
        yield app
