"""How a turn comes to its thread: one that there is, one that hangs on its opener, a private one, or a post in a forum.

The opener is what the thread begins with: the question itself where that is a message, else a message of ours that
quotes it. It is written down before anything hangs on it, so a repeat begins where the first attempt has ended. The
machine of a new thread is begun at once, for it takes longest, and is given up where there can be no thread.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.ids import MessageId, ThreadId
from app.sandboxes.keeper import Keeper
from app.turns.books import Ledger, Preferences
from app.turns.errors import Refused, Retriable, Withdrawn
from app.turns.ports import Chat, Router, Threads
from app.turns.preferences import Routing
from app.turns.records import Source, Turn
from app.turns.titles import title_of
from app.words.asking import ASKED_IN_THREAD, ASKED_TO_ANSWER
from app.words.forking import OPENER_DELETED

Left = Callable[[], Awaitable[Sequence[str]]]
Start = Callable[[Sequence[MessageId]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Opening:
    ledger: Ledger
    preferences: Preferences
    threads: Threads
    chat: Chat
    keeper: Keeper
    router: Router | None  # None: titles are cut from what was asked

    async def open(self, turn: Turn, token: str) -> Turn:
        """The turn with its thread. Idempotent. Raises Refused where it can have none."""
        turn = await self._opened(turn, token)
        if turn.opens_fork:
            await self.threads.tell_origin(turn)
        return turn

    async def _opened(self, turn: Turn, token: str) -> Turn:
        if turn.opens_thread and turn.private:
            return await self._privately(turn, token)
        if turn.opens_fork and await self.threads.holds_posts(turn.place.channel):
            return await self._as_post(turn, token)
        if turn.opens_fork:
            turn = await self._quoted(turn, token)
        if turn.opener is None:
            turn = await self.ledger.note_opener(turn.id, token, await self._opener(turn))
        if turn.starts_thread:
            await self._on_opener(turn)
        return turn

    async def _quoted(self, turn: Turn, token: str) -> Turn:
        return await self._begun(
            turn,
            token,
            lambda: self.threads.openers(turn),
            lambda found: self.threads.post_opener(turn, found),
        )

    async def _on_opener(self, turn: Turn) -> None:
        assert turn.opener is not None
        self.keeper.begin(turn.home, turn.place.labels)
        try:
            await self.threads.start_thread(turn.place.channel, turn.opener, await self._title(turn))
        except Refused as refusal:
            await self._take_back(turn)
            if turn.opens_fork and isinstance(refusal, Withdrawn):  # who wished for it waits elsewhere, for an answer
                raise Refused(OPENER_DELETED) from refusal
            raise
        if turn.about is not None and turn.opener == turn.about.message:  # somebody else's words
            words = ASKED_IN_THREAD if turn.prompt else ASKED_TO_ANSWER
            await self.chat.announce(turn, words.format(name=turn.asker.name, prompt=turn.prompt))

    async def _privately(self, turn: Turn, token: str) -> Turn:
        """Nobody is let in before it is written down whose thread it is: so whatever an earlier attempt may have left
        is empty, and nobody gets into the thread of somebody who asked the same."""
        name = _fixed_title(turn)
        turn = await self._begun(
            turn,
            token,
            lambda: self.threads.private_threads(turn, name),
            lambda _: self.threads.start_private_thread(turn, name),
        )
        await self.threads.invite(turn)
        self.keeper.begin(turn.home, turn.place.labels)  # not before: without anybody in it the thread needs none
        return turn

    async def _as_post(self, turn: Turn, token: str) -> Turn:
        name = _fixed_title(turn)
        turn = await self._begun(
            turn, token, lambda: self.threads.posts(turn, name), lambda _: self.threads.start_post(turn, name)
        )
        self.keeper.begin(turn.home, turn.place.labels)
        return turn

    async def _begun(self, turn: Turn, token: str, left: Left, start: Start) -> Turn:
        """With what its thread begins with: the first of what earlier attempts may have left that is nobody's, else a
        new one. Others who ask the same at once leave the same."""
        if turn.opener is not None:
            return turn
        found = [MessageId(one) for one in await left()] if turn.attempts else []
        opener = await self._nobodys(found) or MessageId(await start(found))
        return await self.ledger.note_opener(turn.id, token, opener)

    async def _nobodys(self, found: Sequence[MessageId]) -> MessageId | None:
        for one in found:
            if not await self.ledger.is_taken(ThreadId(one)):
                return one
        return None

    async def _opener(self, turn: Turn) -> MessageId:
        if turn.about is not None and turn.thread is None and await self.threads.stands(turn.about):
            return turn.about.message
        return MessageId(turn.id) if turn.source is Source.MESSAGE else await self.threads.post_opener(turn)

    async def _title(self, turn: Turn) -> str:
        if not turn.asks:
            return _fixed_title(turn)
        routing = (await self.preferences.settled(turn.place)).routing
        found = await self.router.title(turn.subject) if self.router and routing is Routing.AI else None
        return found or title_of(turn.subject)

    async def _take_back(self, turn: Turn) -> None:
        """There will be no thread that could use the machine, unless somebody else's question about the same message
        has begun one; and nothing under a fork's opener, for who wished for it hears so elsewhere. The rounds find
        what is left."""
        if not await self.ledger.is_shared(turn.home, turn.id):
            with suppress(Retriable, Refused):
                await self.keeper.destroy(turn.home)
        if turn.opens_fork:
            with suppress(Retriable, Refused):
                await self.threads.take_back_opener(turn)


def _fixed_title(turn: Turn) -> str:
    """Of a thread that is found again by it: the same in every attempt."""
    return turn.fork.name if turn.fork is not None and not turn.asks else title_of(turn.subject)
