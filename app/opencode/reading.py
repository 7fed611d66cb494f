"""Looking at one turn of a session, again and again: what became of it, how it goes, what it asks.

The order of a look matters. The status comes first: messages that are read after it is idle are complete, but for the
last second. Most looks are two requests: the status and the newest message. Two more where something may be asked, and
one for each sub-agent that works.
"""

import asyncio
from collections.abc import Callable

from app.ids import SessionId
from app.opencode import apologies
from app.opencode.chronicle import Chronicle
from app.opencode.client import Client, Retry
from app.opencode.open_asks import OpenAsks
from app.opencode.patience import Patience
from app.opencode.slimming import slim
from app.opencode.sub_agents import SubAgents
from app.opencode.transcript import ENDED, Fate, Message, Outcome
from app.turns.errors import Refused, Retriable
from app.turns.progress import Progress
from app.words.apologies import TROUBLED

MISSES = 3  # answers in a row that get lost before the server counts as gone
PAGE = 64  # messages; most looks need the newest alone, and there may be large files in old ones


class Reader:
    def __init__(
        self, client: Client, session: SessionId, prompt: str, patience: Patience, clock: Callable[[], float]
    ) -> None:
        """`prompt` is the id of a user message. `clock` tells epoch seconds."""
        self.chronicle = Chronicle(prompt)
        self._client = client
        self._session = session
        self._patience = patience
        self._clock = clock
        self._asks = OpenAsks(client, session, self.chronicle, patience.lists - patience.poll)
        self._sub_agents = SubAgents(client, patience.glance)
        self._retry: Retry | None = None

    async def look(self, rings: int = 0) -> Outcome:
        """`rings`: how often events have called for a look so far. Raises Missing; Refused, and ends the turn, when the
        server means to go on trying for too long."""
        status = await self._client.status(self._session)
        self._retry = status.retry
        if status.retry is not None:
            await self._judge(status.retry)
        if status.busy:
            await self._read_all(rings)
            await self._asks.sift()
            await self._sub_agents.look(self.chronicle.at_work, self.chronicle.root, self.chronicle.begun)
        else:
            await self.read()
            self._asks.none()
        outcome = self.chronicle.outcome()
        is_other = outcome.overtaken and outcome.fate in ENDED  # what runs is the next
        return Outcome(Fate.RUNNING, outcome.said, outcome.last) if status.busy and not is_other else outcome

    async def surely(self, rings: int = 0) -> Outcome:
        """A look for which an answer may get lost now and then."""
        for left in reversed(range(MISSES)):
            try:
                return await self.look(rings)
            except Retriable:
                if not left:
                    raise
                await asyncio.sleep(self._patience.miss)
        raise AssertionError("unreachable")

    def progress(self, *, over: bool = False, ended: bool = False, remark: str = "") -> Progress:
        """As of the last look. `over`: no more will come, whether or not it is an answer."""
        chronicle = self.chronicle
        return Progress(
            tools=chronicle.tools(over=over, inside=self._sub_agents.newest),
            todos=chronicle.todos(),
            texts=chronicle.texts(over=over),
            asks=() if over else self._asks.now,
            made=chronicle.made(),
            retry_at=self._retry.at if self._retry and not over else None,
            ended=ended,
            remark=remark,
        )

    async def _read_all(self, rings: int) -> None:
        """Side by side. When one fails the other is ended too: it could write an older list over a newer one."""
        asking = asyncio.create_task(self._asks.read(rings))  # not a TaskGroup: it would wrap what is raised
        try:
            await self.read()
            await asking
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    async def read(self) -> None:
        """Bring the chronicle up to date."""
        news: list[Message] = []
        limit, before = 1, None
        while True:
            page, before = await self._client.page(self._session, limit, before)
            news[:0] = map(slim, page)
            del page  # it may hold files and much that was printed: a second one is not held beside it
            if before is None or self.chronicle.joins(news):
                break
            limit = min(limit * 4, PAGE)
        self.chronicle.take(news)

    async def _judge(self, retry: Retry) -> None:
        left = retry.at - self._clock()
        far = left > self._patience.retry_within
        if not far and retry.attempt <= self._patience.most_retries:
            return
        await self._client.abort(self._session)
        raise Refused(apologies.limited(left) if far else TROUBLED)
