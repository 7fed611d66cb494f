"""HTTP to one server of OpenCode 1.18.33.

Two habits of that server shape this module. While it boots it accepts requests that it never answers: so every read
has a short time limit, and what may be repeated is repeated. And an address that it does not know is answered with
its web page and 200: so only JSON counts as an answer.

What it raises: Missing for an unknown session or message, Retriable for what may pass, Refused where the server will
never take it. No error carries a body, a header or a password.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from json import JSONDecodeError
from typing import Any

import httpx
from httpx_sse import SSEError, aconnect_sse

from app.ids import SessionId, ThreadId
from app.opencode import apologies
from app.opencode.config import AGENT, USERNAME, VERSION, split_model
from app.opencode.transcript import Message
from app.sandboxes.ports import Endpoint
from app.turns.errors import Refused, Retriable

TRIES = 3
READ_SECONDS = 5.0
PROBE_SECONDS = 0.4  # the boot window is shorter than a second
HEARTBEAT_SECONDS = 10.0
SILENCE_SECONDS = 2.5 * HEARTBEAT_SECONDS  # tools may be silent for minutes, the stream never is
PAGE = 60


class Missing(Exception):
    """The server answers, and has no such session or message."""


class Health(StrEnum):
    GOOD = "good"
    REFUSED = "refused"  # nobody listens
    SILENT = "silent"  # no answer of any use, yet
    LOCKED = "locked"  # it has another password
    BARRED = "barred"  # somebody on the way to it answered instead, or hung up
    FOREIGN = "foreign"  # something that is not OpenCode, or a later one that has dropped the address
    OTHER_VERSION = "other version"


@dataclass(frozen=True, slots=True)
class Retry:
    """The model failed, and the server will ask it again."""

    attempt: int
    at: float  # epoch seconds


@dataclass(frozen=True, slots=True)
class Status:
    busy: bool
    retry: Retry | None = None


class Client:
    def __init__(
        self,
        http: httpx.AsyncClient,
        endpoint: Endpoint,
        password: str,
        read_seconds: float = READ_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._http = http
        self._read_seconds = read_seconds
        self._silence_seconds = silence_seconds
        self._url = endpoint.url
        self._headers = dict(endpoint.headers)
        self._auth = httpx.BasicAuth(USERNAME, password)

    async def health(self, within: float = PROBE_SECONDS) -> Health:
        """Asked once, and answered within so many seconds. Raises nothing."""
        try:
            response = await self._send("GET", "/global/health", timeout=within)
        except httpx.ConnectError:
            return Health.REFUSED
        except httpx.ReadTimeout:
            return Health.SILENT
        except httpx.HTTPError:
            return Health.BARRED
        if response.status_code == 401 and response.headers.get("www-authenticate", "").startswith("Basic "):
            return Health.LOCKED
        if response.status_code != 200:
            return Health.BARRED
        health = _json(response)
        if not isinstance(health, dict) or "version" not in health:
            return Health.FOREIGN
        if health["version"] != VERSION:
            return Health.OTHER_VERSION
        return Health.GOOD if health.get("healthy") is True else Health.SILENT

    async def knows(self, model: str) -> bool:
        """Whether it may be asked for. A server takes prompts to any other too, and never answers them."""
        provider, name = split_model(model)
        found = await self._get("/config/providers")
        return any(one["id"] == provider and name in one["models"] for one in found["providers"])

    async def sessions(self) -> Sequence[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = await self._get("/session", params={"roots": "true"})
        return found

    async def has_session(self, session: SessionId) -> bool:
        try:
            await self._get(f"/session/{session}")
        except Missing:
            return False
        return True

    async def create_session(self, thread: ThreadId, title: str) -> SessionId:
        """A repeat would make a second one, so there is none: an answer that got lost leaves one to be found."""
        body = {"title": title, "metadata": {"thread": thread}}
        made = await self._call("POST", "/session", json=body, tries=1)
        return SessionId(made["id"])

    async def message(self, session: SessionId, message: str) -> Message:
        """Raises Missing."""
        found: Message = await self._get(f"/session/{session}/message/{message}")
        return found

    async def messages(self, session: SessionId, back_to: str) -> list[Message]:
        """In order, the newest at the end, back to the message `back_to` at least; all if it is not among them."""
        messages: list[Message] = []
        params = {"limit": str(PAGE)}
        while True:
            response = await self._answer("GET", f"/session/{session}/message", params=params)
            page = _json(response)
            messages = [*page, *messages]
            cursor = response.headers.get("x-next-cursor")
            if not page or not cursor or any(one["info"]["id"] == back_to for one in page):
                return messages
            params["before"] = cursor

    async def status(self, session: SessionId) -> Status:
        """Not busy may also mean: not busy yet. A new turn shows up to 1.5 s after it was taken."""
        found = (await self._get("/session/status")).get(session)
        if found is None or found["type"] == "idle":
            return Status(busy=False)
        if found["type"] == "retry":
            return Status(busy=True, retry=Retry(int(found["attempt"]), float(found["next"]) / 1000))
        return Status(busy=True)

    async def prompt(self, session: SessionId, message: str, parts: Sequence[Mapping[str, Any]], model: str) -> None:
        """Give it to the server. Returning does not mean that it is stored. A repeat with the same ids is the same
        message. Model and agent are always said: a session sticks to a wrong model for ever otherwise."""
        provider, name = split_model(model)
        body = {
            "messageID": message,
            "model": {"providerID": provider, "modelID": name},
            "agent": AGENT,
            "parts": list(parts),
        }
        await self._answer("POST", f"/session/{session}/prompt_async", json=body)

    async def abort(self, session: SessionId) -> None:
        """Harmless when nothing runs. What was running goes on writing for up to a second."""
        await self._call("POST", f"/session/{session}/abort")

    async def dispose(self) -> None:
        """End everything that runs, with what was said so far kept, so that the process can be stopped."""
        await self._call("POST", "/global/dispose")

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
        """The events of the workspace from now on. Raises Retriable, also when nothing has come for so long that
        the server must be gone. It ends when the server says so."""
        timeout = httpx.Timeout(READ_SECONDS, read=self._silence_seconds)
        arguments = {"headers": self._headers, "auth": self._auth, "timeout": timeout}
        try:
            async with aconnect_sse(self._http, "GET", f"{self._url}/event", **arguments) as source:
                source.response.raise_for_status()
                yield (event.json() async for event in source.aiter_sse())
        except (httpx.HTTPError, SSEError, JSONDecodeError) as error:
            raise Retriable(f"OpenCode's events stopped: {type(error).__name__}") from error

    async def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return await self._call("GET", path, params=params)

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        return _json(await self._answer(method, path, **arguments))

    async def _answer(self, method: str, path: str, tries: int = TRIES, **arguments: Any) -> httpx.Response:
        """A good answer: JSON, or the empty one that some calls have."""
        for left in reversed(range(tries)):
            try:
                response = await self._send(method, path, **arguments)
            except httpx.ReadTimeout as error:
                if left:
                    continue
                raise Retriable(f"OpenCode does not answer {method} {path}") from error
            except httpx.HTTPError as error:
                raise Retriable(f"OpenCode cannot be reached: {type(error).__name__}") from error
            _check(response)
            return response
        raise AssertionError("unreachable")

    async def _send(self, method: str, path: str, timeout: float | None = None, **arguments: Any) -> httpx.Response:
        return await self._http.request(
            method,
            self._url + path,
            headers=self._headers,
            auth=self._auth,
            timeout=httpx.Timeout(READ_SECONDS, read=timeout or self._read_seconds),
            follow_redirects=False,
            **arguments,
        )


def _json(response: httpx.Response) -> Any:
    if not response.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _check(response: httpx.Response) -> None:
    status = response.status_code
    envelope = _json(response)
    if status == 204 or (status == 200 and envelope is not None):
        return
    name = envelope.get("name", envelope.get("_tag", "")) if isinstance(envelope, dict) else ""
    if status == 404 and name == "NotFoundError":
        raise Missing(response.request.url.path)
    if status == 400 and name in ("ConfigJsonError", "ConfigInvalidError"):
        raise Refused(apologies.BAD_CONFIGURATION)
    if status in (400, 413, 422) and name:
        raise Refused(apologies.NOT_ACCEPTED)
    what = str(name)[:60] or response.headers.get("content-type", "nothing")[:60]
    raise Retriable(f"OpenCode answered {status} ({what}) to {response.request.method} {response.request.url.path}")
