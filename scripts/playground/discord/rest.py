"""The door of the REST API: who asks, how often, what goes wrong on the way; then the route; then the books.

A raw ASGI app, because a fault may cut the connection, for which there is no answer.
"""

import asyncio
import json
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from scripts.playground.discord import rest_channels, rest_commands, rest_guild, rest_interactions, rest_messages
from scripts.playground.discord.courier import Courier
from scripts.playground.discord.errors import Code, Refusal
from scripts.playground.discord.faults import Fault
from scripts.playground.discord.ratelimit import Limiter, Verdict
from scripts.playground.discord.records import Upload
from scripts.playground.discord.wire import Call, Reply, Routes, read_body
from scripts.playground.discord.world import World

PREFIX = "/api/v10"
# https://docs.discord.com/developers/reference#user-agent; libraries also put a space for the comma.
USER_AGENT = re.compile(r"DiscordBot \([^\s,]+,? [^)]+\).*")
# The token in these paths says who asks.
OPEN = re.compile(r"/webhooks/.*|/interactions/.*|/gateway")
RENAMING = "PATCH /channels/{channel}"
EDITING = "PATCH /channels/{channel}/messages/{message}"
ROUTES = Routes()
for part in (rest_messages, rest_channels, rest_guild, rest_commands, rest_interactions):
    ROUTES.table += part.ROUTES.table


def route_of(method: str, path: str) -> str:
    """As in `POST /channels/{channel}/messages`; what is no route is itself."""
    try:
        return ROUTES.match(method, path)[0]
    except Refusal:
        return f"{method} {path}"


class Door:
    def __init__(self, world: World, courier: Courier) -> None:
        self.world, self.courier = world, courier
        self.limiter = Limiter(world.rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"].removeprefix(PREFIX)
        try:
            body = await _read(receive)
        except Hung:
            return
        fault = self.world.faults.take(method, path)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault and not fault.after_effect and (fault.drop or fault.status):
            reply = Reply(fault.status, fault.body, dict(fault.headers))
        else:
            reply = await self._answer(scope, method, path, body)
        if fault and fault.after_effect:
            reply = Reply(fault.status, fault.body, dict(fault.headers))
        await self._finish(method, path, reply, fault, send)

    async def _finish(self, method: str, path: str, reply: Reply, fault: Fault | None, send: Send) -> None:
        dropped = fault is not None and fault.drop
        self.world.requests.append((method, path, 0 if dropped else reply.status))
        self.world.touch()
        if dropped:
            _cut(send)
        else:
            await _send(send, reply)

    async def _answer(self, scope: Scope, method: str, path: str, body: bytes) -> Reply:
        """In Discord's order: who it is, whether the route exists, whether there is room, and only then the request."""
        headers = {key.decode().lower(): value.decode() for key, value in scope["headers"]}
        limits: dict[str, str] = {}
        try:
            self._admit(path, headers)
            template, params, route = ROUTES.match(method, path)
            verdict = self.limiter.take(template, params, path, self.world.clock.now())
            limits = verdict.headers
            given, files = self._read_body(headers, body)
            verdict = verdict if verdict.refusal else self._look_behind(template, params, given)
            if verdict.refusal:
                self.world.accuse(f"{method} {path}: 429 {verdict.refusal}")
                return Reply(429, verdict.refusal, limits | verdict.headers)
            query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
            reply = await route(Call(self.world, self.courier, method, path, params, query, given, files))
        except Refusal as refusal:
            self.world.accuse(f"{method} {path}: {refusal}")
            return Reply(refusal.status, refusal.body, limits)
        return Reply(reply.status, reply.body, limits | reply.headers)

    def _look_behind(self, template: str, params: dict[str, str], given: Any) -> Verdict:
        """The limits that count what a request does, and not only that there is one."""
        now = self.world.clock.now()
        if template == RENAMING and isinstance(given, dict) and "name" in given:
            return self.limiter.rename(params["channel"], now)
        if template == EDITING:
            return self.limiter.edit(params["channel"], params["message"], now)
        return Verdict({})

    def _read_body(self, headers: dict[str, str], body: bytes) -> tuple[Any, list[Upload]]:
        if len(body) > self.world.rules.request_bytes:
            raise Refusal(Code.TOO_LARGE)
        return read_body(headers.get("content-type", ""), body)

    def _admit(self, path: str, headers: dict[str, str]) -> None:
        if not USER_AGENT.fullmatch(headers.get("user-agent", "")):
            raise Refusal(Code.BLOCKED)
        if not OPEN.fullmatch(path) and headers.get("authorization") != f"Bot {self.world.application.token}":
            raise Refusal(Code.UNAUTHORIZED)


class Hung(Exception):
    """Whoever called hung up in the middle of the request."""


async def _read(receive: Receive) -> bytes:
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Hung
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _send(send: Send, reply: Reply) -> None:
    body: Any = b"" if reply.body is None else json.dumps(reply.body).encode()
    headers = {"content-type": "application/json"} | reply.headers if body else dict(reply.headers)
    if reply.status != 204:
        headers["content-length"] = str(len(body))
    raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _cut(send: Send) -> None:
    """Close the connection without a word. ASGI has no such message: this reaches for uvicorn's transport."""
    getattr(send, "__self__").transport.abort()  # noqa: B009
