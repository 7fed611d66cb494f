"""The simulator as a whole: one listener for the control plane and the toolbox, one for every previewed port.

The SDK believes the environment's proxies: where one is named, NO_PROXY must name 127.0.0.1 too. A directory of a
sandbox that still exists at the end stays; what ran in it does not.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from scripts.playground.daytona import inside
from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.control import Control
from scripts.playground.daytona.door import Door
from scripts.playground.daytona.errors import Refusal
from scripts.playground.daytona.events import Events
from scripts.playground.daytona.faults import Fault
from scripts.playground.daytona.life import Life
from scripts.playground.daytona.preview import Previews
from scripts.playground.daytona.records import Sandbox, State
from scripts.playground.daytona.routes import app_of
from scripts.playground.daytona.snapshots import Snapshots
from scripts.playground.daytona.toolbox import Toolbox
from scripts.playground.serving import Listener

EVENTS = "/api/socket.io/"
GRACE = 1.0  # seconds that processes have to end when the simulator does


class DaytonaSimulator(Cloud):
    """`async with DaytonaSimulator(root, path) as daytona`. Records and settings are those of Cloud."""

    def __init__(self, root: Path, path: str, *, minute: float = 60.0, port: int = 0) -> None:
        """Port 0 takes a free one."""
        super().__init__(root, path, minute=minute)
        self._port = port
        self._life = Life(self)
        self._previews = Previews(self)
        routes = [*Snapshots(self).routes(), *Control(self, self._life, self._previews).routes()]
        self._api = self._locked(app_of(routes))
        self._toolbox = self._locked(Toolbox(self))
        self._events = Events(self)

    async def __aenter__(self) -> Self:
        self.root.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(inside.end_leftovers, self.root)
        self._listener = Listener(self._serve, self._port)
        self.url = self._listener.url
        await self._listener.open(self.spawn)
        self.spawn(self._life.clock())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        await self._listener.close()
        await self._previews.close()
        try:
            await self._finish()
        finally:
            await asyncio.to_thread(self._clear)

    def _clear(self) -> None:
        """End what runs, and finish the deletions that were under way. Blocks."""
        inside.end_all(self.records.values(), GRACE)
        for sandbox in self.records.values():
            if sandbox.state == State.DESTROYING:
                inside.remove(sandbox.path)

    # Setting the stage

    def fail(
        self,
        method: str,
        path: str,
        *,
        status: int | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        times: float = 1,
        delay: float = 0.0,
        after_effect: bool = False,
        drop: bool = False,
        hang: bool = False,
        plane: str = "api",
    ) -> Fault:
        """The next `times` requests of that plane whose path is found by the expression `path` (see Heard for what a
        path is; method "" is any) are answered with `status` instead of being carried out, or after that with
        `after_effect`. `drop` closes the connection without an answer; `hang` gives none until the client goes away or
        all is healed, and then the true one; `delay` alone only makes it slow. A body that is no text goes as JSON."""
        expression, given = re.compile(path), headers or {}
        fault = Fault(plane, method, expression, status, body, given, times, delay, after_effect, drop, hang)
        return self.faults.plan(fault)

    def heal(self) -> None:
        self.faults.heal()

    def force(self, name: str, state: str, *, error_reason: str | None = None, recoverable: bool = False) -> None:
        self._life.force(self._known(name), State(state), error_reason, recoverable)

    def lose(self, name: str) -> None:
        self._life.lose(self._known(name))

    def rotate(self, name: str) -> None:
        self._known(name).token = secrets.token_hex(16)

    def _known(self, name: str) -> Sandbox:
        sandbox = self.named(name)
        if sandbox is None:
            raise LookupError(f"no sandbox is called {name}")
        return sandbox

    # Serving

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["type"] == "websocket":
            await (self._events if path == EVENTS else _no_socket)(scope, receive, send)
        elif path.startswith("/toolbox/"):
            id, _, rest = path.removeprefix("/toolbox/").partition("/")
            door = Door(self, "toolbox", self._toolbox, id)
            await door(_under(scope, f"/{rest}", sandbox=id), receive, send)
        else:
            await Door(self, "api", self._api)(_under(scope, path.removeprefix("/api")), receive, send)

    def _locked(self, app: ASGIApp) -> ASGIApp:
        """Nobody gets in without the key."""

        async def locked(scope: Scope, receive: Receive, send: Send) -> None:
            if dict(scope["headers"]).get(b"authorization") == f"Bearer {self.api_key}".encode():
                await app(scope, receive, send)
                return
            error = Refusal(401, "Invalid credentials")
            await JSONResponse(error.body(scope["path"]), 401)(scope, receive, send)

        return locked


def _under(scope: Scope, path: str, **more: str) -> Scope:
    return {**scope, "path": path, "raw_path": path.encode(), "root_path": "", **more}


async def _no_socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close"})
