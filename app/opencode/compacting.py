"""Compacting a session: the model writes a summary, which takes the place of all that was said before.

The server answers only when that is done, and says yes also when it failed. So it is told once and not waited for;
what came of it is read from its messages, as with a turn. A prompt that comes in between goes first: it ends what it
finds running in its session (see `prompting`).

A summary that came to nothing is not forgotten by the server: it makes one as soon as it is prompted again, and then
takes the prompt for answered. So the wish for it is taken out of the session, by whoever finds it there.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from app.ids import SessionId
from app.opencode import offers
from app.opencode.client import Client
from app.opencode.patience import Patience, Settling
from app.opencode.transcript import ABORTED, Fate, Message, fault_of, is_whole
from app.opencode.wire import Missing, Occupied
from app.turns.workbench import Compacted

NEWEST = 4  # messages: the summary comes with one of the server's own
REMNANT = 2
RESULTS = {Fate.ANSWERED: Compacted.DONE, Fate.FAILED: Compacted.FAILED}  # whatever else became of it: interrupted


async def compact(client: Client, session: SessionId, model: str, patience: Patience) -> Compacted:
    """Raises Missing, and Refused for a model that the server does not know."""
    await offers.check_model(client, model)
    if (await client.status(session)).busy:
        return Compacted.BUSY
    if (await client.session(session)).get("revert"):
        return Compacted.UNDONE
    earlier = {one["info"]["id"] for one in (await client.page(session, NEWEST))[0]}
    if not earlier:
        return Compacted.NOTHING
    try:
        await client.summarize(session, model)
    except Occupied:
        return Compacted.BUSY
    came = RESULTS.get(await _end(client, session, earlier, patience), Compacted.INTERRUPTED)
    if came is not Compacted.DONE:
        with suppress(Occupied):  # by a prompt, which has seen to it
            await forget(client, session, await remnant(client, session))
    return came


async def remnant(client: Client, session: SessionId) -> Sequence[str]:
    """The messages of a compaction that came to nothing."""
    page, _ = await client.page(session, REMNANT)
    return _remnant(page)


async def forget(client: Client, session: SessionId, messages: Sequence[str]) -> None:
    """Only while the session is idle; raises Occupied otherwise."""
    for message in reversed(messages):
        with suppress(Missing):  # somebody else does the same
            await client.remove(session, message)


def _remnant(page: Sequence[Message]) -> list[str]:
    """The wish for a summary, and what came of it; nothing where that is one, or something was asked since."""
    start = next((at for at in reversed(range(len(page))) if page[at]["info"]["role"] == "user"), len(page))
    rest = page[start:]
    is_wish = bool(rest) and any(part["type"] == "compaction" for part in rest[0]["parts"])
    is_over = any(_is_summary(one) and is_whole(one) and not one["info"].get("error") for one in rest)
    return [] if not is_wish or is_over else [str(one["info"]["id"]) for one in rest]


def _is_summary(message: Message) -> bool:
    return message["info"]["role"] == "assistant" and bool(message["info"].get("summary"))


async def _end(client: Client, session: SessionId, earlier: set[str], patience: Patience) -> Fate:
    """What became of the summary, once that is certain."""
    settling = Settling(patience)
    while True:
        is_busy = (await client.status(session)).busy
        page, _ = await client.page(session, NEWEST)
        fate = _fate([one for one in page if one["info"]["id"] not in earlier], is_busy=is_busy)
        if settling.is_over(fate):
            return fate
        await asyncio.sleep(patience.pace if is_busy else settling.pause)


def _fate(news: list[Message], *, is_busy: bool) -> Fate:
    """A session that is busy with something else has ended the summary before."""
    summary = next(filter(_is_summary, news), None)
    error = summary["info"].get("error") if summary else None
    if summary is None or not (error or is_whole(summary)):
        return Fate.RUNNING if is_busy else Fate.UNFINISHED if summary else Fate.WAITING
    if error is None:
        return Fate.ANSWERED if summary["info"].get("finish") else Fate.ABORTED
    return Fate.ABORTED if fault_of(error).name == ABORTED else Fate.FAILED
