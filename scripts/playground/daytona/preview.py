"""Previews: a port of a sandbox under a URL of its own, behind a token.

The URL stays the same for as long as the sandbox exists, the token does not. Every previewed port has a listener on
loopback until the simulator ends, so that also the URL of a sandbox that is gone answers something.

A signed URL is good for its port until it expires, and outlives a stop. It has a listener of its own, as it has a host
of its own at Daytona.

Not simulated: websockets, and the seconds for which a proxy remembers that a token was right or wrong.
"""

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import anyio
import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from scripts.playground.daytona.cloud import Cloud
from scripts.playground.daytona.door import Door, cancel_when_gone, cut
from scripts.playground.daytona.errors import NO_CONTAINER, PROXY, Refusal
from scripts.playground.daytona.inside import MAPPED
from scripts.playground.daytona.records import Sandbox
from scripts.playground.daytona.routes import refusal
from scripts.playground.daytona.traffic import need_address, under_way
from scripts.playground.serving import Listener

LOGIN = "https://login.daytona.example/authorize"
TOKEN, SKIP_WARNING, SKIP_ACTIVITY = (
    "x-daytona-preview-token",
    "x-daytona-skip-preview-warning",
    "x-daytona-skip-last-activity-update",
)
AUTH_KEY = "DAYTONA_SANDBOX_AUTH_KEY"
ACCEPTED = "daytona-preview-page-accepted"
WARNING = "<!doctype html><title>Preview</title><h1>Preview URL Warning</h1><p>You are about to visit a preview.</p>"
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
OURS = frozenset({TOKEN, SKIP_WARNING, SKIP_ACTIVITY, "x-daytona-disable-cors", "host"})


class Previews:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._listeners: dict[tuple[str, int], Listener] = {}  # by the sandbox's id, or a signed URL's token
        # A connection per request: one that is kept may belong to a server that has ended since.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._http = httpx.AsyncClient(
            trust_env=False, verify=False, timeout=None, limits=limits
        )  # never leaves loopback

    async def url(self, sandbox: Sandbox, port: int) -> str:
        if (listener := self._listeners.get((sandbox.id, port))) is not None:
            return listener.url
        return await self._opened(sandbox.id, Proxy(self.cloud, self._http, sandbox.id, port))

    async def signed(self, sandbox: Sandbox, port: int, token: str, until: float) -> str:
        return await self._opened(token, SignedProxy(self.cloud, self._http, sandbox.id, port, until))

    async def _opened(self, key: str, proxy: "Proxy") -> str:
        listener = Listener(Door(self.cloud, "preview", proxy, proxy.sandbox))
        self._listeners[key, proxy.port] = listener
        await listener.open(self.cloud.spawn)
        return listener.url

    async def close(self) -> None:
        for listener in self._listeners.values():
            await listener.close()
        await self._http.aclose()


class Proxy:
    """What stands before one port of one sandbox."""

    def __init__(self, cloud: Cloud, http: httpx.AsyncClient, sandbox: str, port: int) -> None:
        self.cloud, self.http, self.sandbox, self.port = cloud, http, sandbox, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request(scope, receive)
        try:
            sandbox = self._reached()
            if (answer := self._instead(request, sandbox)) is None:
                await self._forward(request, sandbox, receive, send)
                return
        except Refusal as error:
            answer = refusal(request, error)
        await answer(scope, receive, send)

    def _reached(self) -> Sandbox:
        sandbox = self.cloud.records.get(self.sandbox)
        if sandbox is None:
            raise Refusal(404, NO_CONTAINER, source=PROXY)
        return sandbox

    def _instead(self, request: Request, sandbox: Sandbox) -> Response | None:
        """What is answered to those who must not, or cannot, get through."""
        if not self._is_let_in(request, sandbox):
            return RedirectResponse(LOGIN) if self.cloud.denial == 307 else Response(status_code=self.cloud.denial)
        if _is_browser(request) and ACCEPTED not in request.cookies and SKIP_WARNING not in request.headers:
            return HTMLResponse(WARNING)
        need_address(sandbox, PROXY)
        return None

    def _is_let_in(self, request: Request, sandbox: Sandbox) -> bool:
        return (
            sandbox.public
            or self._is_our_key(request.headers.get("authorization", ""))
            or sandbox.token in (request.headers.get(TOKEN), request.query_params.get(AUTH_KEY))
        )

    def _is_our_key(self, authorization: str) -> bool:
        return authorization == f"Bearer {self.cloud.api_key}"

    async def _forward(self, request: Request, sandbox: Sandbox, receive: Receive, send: Send) -> None:
        """Bytes as they come, until either side ends or the sandbox stops. Where an answer had begun, the client finds
        its connection cut then; where none had, an empty 502."""
        headers = [*self._headers(request), (b"host", f"localhost:{self.port}".encode())]
        url = f"http://127.0.0.1:{self._actual(sandbox)}{_target(request)}"
        outgoing = httpx.Request(request.method, url, headers=headers, content=await request.body())
        relay = _Relay(send)
        with under_way(sandbox, counts=request.headers.get(SKIP_ACTIVITY) != "true"):
            async with anyio.create_task_group() as group:
                group.start_soon(cancel_when_gone, receive, group.cancel_scope)
                with suppress(httpx.HTTPError):
                    await relay.run(self.http, outgoing)
                group.cancel_scope.cancel()
        if not relay.begun:
            await Response(status_code=502)(request.scope, receive, send)
        elif not relay.finished:
            await cut(request.scope, receive)

    def _actual(self, sandbox: Sandbox) -> int:
        return sandbox.port if self.port == MAPPED else self.port

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """The client's own, Basic authentication included; what was meant for Daytona stays here."""
        leave = HOP_BY_HOP | OURS
        if self._is_our_key(request.headers.get("authorization", "")):
            leave = leave | {"authorization"}
        return [(key, value) for key, value in request.headers.raw if key.decode("latin-1").lower() not in leave]


class SignedProxy(Proxy):
    """Its address is the key, until it expires."""

    def __init__(self, cloud: Cloud, http: httpx.AsyncClient, sandbox: str, port: int, until: float) -> None:
        super().__init__(cloud, http, sandbox, port)
        self.until = until

    def _is_let_in(self, request: Request, sandbox: Sandbox) -> bool:
        return self.cloud.now() < self.until


class _Relay:
    """An answer on its way to the client: how far it got."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = self.finished = False

    async def run(self, http: httpx.AsyncClient, outgoing: httpx.Request) -> None:
        """Raises httpx.HTTPError."""
        response = await http.send(outgoing, stream=True)
        try:
            raw = [
                (key, value) for key, value in response.headers.raw if key.decode("latin-1").lower() not in HOP_BY_HOP
            ]
            await self._send({"type": "http.response.start", "status": response.status_code, "headers": raw})
            self.begun = True
            async for piece in response.aiter_raw():
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            self.finished = True
        finally:
            await response.aclose()


def _is_browser(request: Request) -> bool:
    return request.headers.get("user-agent", "").startswith("Mozilla/")


def _target(request: Request) -> str:
    """Path and query as they came, less Daytona's own key."""
    path: str = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    if AUTH_KEY in request.query_params:
        query = urlencode([(key, value) for key, value in parse_qsl(query) if key != AUTH_KEY])
    return f"{path}?{query}" if query else path
