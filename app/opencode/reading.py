"""Looking at one turn of a session, again and again: what became of it, how it goes, what it asks.

The order of a look matters. The status comes first: messages that are read after it is idle are complete, but for the
last second.
"""

import asyncio
from collections.abc import Callable, Sequence

from app.ids import AskId, SessionId
from app.opencode import apologies
from app.opencode.chronicle import Chronicle
from app.opencode.client import Client, Retry
from app.opencode.inquiries import Inquiry, inquiries_of
from app.opencode.patience import Patience
from app.opencode.transcript import ENDED, Fate, Message, Outcome
from app.opencode.wire import Missing
from app.turns.errors import Refused, Retriable
from app.turns.progress import Ask, Progress

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
        self._asks: tuple[Ask, ...] | None = None  # nobody has looked yet
        self._retry: Retry | None = None
        self._verdicts: dict[AskId, bool] = {}

    async def look(self) -> Outcome:
        """Raises Missing; Refused, and ends the turn, when the server means to go on trying for too long."""
        status = await self._client.status(self._session)
        self._retry = status.retry
        if status.retry is not None:
            await self._judge(status.retry)
        if status.busy:
            _, asked = await asyncio.gather(self.read(), self._asked())
            if asked is not None:
                self._asks = tuple([one.ask for one in asked if await self._is_ours(one)])
        else:
            await self.read()
            self._asks = ()
        outcome = self.chronicle.outcome()
        is_other = outcome.overtaken and outcome.fate in ENDED  # what runs is the next
        return Outcome(Fate.RUNNING, outcome.said, outcome.last) if status.busy and not is_other else outcome

    async def surely(self) -> Outcome:
        """A look for which an answer may get lost now and then."""
        for left in reversed(range(MISSES)):
            try:
                return await self.look()
            except Retriable:
                if not left:
                    raise
                await asyncio.sleep(self._patience.miss)
        raise AssertionError("unreachable")

    def progress(self, *, over: bool = False, ended: bool = False, remark: str = "") -> Progress:
        """As of the last look. `over`: no more will come, whether or not it is an answer."""
        chronicle = self.chronicle
        return Progress(
            tools=chronicle.tools(over=over),
            todos=chronicle.todos(),
            texts=chronicle.texts(over=over),
            asks=() if over else self._asks,
            made=chronicle.made(),
            retry_at=self._retry.at if self._retry and not over else None,
            ended=ended,
            remark=remark,
        )

    async def read(self) -> None:
        """Bring the chronicle up to date."""
        page: list[Message] = []
        limit, before = 1, None
        while True:
            older, before = await self._client.page(self._session, limit, before)
            page = [*older, *page]
            if before is None or self.chronicle.joins(page):
                break
            limit = min(limit * 4, PAGE)
        self.chronicle.take(page)

    async def _judge(self, retry: Retry) -> None:
        left = retry.at - self._clock()
        far = left > self._patience.retry_within
        if not far and retry.attempt <= self._patience.most_retries:
            return
        await self._client.abort(self._session)
        raise Refused(apologies.limited(left) if far else apologies.TROUBLED)

    async def _asked(self) -> Sequence[Inquiry] | None:
        """By anybody, ever. An answer that makes no sense is None: the turn goes on without it."""
        try:
            return inquiries_of(*await asyncio.gather(self._client.permissions(), self._client.questions()))
        except (Missing, Retriable, Refused):
            return None

    async def _is_ours(self, inquiry: Inquiry) -> bool:
        """Turns that were aborted leave what they asked behind, and so do their children."""
        if inquiry.session == self._session:
            ids = {answer["info"]["id"] for answer in self.chronicle.answers}
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
        return int(asking["info"]["time"]["created"]) >= self.chronicle.begun
