"""SimCord as a Discord on loopback: REST and Gateway before its in-process backend, for whoever talks over the wire.

What SimCord decides, it decides: state, permissions, error codes, mentions, what an intent shows. Ours are HTTP and
what it lacks, by the word of Discord's documentation: the token, paging forwards and its limits, a nonce that is
enforced, the refusal of a second thread on one message, the application by its newer address, the way to the Gateway.

It differs from Discord, and from our own simulator, in ways that are good for a test: the application has another id
than the bot's user, messages carry no `channel_type`, a thread begins without a starter message, and its channel is
told of it by a system message. There are no rate limits, and interactions are left out.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from simcord.backend import Backend, errors, serializers
from simcord.backend.errors import BackendError
from simcord.http import client, router
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from scripts.playground.discord import Refusal
from scripts.playground.discord.wire import read_body
from scripts.playground.serving import Listener
from tests.peers.discordlike import ALL, Json, until
from tests.peers.gateway import Gateway

assert client, "its import makes SimCord's routes known"

PREFIX = "/api/v10"
PAGE, LONGEST_PAGE = 50, 100
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.simcord.no-real-token"
SESSIONS = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}


class LiveBackend(Backend):
    """SimCord's own time stands still; ours goes on, so that ids tell it."""

    def snowflake(self) -> int:
        self.clock.advance(max(0.0, time.time() - self.clock.now().timestamp()))
        return super().snowflake()


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the one guild."""

    backend: Backend
    guild: int
    user: int

    @property
    def id(self) -> str:
        return str(self.user)

    async def write(self, channel: str, content: str) -> Json:
        place = self.backend.get_channel(int(channel))
        may = "send_messages_in_threads" if place.is_thread else "send_messages"
        self.backend.require_permissions(self.guild, self.user, place.id, may)
        return shown(self.backend, self.backend.create_message(place.id, self.user, content))

    async def start_thread(self, channel: str, name: str) -> Json:
        self.backend.require_permissions(self.guild, self.user, int(channel), "create_public_threads")
        thread = self.backend.create_thread(int(channel), name, self.user)
        return dict(serializers.thread_payload(self.backend, thread))


@dataclass(slots=True)
class SimCord:
    """`simcord()` makes one that is being served at `url`."""

    backend: Backend
    guild: int
    gateway: Gateway
    url: str = ""
    token: str = TOKEN
    violations: list[str] = field(default_factory=list)
    _nonces: dict[str, int] = field(default_factory=dict)

    # its face

    @property
    def api_url(self) -> str:
        return self.url + PREFIX

    @property
    def bot(self) -> str:
        return str(self.backend.bot_user.id)

    @property
    def identifies(self) -> int:
        return self.gateway.identifies

    def add_person(self, name: str) -> Member:
        user = self.backend.make_user(name)
        self.backend.add_member(self.guild, user.id, announce=True)
        return Member(self.backend, self.guild, user.id)

    def add_channel(self, name: str) -> str:
        return str(self.backend.create_channel(self.guild, name).id)

    def threads(self) -> list[str]:
        return [str(channel.id) for channel in self.backend.channels.values() if channel.is_thread]

    def messages(self, channel: str) -> list[Json]:
        kept = self.backend.messages[int(channel)]
        return [shown(self.backend, kept[id]) for id in sorted(kept)]

    def listener(self) -> object | None:
        outs = (session.out for session in self.gateway.sessions.values())
        return next((out for out in outs if out is not None), None)

    def drop(self, code: int | None) -> None:
        self.gateway.drop(code)

    def reconnect(self) -> None:
        self.gateway.reconnect()

    def invalidate(self, *, resumable: bool) -> None:
        self.gateway.invalidate(resumable=resumable)

    # its REST interface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.gateway(scope, receive, send)
            return
        request = Request(scope, receive)
        path = request.url.path.removeprefix(PREFIX)
        try:
            found = await self._answer(request, path)
        except (BackendError, Refusal) as error:
            body = error.to_json() if isinstance(error, BackendError) else error.body
            self.violations.append(f"{request.method} {path}: {error.status} {json.dumps(body)}")
            response: Response = JSONResponse(body, error.status)
        else:
            response = Response(status_code=204) if found is None else JSONResponse(found)
        await response(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Any:
        if path == "/gateway/bot":
            return {"url": self.gateway.url, "shards": 1, "session_start_limit": SESSIONS}
        if request.headers.get("authorization") != f"Bot {self.token}":
            raise BackendError(401, 0, "401: Unauthorized")
        given, uploads = read_body(request.headers.get("content-type", ""), await request.body())
        files = [SimpleNamespace(fp=BytesIO(u.content), filename=u.filename, description=None) for u in uploads]
        query = dict(request.query_params)
        match request.method, path.strip("/").split("/"):
            case "GET", ["applications", "@me"]:
                return self._ask("GET", "/oauth2/applications/@me")
            case "GET", ["channels", _, "messages"]:
                return self._page(path, query)
            case "POST", ["channels", _, "messages"]:
                return self._post(path, given, files)
            case "POST", ["channels", _, "messages", message, "threads"] if int(message) in self.backend.channels:
                raise BackendError(400, 160004, "A thread has already been created for this message")
        return self._ask(request.method, path, json=given, params=query, files=files)

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        return router.dispatch(self.backend, method, path, **given)

    def _page(self, path: str, query: dict[str, str]) -> Any:
        """Newest first. SimCord's own `after` gives the newest messages, not those next to the cursor.

        https://docs.discord.com/developers/resources/message#get-channel-messages
        """
        limit = int(query.get("limit", PAGE))
        if not 1 <= limit <= LONGEST_PAGE:
            raise errors.invalid_form_body("limit")
        if "after" not in query:
            return self._ask("GET", path, params=query)
        return self._ask("GET", path, params=query | {"limit": ALL})[-limit:]

    def _post(self, path: str, given: Json, files: list[SimpleNamespace]) -> Any:
        """With an enforced nonce a second message is the first one."""
        nonce = given.get("nonce") if given.get("enforce_nonce") else None
        channel = int(path.split("/")[2])
        if nonce is not None and nonce in self._nonces:
            return shown(self.backend, self.backend.get_message(channel, self._nonces[nonce]))
        made = self._ask("POST", path, json=given, files=files)
        if nonce is not None:
            self._nonces[nonce] = int(made["id"])
        return made | {"nonce": nonce}


def shown(backend: Backend, message: Any) -> Json:
    return dict(serializers.message_payload(backend, message))


@asynccontextmanager
async def simcord() -> AsyncIterator[SimCord]:
    """With a guild, and no channel in it."""
    backend = LiveBackend()
    peer = SimCord(backend, backend.create_guild("SimCord").id, Gateway(backend, TOKEN))
    listener = Listener(peer)
    peer.url = listener.url
    peer.gateway.url = listener.url.replace("http", "ws", 1)
    async with asyncio.TaskGroup() as group:
        await listener.open(group.create_task)
        try:
            yield peer
        finally:
            peer.drop(1001)
            await until(lambda: not peer.gateway.connections, 3)
            await listener.close()
