"""The routes of OpenCode 1.18.33 by which a session is carried from one server to another. Those under `/sync` are
documented nowhere. What they raise is said in `wire`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.ids import SessionId
from app.opencode.client import Client, Row
from app.opencode.config import AGENT, split_model
from app.opencode.wire import parsed

MOVE_SECONDS = 60.0  # for whatever takes longer the more was said
BEYOND = 2**53 - 1  # no event has this number


class Transfer(Client):
    async def home(self) -> Mapping[str, str]:
        """What the sessions of this server belong to, by the fields that say so."""
        where, project = await asyncio.gather(self._wire.get("/path"), self._wire.get("/project/current"))
        return {"directory": where["directory"], "projectID": project["id"]}

    async def history(self, session: SessionId, most: int) -> Sequence[Row]:
        """The events of the session, in their order. Raises Overlong beyond `most` bytes."""
        others = {str(row["id"]) for row in _objects(await self._wire.get("/session"))} - {session}
        body = dict.fromkeys(others, BEYOND)  # the last that is known of them: nothing more is told
        answer = await self._wire.answer("POST", "/sync/history", json=body, timeout=MOVE_SECONDS, most=most)
        return _objects(await asyncio.to_thread(parsed, answer))

    async def replay(self, directory: str, events: Sequence[Row]) -> None:
        """Those of one session, that follow what was replayed before. A repeat changes nothing."""
        body = await asyncio.to_thread(_body, directory, events)
        await self._wire.answer("POST", "/sync/replay", content=body, timeout=MOVE_SECONDS)

    async def fork(self, session: SessionId, before: str | None) -> SessionId:
        """Another session with what stands before this message, or with all of it: under ids of its own, and with the
        old one's metadata. A repeat makes a second one."""
        body = {"messageID": before} if before else {}
        made = await self._wire.call("POST", f"/session/{session}/fork", json=body, tries=1, timeout=MOVE_SECONDS)
        return SessionId(made["id"])

    async def describe(self, session: SessionId, title: str, metadata: Row) -> None:
        """Raises Missing."""
        await self._wire.call("PATCH", f"/session/{session}", json={"title": title, "metadata": metadata})

    async def remark(self, session: SessionId, message: str, part: str, text: str, model: str) -> None:
        """Something that the model is to know from then on, and is not to answer. A repeat is the same one."""
        provider, name = split_model(model)
        fields = {"messageID": message, "model": {"providerID": provider, "modelID": name}, "agent": AGENT}
        parts = [{"id": part, "type": "text", "text": text, "synthetic": True}]
        body = {**fields, "noReply": True, "parts": parts}
        await self._wire.call("POST", f"/session/{session}/prompt_async", json=body)

    async def discard(self, session: SessionId) -> None:
        """With its messages. Raises Missing."""
        await self._wire.call("DELETE", f"/session/{session}")


def _objects(found: Any) -> Sequence[Row]:
    """Raises TypeError where it is no list of such."""
    return [dict(row) for row in found]


def _body(directory: str, events: Sequence[Row]) -> bytes:
    """As JSON. One event at a time: nothing else can run while a value is encoded, in whatever thread."""
    begin = json.dumps({"directory": directory}).removesuffix("}").encode()
    return b"".join((begin, b', "events": [', b", ".join(json.dumps(event).encode() for event in events), b"]}"))
