"""Servers on loopback, as many as wanted and whenever wanted, in the loop that plays."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE = 75  # seconds; clients that keep connections longer than servers do stumble now and then

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Server(uvicorn.Server):
    """Tells when it listens, and stops at once: uvicorn's own looks ten times a second whether it should, and waits for
    what is under way. Signals belong to whoever runs the process."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            ws="websockets-sansio",
            ws_ping_interval=None,
        )
        super().__init__(config)
        self.listening, self.stopping = asyncio.Event(), asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(state.connections):
            connection.transport.close()


class Listener:
    """`app` on 127.0.0.1. It takes connections from the moment it is made, and answers once it is open."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = listen(port)
        self._server = Server(app)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def open(self, spawn: Spawn) -> None:
        self._serving = spawn(self._server.serve([self._socket]))
        await self._server.listening.wait()

    async def close(self) -> None:
        """Whatever is open is cut off."""
        self._server.stopping.set()
        await asyncio.wait([self._serving])


def listen(port: int = 0) -> socket.socket:
    """On 127.0.0.1; connections are taken from now on."""
    # With the protocol left at 0 asyncio does not turn Nagle's algorithm off, and every call takes 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except BaseException:
        listener.close()
        raise
    return listener
