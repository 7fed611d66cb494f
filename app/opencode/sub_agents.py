"""What the sub-agents do that a turn has begun: a tool of the turn, and a session of its own behind it.

While they work they are looked at with one request each, for the newest tool alone; what theirs have begun in turn is
not looked at. Best effort: what cannot be read stays as it was, and where one does not answer in time all of them are
left alone for a while, for what the turn itself tells must not wait for them.
"""

import asyncio
from collections.abc import Mapping, Sequence

from app.ids import SessionId
from app.opencode.client import Client
from app.opencode.slimming import slim
from app.opencode.tools import tool_of, uses
from app.opencode.wire import Missing
from app.turns.errors import Refused, Retriable
from app.turns.progress import Doing, Tool

MOST = 3  # at once: more than these a status message does not show
NEWEST = 4  # messages: one that has just begun has no tools yet, and others none that are shown
REST = 10.0  # times as long as was waited in vain


class SubAgents:
    def __init__(self, client: Client, seconds: float) -> None:
        """`seconds` is how long a look may take."""
        self._client = client
        self._seconds = seconds
        self._newest: dict[str, Tool] = {}
        self._resting_until = 0.0

    @property
    def newest(self) -> Mapping[str, Tool]:
        """The tools, by the sessions."""
        return self._newest

    async def look(self, sessions: Sequence[str], root: str, begun: int) -> None:
        """`sessions` are those at work, in the order in which they began; `root` is where the workspace is; `begun` is
        when the turn did, in milliseconds by the server's clock: one that is gone on with has done other things before.
        """
        now = asyncio.get_running_loop().time
        if not sessions or now() < self._resting_until:
            return
        try:
            async with asyncio.timeout(self._seconds):
                for session in reversed(sessions[-MOST:]):  # one by one: their pages may be large
                    await self._look(session, root, begun)
        except TimeoutError:
            self._resting_until = now() + REST * self._seconds

    async def _look(self, session: str, root: str, begun: int) -> None:
        try:
            page, _ = await self._client.page(SessionId(session), NEWEST)
        except (Missing, Retriable, Refused):
            return
        ours = [slim(message) for message in page if message["info"]["time"]["created"] >= begun]
        used = [tool_of(part, root, over=False) for part in uses(ours)]
        if shown := [tool for tool in used if tool.doing is not Doing.PENDING and not tool.is_silent]:
            self._newest[session] = shown[-1]
