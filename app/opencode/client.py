"""The routes of OpenCode 1.18.33 that we use, one method each. What they raise is said in `wire`.

What is listed is taken row by row: what is no object is left out, and whether the others make sense is for whoever
reads them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx

from app.ids import SessionId, ThreadId
from app.opencode.config import AGENT, VERSION, split_model
from app.opencode.transcript import Message
from app.opencode.wire import READ_SECONDS, SILENCE_SECONDS, Missing, Wire, parsed
from app.sandboxes.ports import Endpoint

__all__ = ["PROBE_SECONDS", "READ_SECONDS", "Client", "Health", "Missing", "Retry", "Status"]

Row = Mapping[str, Any]

PROBE_SECONDS = 0.4  # the boot window is shorter than a second
COMMAND_SECONDS = 1.0  # it is answered when it is done, and goes on without whoever has asked for it
LEAST_BYTES_PER_SECOND = 1_000_000  # of a prompt with files: images are decoded before it is answered


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
        self._wire = Wire(http, endpoint, password, read_seconds, silence_seconds)
        self._read_seconds = read_seconds

    async def health(self, within: float = PROBE_SECONDS) -> Health:
        """Asked once, and answered within so many seconds. Raises nothing."""
        try:
            response = await self._wire.send("GET", "/global/health", timeout=within)
        except httpx.ConnectError:
            return Health.REFUSED
        except httpx.ReadTimeout:
            return Health.SILENT
        except httpx.HTTPError:
            return Health.BARRED
        return _health_by(response)

    async def knows(self, model: str) -> bool:
        """Whether it may be asked for. A server takes prompts to any other too, and never answers them."""
        provider, name = split_model(model)
        return any(one["id"] == provider and name in one["models"] for one in await self.providers())

    # --- what there is to choose from

    async def providers(self) -> Sequence[Row]:
        """With their models, and their keys."""
        found: list[Row] = (await self._wire.get("/config/providers"))["providers"]
        return found

    async def agents(self) -> Sequence[Row]:
        found: list[Row] = await self._wire.get("/agent")
        return found

    async def commands(self) -> Sequence[Row]:
        found: list[Row] = await self._wire.get("/command")
        return found

    # --- sessions

    async def sessions(self) -> Sequence[Row]:
        found: list[Row] = await self._wire.get("/session", params={"roots": "true"})
        return found

    async def session(self, session: SessionId) -> Row:
        """Raises Missing."""
        found: Row = await self._wire.get(f"/session/{session}")
        return found

    async def has_session(self, session: SessionId) -> bool:
        try:
            await self.session(session)
        except Missing:
            return False
        return True

    async def create_session(self, thread: ThreadId, title: str) -> SessionId:
        """A repeat would make a second one, so there is none: an answer that got lost leaves one to be found."""
        body = {"title": title, "metadata": {"thread": thread}}
        made = await self._wire.call("POST", "/session", json=body, tries=1)
        return SessionId(made["id"])

    async def status(self, session: SessionId) -> Status:
        """Not busy may also mean: not busy yet. A new turn shows up to 1.5 s after it was taken."""
        found = (await self._wire.get("/session/status")).get(session)
        if found is None or found["type"] == "idle":
            return Status(busy=False)
        if found["type"] == "retry":
            return Status(busy=True, retry=Retry(int(found["attempt"]), float(found["next"]) / 1000))
        return Status(busy=True)

    # --- messages

    async def message(self, session: SessionId, message: str) -> Message:
        """Raises Missing."""
        found: Message = await self._wire.get(f"/session/{session}/message/{message}")
        return found

    async def page(
        self, session: SessionId, limit: int, before: str | None = None
    ) -> tuple[Sequence[Message], str | None]:
        """So many messages in order, the newest ones or those before a page, and where the page before them begins."""
        params = {"limit": str(limit)} | ({"before": before} if before else {})
        response = await self._wire.answer("GET", f"/session/{session}/message", params=params)
        messages: list[Message] = parsed(response)
        return messages, response.headers.get("x-next-cursor") if messages else None

    async def prompt(
        self, session: SessionId, message: str, parts: Sequence[Row], model: str, agent: str = AGENT
    ) -> None:
        """Give it to the server. Returning does not mean that it is stored. A repeat with the same ids is the same
        message. Model and agent are always said: a session sticks to a wrong model for ever otherwise."""
        provider, name = split_model(model)
        fields = {"messageID": message, "model": {"providerID": provider, "modelID": name}, "agent": agent}
        body = await asyncio.to_thread(_body, fields, parts)
        patience = self._read_seconds + len(body) / LEAST_BYTES_PER_SECOND
        await self._wire.answer("POST", f"/session/{session}/prompt_async", content=body, timeout=patience)

    async def command(
        self, session: SessionId, message: str, name: str, arguments: str, model: str, agent: str = AGENT
    ) -> None:
        """Have it run one of its own commands, as the message of this id; as with `prompt`. A repeat would say what is
        asked twice."""
        body = {"messageID": message, "command": name, "arguments": arguments, "model": model, "agent": agent}
        await self._wire.begin(f"/session/{session}/command", body, COMMAND_SECONDS)

    async def abort(self, session: SessionId) -> None:
        """Harmless when nothing runs. What was running goes on writing for up to a second."""
        await self._wire.call("POST", f"/session/{session}/abort")

    # --- what it asks

    async def permissions(self) -> Sequence[Row]:
        """Those that are waited for, of all sessions, and those that aborted turns have left behind."""
        return _rows(await self._wire.get("/permission"))

    async def questions(self) -> Sequence[Row]:
        """As with permissions."""
        return _rows(await self._wire.get("/question"))

    async def tell(self, path: str, body: Row | None) -> None:
        """A decision about something that is asked. Raises Missing when nobody waits for it any more."""
        await self._wire.call("POST", path, json=body)

    # --- what it changed

    async def diff(self, session: SessionId, message: str) -> Sequence[Row]:
        """What the turn of this prompt has changed in files, as far as its steps were finished."""
        return _rows(await self._wire.get(f"/session/{session}/diff", params={"messageID": message}))

    async def revert(self, session: SessionId, message: str) -> Row:
        """Files and conversation become what they were before this message. The messages from there on are listed until
        the next prompt. The session as it is then. Raises Occupied."""
        found: Row = await self._wire.call("POST", f"/session/{session}/revert", json={"messageID": message})
        return found

    async def unrevert(self, session: SessionId) -> None:
        """Take every revert since the last prompt back. Raises Occupied."""
        await self._wire.call("POST", f"/session/{session}/unrevert")

    async def uncommitted(self) -> Sequence[Row]:
        """How the workspace differs from its last commit; nothing without git."""
        return _rows(await self._wire.get("/vcs/diff", params={"mode": "git"}))

    # --- between the turns

    async def children(self, session: SessionId) -> Sequence[Row]:
        """The sessions of its sub-agents."""
        return _rows(await self._wire.get(f"/session/{session}/children"))

    async def todos(self, session: SessionId) -> Sequence[Row]:
        return _rows(await self._wire.get(f"/session/{session}/todo"))

    async def summarize(self, session: SessionId, model: str) -> None:
        """Have it begin to put a summary in the place of what was said. Raises Occupied."""
        provider, name = split_model(model)
        await self._wire.begin(f"/session/{session}/summarize", {"providerID": provider, "modelID": name})

    async def remove(self, session: SessionId, message: str) -> None:
        """Out of the session, as if it had never been written. Raises Missing, Occupied."""
        await self._wire.call("DELETE", f"/session/{session}/message/{message}")

    # --- the server

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[Row]]:
        return self._wire.events()


def _body(fields: Row, parts: Sequence[Row]) -> bytes:
    """As JSON. One part at a time: nothing else can run while a value is encoded, in whatever thread."""
    begin = json.dumps(fields).removesuffix("}").encode()
    return b"".join((begin, b', "parts": [', b", ".join(json.dumps(part).encode() for part in parts), b"]}"))


def _health_by(response: httpx.Response) -> Health:
    if response.status_code == 401 and response.headers.get("www-authenticate", "").startswith("Basic "):
        return Health.LOCKED
    if response.status_code != 200:
        return Health.BARRED
    health = parsed(response)
    if not isinstance(health, dict) or "version" not in health:
        return Health.FOREIGN
    if health["version"] != VERSION:
        return Health.OTHER_VERSION
    return Health.GOOD if health.get("healthy") is True else Health.SILENT


def _rows(found: Any) -> Sequence[Row]:
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
