"""The port `Migration`: a conversation goes on at another server.

The events of its session are replayed there, and the session that comes of it is forked by OpenCode's own means, before
the first message that is to stay behind: so the new thread has a session of its own, and one that was replayed is
nobody's. The routes for this are documented nowhere. Whatever they say that is not what they said when this was written
is taken for a no, and the thread's own words are told instead.

What has moved in is written into the session's metadata, by one request and at last: so a repeat sees whether all of it
was done, and what was said of it.
"""

import asyncio
from collections.abc import Iterator, Sequence

import httpx

from app.ids import SessionId, TurnId
from app.opencode.client import Row
from app.opencode.past import Event, Unheard, condensed, extent, messages_of, note_id, reverted_in
from app.opencode.patience import Patience
from app.opencode.transfer import Transfer
from app.opencode.wire import Missing, Overlong, Unexpected
from app.sandboxes.ports import Machine
from app.turns.carriers import Arrival, Carried, Uncarried
from app.turns.errors import Refused, Retriable
from app.words.forking import EARLIER_SESSION, NO_SESSION, NOT_TAKEN, TOO_LONG

# It is read whole, and takes about five times that in memory. Some thousands of questions, or a dozen large images.
MOST_BYTES = 32 * 2**20
BATCH_EVENTS, BATCH_BYTES = 500, 2_000_000  # of one request: a server answers nobody else meanwhile
MARK = "fork"  # in the metadata
PASSING = frozenset({502, 503, 504})  # somebody on the way answers for a server that cannot be reached now


class OpenCodeMigration:
    def __init__(
        self, http: httpx.AsyncClient, model: str, patience: Patience | None = None, most: int = MOST_BYTES
    ) -> None:
        """`model` is "provider/model". `most` are the bytes of a history."""
        self._http = http
        self._model = model
        self._patience = patience or Patience()
        self._most = most

    def _client(self, machine: Machine) -> Transfer:
        return Transfer(self._http, machine.endpoint, machine.password, self._patience.read)

    async def arrival(self, machine: Machine) -> Arrival | None:
        """The session that the machine's thread has, and what has moved into it. None: no session."""
        client = self._client(machine)
        row = await _found(client, machine.session) if machine.session else None
        rows = [row] if row else await client.sessions()
        for found in rows:
            known = found.get("metadata") or {}
            if row or known.get("thread") == machine.thread:
                mark = known.get(MARK) or {}
                return Arrival(SessionId(found["id"]), mark.get("told"))
        return None

    async def carry(self, old: Machine, new: Machine, last: TurnId | None) -> Carried:
        """Raises Uncarried, with nothing done that anybody would see; Retriable."""
        if old.session is None:
            raise Uncarried(NO_SESSION)
        try:
            return await self._carry(self._client(old), self._client(new), old.session, last)
        except (Overlong, Missing, Refused, Unheard) as error:
            raise Uncarried(_reason(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise Uncarried(NOT_TAKEN) from error
        except Unexpected as error:
            if error.status in PASSING:
                raise
            raise Uncarried(NOT_TAKEN) from error

    async def _carry(self, source: Transfer, target: Transfer, session: SessionId, last: TurnId | None) -> Carried:
        is_busy = (await source.status(session)).busy
        rows, home = await asyncio.gather(source.history(session, self._most), target.home())
        events = await asyncio.to_thread(condensed, rows, session, home)
        if not events:
            raise Uncarried(NO_SESSION)
        found = extent(messages_of(events), reverted_in(events), last, is_busy=is_busy)
        for batch in batches(events):
            await target.replay(home["directory"], batch)
        forked = await target.fork(session, found.before)
        await _discard(target, session)
        return Carried(forked, found.questions, found.tree, found.is_cut_short, found.is_undone)

    async def settle(
        self, machine: Machine, session: SessionId, turn: TurnId, title: str, remark: str, told: str
    ) -> None:
        """All has moved in: the model is told the `remark`, and whoever comes again finds what was `told`."""
        client, part = self._client(machine), f"prt_df{turn}_0"
        try:
            await client.remark(session, note_id(turn), part, remark, self._model)
            await self._until_stored(client, session, turn)
            await client.describe(session, title, {"thread": machine.thread, MARK: {"turn": turn, "told": told}})
        except Missing as error:
            raise Retriable(f"session {session} is gone") from error

    async def _until_stored(self, client: Transfer, session: SessionId, turn: TurnId) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience.stored
        while not await _has(client, session, note_id(turn)):
            if asyncio.get_running_loop().time() >= deadline:
                raise Retriable("a remark was taken and not stored")
            await asyncio.sleep(0.1)


def batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """In their order, each of a size that a server takes at once."""
    batch, size = list[Event](), 0
    for event in events:
        length = len(str(event["data"]))
        if batch and (len(batch) == BATCH_EVENTS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    yield batch


async def _found(client: Transfer, session: SessionId) -> Row | None:
    try:
        return await client.session(session)
    except Missing:
        return None


async def _has(client: Transfer, session: SessionId, message: str) -> bool:
    try:
        await client.message(session, message)
    except Missing:
        return False
    return True


async def _discard(client: Transfer, session: SessionId) -> None:
    """Without it nobody takes it for somebody's; with it all works the same."""
    try:
        await client.discard(session)
    except (Missing, Retriable, Refused):
        return


def _reason(error: Exception) -> str:
    if isinstance(error, Uncarried):
        return error.reason
    return TOO_LONG if isinstance(error, Overlong) else EARLIER_SESSION if isinstance(error, Unheard) else NOT_TAKEN
