"""A small app behind the relay: it keeps what it is told as the contract says, and can be told to refuse."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.discord import signature
from scripts.playground.serving import Listener
from tests.web.doorway import SEED

Json = dict[str, Any]


@dataclass(slots=True)
class Lease:
    holder: str
    until: float


@dataclass(slots=True)
class Inbox:
    """`verdict` decides what becomes of an envelope: 204 keeps it. Everything that came is in `tried`, what was kept in
    `events`, in order, and the beats that were accepted in `beats`."""

    lease_seconds: float = 45.0
    lost_positions: int = 0  # so many times it is asked for one and never answers
    verdict: Callable[[Json], int] = lambda envelope: 204
    tried: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    beats: list[Json] = field(default_factory=list)
    sessions: dict[str, Json] = field(default_factory=dict)
    leases: dict[tuple[int, int], Lease] = field(default_factory=dict)
    changed: anyio.Event = field(default_factory=anyio.Event)

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/relay/position", self._position),
                Route("/relay/events", self._take, methods=["POST"]),
                Route("/relay/jobs/{name}", self._job, methods=["POST"]),
            ]
        )

    # what a test looks at

    async def until(self, condition: Callable[[], Any], within: float = 10) -> Any:
        with anyio.fail_after(within):
            while not (found := condition()):
                with anyio.move_on_after(0.05):
                    await self.changed.wait()
        return found

    def named(self, name: str) -> list[Json]:
        return [event for event in self.events if event["t"] == name]

    def said(self) -> list[str]:
        """The texts of the messages, as often as they came."""
        return [event["d"]["content"] for event in self.named("MESSAGE_CREATE")]

    @property
    def problem(self) -> str | None:
        return str(self.beats[-1]["d"]["problem"]) if self.beats and self.beats[-1]["d"]["problem"] else None

    def position(self, shard: tuple[int, int] = (0, 1)) -> Json:
        """Of the newest session."""
        of_shard = [known["at"] for known in self.sessions.values() if known["shard"] == shard]
        return of_shard[-1] if of_shard else {"session_id": None, "resume_gateway_url": None, "s": None}

    def hold(self, holder: str = "somebody else", shard: tuple[int, int] = (0, 1)) -> None:
        self.leases[shard] = Lease(holder, float("inf"))

    # the endpoints

    async def _position(self, request: Request) -> Response:
        if not self._signed(request, b""):
            return Response(status_code=401)
        if self.lost_positions:
            self.lost_positions -= 1
            await anyio.sleep_forever()
        query = request.query_params
        place = int(query.get("shard", 0)), int(query.get("shards", 1))
        if not self._lend(place, query["holder"]):
            return JSONResponse({"error": "held"}, status_code=409)
        return JSONResponse(self.position(place))

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        if not self._signed(request, body):
            return Response(status_code=401)
        envelope = json.loads(body)
        self.tried.append(envelope)
        status = self.verdict(envelope)
        if status == 204:
            status = self._keep(envelope)
        self.changed.set()
        self.changed = anyio.Event()
        return Response(status_code=status)

    async def _job(self, request: Request) -> Response:
        return JSONResponse({})

    def _keep(self, envelope: Json) -> int:
        if envelope["t"] == "HEARTBEAT":
            leaving = envelope["d"].get("leaving", False)
            if not self._lend(tuple(envelope["shard"]), envelope["d"]["holder"], 0 if leaving else self.lease_seconds):
                return 409
            self.beats.append(envelope)
            if envelope["session_id"] is not None:
                self._move(envelope)
            return 204
        if self._move(envelope):
            self.events.append(envelope)
        return 204

    def _move(self, envelope: Json) -> bool:
        """False when it is known already."""
        at = {name: envelope[name] for name in ("session_id", "resume_gateway_url", "s")}
        known = self.sessions.setdefault(at["session_id"], {"shard": tuple(envelope["shard"]), "at": at | {"s": -1}})
        if at["s"] <= known["at"]["s"]:
            return False
        known["at"] = at
        return True

    def _lend(self, place: Any, holder: str, seconds: float | None = None) -> bool:
        now, lease = time.monotonic(), self.leases.get(place)
        if lease and lease.holder != holder and lease.until > now:
            return False
        self.leases[place] = Lease(holder, now + (self.lease_seconds if seconds is None else seconds))
        return True

    def _signed(self, request: Request, body: bytes) -> bool:
        given, at = (request.headers.get(name) for name in (signature.SIGNATURE_HEADER, signature.TIMESTAMP_HEADER))
        return signature.verify(signature.public_key(SEED), given, at, body)


@asynccontextmanager
async def served(inbox: Inbox, port: int = 0) -> AsyncIterator[str]:
    """The URL. At the end whatever is open is cut off."""
    listener = Listener(inbox.asgi(), port)
    await listener.open(asyncio.get_running_loop().create_task)
    try:
        yield listener.url
    finally:
        await listener.close()
