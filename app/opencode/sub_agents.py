"""What the sub-agents do that a turn has begun: a tool of the turn, and a session of its own behind it.

While they work they are looked at with one request each, for the newest tool alone; what theirs have begun in turn is
not looked at. Best effort: what cannot be read stays as it was.
"""

import asyncio
from collections.abc import Mapping, Sequence

from app.ids import SessionId
from app.opencode.client import Client
from app.opencode.tools import kind_of, tool_of, tools_in
from app.opencode.wire import Missing
from app.turns.errors import Refused, Retriable
from app.turns.progress import Doing, Tool

MOST = 3  # at once: more than these a status message does not show
NEWEST = 4  # messages: one that has just begun has no tools yet, and others none that are shown


class SubAgents:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._newest: dict[str, Tool] = {}

    @property
    def newest(self) -> Mapping[str, Tool]:
        """The tools, by the sessions."""
        return self._newest

    async def look(self, sessions: Sequence[str], root: str) -> None:
        """`sessions` are those at work, in the order in which they began; `root` is where the workspace is."""
        await asyncio.gather(*(self._look(session, root) for session in sessions[-MOST:]))

    async def _look(self, session: str, root: str) -> None:
        try:
            page, _ = await self._client.page(SessionId(session), NEWEST)
        except (Missing, Retriable, Refused):
            return
        parts = [part for message in page for part in tools_in(message["parts"]) if not kind_of(part).silent]
        tools = [tool for part in parts if (tool := tool_of(part, root, over=False)).doing is not Doing.PENDING]
        if tools:
            self._newest[session] = tools[-1]
