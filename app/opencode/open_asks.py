"""What a session asks people just now, and the sessions that it has begun.

OpenCode lists what is waited for, by whomever. The lists are the truth, and a look that reads them costs twice as much:
so they are read where there is a reason to. That is: at first; when an event has called for a look since; as long as
something is listed; when the last reading failed; and every few seconds, for no event can be relied on.
"""

import asyncio
from collections.abc import Sequence

from app.ids import AskId, SessionId
from app.opencode.chronicle import Chronicle
from app.opencode.client import Client
from app.opencode.inquiries import Inquiry, inquiries_of
from app.opencode.wire import Missing
from app.turns.errors import Refused, Retriable
from app.turns.progress import Ask

AT_ONCE = float("-inf")


class OpenAsks:
    """`now` is what is asked, as far as it could be read; None when it never could."""

    def __init__(self, client: Client, session: SessionId, chronicle: Chronicle, seconds: float) -> None:
        """`chronicle` is the turn's. A look reads the lists again after so many `seconds`, whatever has happened."""
        self.now: tuple[Ask, ...] | None = None
        self._client = client
        self._session = session
        self._chronicle = chronicle
        self._seconds = seconds
        self._listed: Sequence[Inquiry] | None = None
        self._due = AT_ONCE
        self._rings = 0
        self._verdicts: dict[AskId, bool] = {}

    async def read(self, rings: int) -> None:
        """Where there is a reason to. `rings`: how often events have called for a look so far."""
        now = asyncio.get_running_loop().time()
        if now < self._due and rings == self._rings:
            return
        self._due = AT_ONCE
        try:
            found = inquiries_of(*await asyncio.gather(self._client.permissions(), self._client.questions()))
        except (Missing, Retriable, Refused):
            return  # the turn goes on without it
        self._listed, self._rings = found, rings
        self._due = AT_ONCE if found else now + self._seconds

    async def sift(self) -> None:
        """Say which of what was read are the turn's, by a chronicle that is not older."""
        if self._listed is not None:
            self.now = tuple([one.ask for one in self._listed if await self._is_ours(one)])

    def none(self) -> None:
        """Nothing runs, so nobody waits, whatever is listed."""
        self.now, self._listed, self._due = (), (), AT_ONCE

    async def _is_ours(self, inquiry: Inquiry) -> bool:
        """Turns that were aborted leave what they asked behind, and so do their children."""
        if inquiry.session == self._session:
            ids = {answer["info"]["id"] for answer in self._chronicle.answers}
            return inquiry.message is None or inquiry.message in ids
        if inquiry.ask.id not in self._verdicts:
            self._verdicts[inquiry.ask.id] = await self._is_of_child(inquiry)
        return self._verdicts[inquiry.ask.id]

    async def _is_of_child(self, inquiry: Inquiry) -> bool:
        try:
            return await self._descends(inquiry.session) and (
                inquiry.message is None or await self._is_of_now(inquiry.session, inquiry.message)
            )
        except Missing:
            return False

    async def _descends(self, session: SessionId) -> bool:
        while session != self._session:
            parent = (await self._client.session(session)).get("parentID")
            if not parent:
                return False
            session = SessionId(parent)
        return True

    async def _is_of_now(self, session: SessionId, message: str) -> bool:
        asking = await self._client.message(session, message)
        return int(asking["info"]["time"]["created"]) >= self._chronicle.begun
