"""The door of each plane: what is asked is written down, and what was planned to go wrong goes wrong; then the app.

A raw ASGI app, because a fault may cut the connection or say nothing, for which there is no answer. A fault that comes
after the effect holds the true answer back whole, so it is not for streams.
"""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.faults import Fault
from scripts.playground.daytona.records import Heard

BODY_KEPT = 65536  # bytes of each body that are written down
# ASGI has no message for cutting a connection: the door leaves uvicorn's transport here.
TRANSPORT = "daytona.transport"


class Door:
    def __init__(self, cloud: Cloud, plane: str, app: ASGIApp, sandbox: str | None = None) -> None:
        self.cloud, self.plane, self.app, self.sandbox = cloud, plane, app, sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        scope = {**scope, TRANSPORT: getattr(send, "__self__").transport}  # noqa: B009
        heard = self._hear(scope, body)
        again = _replay(body, receive)
        answer = self._noting(heard, send)
        fault = self.cloud.faults.take(self.plane, heard.method, heard.path)
        if fault is None:
            await self.app(scope, again, answer)
        else:
            await self._strike(fault, scope, again, answer)

    def _hear(self, scope: Scope, body: bytes) -> Heard:
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        heard = Heard(self.plane, scope["method"], scope["path"], query, headers, body[:BODY_KEPT], self.sandbox)
        self.cloud.requests.append(heard)
        self.cloud.touch()
        return heard

    def _noting(self, heard: Heard, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                heard.status = message["status"]
                self.cloud.touch()
            await send(message)

        return noting

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, answer: Send) -> None:
        held: list[Message] = []
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.after_effect:
            await self.app(scope, receive, _holding(held))
        if fault.hang and not await _healed(fault, receive):
            return
        if fault.drop:
            await cut(scope, receive)
        elif fault.status is not None:
            await _answer(fault, answer)
        elif fault.after_effect:
            for message in held:
                await answer(message)
        else:
            await self.app(scope, receive, answer)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the client goes away before."""
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return waiting.pop() if waiting else await receive()

    return again


def _holding(held: list[Message]) -> Send:
    async def hold(message: Message) -> None:
        held.append(message)

    return hold


async def _healed(fault: Fault, receive: Receive) -> bool:
    """Wait. False when the client gives up first."""
    async with anyio.create_task_group() as group:
        group.start_soon(cancel_when_gone, receive, group.cancel_scope)
        await fault.healed.wait()
        group.cancel_scope.cancel()
        return True
    return False


async def cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _answer(fault: Fault, send: Send) -> None:
    body: Any = fault.body
    kind = "application/json"
    if body is None:
        content = b""
    elif isinstance(body, bytes | str):
        content, kind = body if isinstance(body, bytes) else body.encode(), "text/html"
    else:
        content = json.dumps(body).encode()
    given = {key.lower() for key in fault.headers}
    headers = {"content-type": kind, "content-length": str(len(content))}
    headers = {key: value for key, value in headers.items() if key not in given} | dict(fault.headers)
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


async def cut(scope: Scope, receive: Receive) -> None:
    """Close the connection without another word."""
    scope[TRANSPORT].abort()
    while (await receive())["type"] != "http.disconnect":
        pass
