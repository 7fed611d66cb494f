"""HTTP to one server of OpenCode 1.18.33: what holds for every request.

Two habits of that server shape this module. While it boots it accepts requests that it never answers: so every read
has a short time limit, and what may be repeated is repeated. And an address that it does not know is answered with
its web page and 200: so only JSON counts as an answer.

What it raises: Missing for what the server does not have, Retriable for what may pass (Occupied where the server would
have to be idle, Overlong where it answers too much), Refused where the server will never take it. No error carries a
body, a header or a password.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from json import JSONDecodeError
from typing import Any

import httpx
from httpx_sse import EventSource, SSEError, aconnect_sse

from app.opencode.config import USERNAME
from app.sandboxes.provider import Endpoint
from app.turns.errors import Refused, Retriable
from app.words.apologies import BAD_CONFIGURATION, NOT_ACCEPTED

TRIES = 3
READ_SECONDS = 5.0
HEARTBEAT_SECONDS = 10.0
SILENCE_SECONDS = 2.5 * HEARTBEAT_SECONDS  # tools may be silent for minutes, the stream never is
MOST_BYTES = 200_000_000  # of an answer: a prompt holds its files, 67 MB at most, and several come in a page
# Of an event. They tell of a tool's output, of a file that was changed. Larger are only images that people have sent,
# which are told of whole, and a server that never ends one: what else came is read again when the stream is.
MOST_EVENT_BYTES = 8_000_000
ENCODING = (b"content-encoding", b"content-length", b"transfer-encoding")
MISSING = ("NotFoundError", "PermissionNotFoundError", "QuestionNotFoundError")


class Missing(Exception):
    """The server answers, and has no such session, message or request. `repeated`: it was asked before and did not
    answer in time, so this may be what the first request has left."""

    def __init__(self, path: str, *, repeated: bool = False) -> None:
        super().__init__(path)
        self.repeated = repeated


class Occupied(Retriable):
    """Not while the session is at work."""


class Overlong(Retriable):
    """The answer is longer than whoever asked can take, and will be as long as what it tells of stays as it is."""


class Unexpected(Retriable):
    """It answers, and neither what was asked nor why not."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class Oversized(httpx.RequestError):
    """The answer is so large that it would take all memory."""


class Wire:
    def __init__(
        self,
        http: httpx.AsyncClient,
        endpoint: Endpoint,
        password: str,
        read_seconds: float,
        silence_seconds: float,
    ) -> None:
        self._http = http
        self._read_seconds = read_seconds
        self._silence_seconds = silence_seconds
        self._url = endpoint.url
        self._headers = dict(endpoint.headers)
        self._auth = httpx.BasicAuth(USERNAME, password)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return await self.call("GET", path, params=params)

    async def call(self, method: str, path: str, **arguments: Any) -> Any:
        return parsed(await self.answer(method, path, **arguments))

    async def answer(self, method: str, path: str, tries: int = TRIES, **arguments: Any) -> httpx.Response:
        """A good answer: JSON, or the empty one that some calls have."""
        for left in reversed(range(tries)):
            try:
                response = await self.send(method, path, **arguments)
            except httpx.ReadTimeout as error:
                if left:
                    continue
                raise Retriable(f"OpenCode does not answer {method} {path}") from error
            except Oversized as error:
                raise Overlong(f"OpenCode answers too much to {method} {path}") from error
            except httpx.HTTPError as error:
                raise Retriable(f"OpenCode cannot be reached: {type(error).__name__}") from error
            _check(response, repeated=left < tries - 1)
            return response
        raise AssertionError("unreachable")

    async def begin(self, path: str, body: Mapping[str, Any], timeout: float | None = None) -> None:
        """POST what the server answers only when it is done with it: once, and waited for no longer than any answer.
        Returning means that it may have begun, or be over; it goes on without whoever has asked for it."""
        try:
            response = await self.send("POST", path, json=body, timeout=timeout)
        except httpx.ReadTimeout:
            return
        except httpx.HTTPError as error:
            raise Retriable(f"OpenCode cannot be reached: {type(error).__name__}") from error
        _check(response, repeated=False)

    async def send(
        self, method: str, path: str, timeout: float | None = None, most: int = MOST_BYTES, **arguments: Any
    ) -> httpx.Response:
        """Once, whatever the answer is; at `most` so many bytes. `content` is JSON. Raises what httpx raises, and
        Oversized."""
        kind = {"Content-Type": "application/json"} if "content" in arguments else {}
        request = self._http.stream(
            method,
            self._url + path,
            headers=self._headers | kind,
            auth=self._auth,
            timeout=httpx.Timeout(READ_SECONDS, read=timeout or self._read_seconds),
            follow_redirects=False,
            **arguments,
        )
        async with request as response:
            return await _whole(response, most)

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
        """The events of the workspace from now on. Raises Retriable, also when nothing has come for so long that
        the server must be gone, and when an event is too large. It ends when the server says so."""
        timeout = httpx.Timeout(READ_SECONDS, read=self._silence_seconds)
        arguments = {"headers": self._headers, "auth": self._auth, "timeout": timeout}
        try:
            async with aconnect_sse(self._http, "GET", f"{self._url}/event", **arguments) as source:
                source.response.raise_for_status()
                yield (event.json() async for event in EventSource(_bounded(source.response)).aiter_sse())
        except (httpx.HTTPError, SSEError, JSONDecodeError) as error:
            raise Retriable(f"OpenCode's events stopped: {type(error).__name__}") from error


async def _whole(response: httpx.Response, most: int) -> httpx.Response:
    """With its content."""
    pieces, size = list[bytes](), 0
    async for piece in response.aiter_bytes():
        pieces.append(piece)
        if (size := size + len(piece)) > most:
            raise Oversized(f"more than {most} bytes", request=response.request)
    content = b"".join(pieces)
    return httpx.Response(response.status_code, headers=_decoded(response), content=content, request=response.request)


def _bounded(response: httpx.Response) -> httpx.Response:
    """The same stream of events, which breaks off where one of them is too large: a reader keeps it until its end."""
    return httpx.Response(response.status_code, headers=_decoded(response), stream=Bounded(response))


class Bounded(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, last = 0, b""
        async for piece in self._response.aiter_bytes():
            seen = last + piece
            end = max(seen.rfind(b"\n\n"), seen.rfind(b"\n\r\n"))
            size = size + len(piece) if end < 0 else len(seen) - end
            if size > MOST_EVENT_BYTES:
                raise Oversized(f"more than {MOST_EVENT_BYTES} bytes", request=self._response.request)
            yield piece
            last = seen[-2:]  # the end of an event may come in two pieces


def _decoded(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Its headers, now that its content is decoded."""
    return [pair for pair in response.headers.raw if pair[0].lower() not in ENCODING]


def parsed(response: httpx.Response) -> Any:
    """None when it is not JSON."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _check(response: httpx.Response, *, repeated: bool) -> None:
    status = response.status_code
    envelope = parsed(response)
    if status == 204 or (status == 200 and envelope is not None):
        return
    name = envelope.get("name", envelope.get("_tag", "")) if isinstance(envelope, dict) else ""
    if status == 404 and name in MISSING:
        raise Missing(response.request.url.path, repeated=repeated)
    if status == 409:
        raise Occupied(f"OpenCode is at work, and does not take {response.request.url.path}")
    if status == 400 and name in ("ConfigJsonError", "ConfigInvalidError"):
        raise Refused(BAD_CONFIGURATION)
    if status in (400, 413, 422) and name:
        raise Refused(NOT_ACCEPTED)
    what = str(name)[:60] or response.headers.get("content-type", "nothing")[:60]
    asked = f"{response.request.method} {response.request.url.path}"
    raise Unexpected(f"OpenCode answered {status} ({what}) to {asked}", status)
