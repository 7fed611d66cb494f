"""What was changed in the workspace: by one turn, or since the last commit.

OpenCode keeps what was changed with the message that the change answers: after a compaction, with its own. So a turn
has a list for every message that was answered on its behalf.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.ids import SessionId
from app.opencode.chronicle import Chronicle
from app.opencode.client import Client, Row
from app.opencode.patches import patch_of, patches_of
from app.opencode.reporting import report_of
from app.opencode.wire import MOST_BYTES, Overlong
from app.turns.errors import Refused
from app.turns.progress import Change
from app.turns.workbench import Difference
from app.words.session import CHANGES_TOO_MANY


async def rows_of(client: Client, session: SessionId, chronicle: Chronicle) -> Sequence[Row]:
    """OpenCode's diffs of a turn, in the order of time. Raises Missing."""
    diffs = await asyncio.gather(*(client.diff(session, message) for message in chronicle.asking))
    return [row for rows in diffs for row in rows]


async def of_turn(client: Client, session: SessionId, chronicle: Chronicle) -> Difference:
    rows = await rows_of(client, session, chronicle)
    return Difference(report_of(chronicle, (), rows).changes, await asyncio.to_thread(patch_of, rows))


async def uncommitted(client: Client) -> Difference:
    with readable():
        rows = await client.uncommitted()
    return await asyncio.to_thread(_whole, rows)


@contextmanager
def readable() -> Iterator[None]:
    """Around reading what was changed: Refused where it is more than is ever read. A prompt's message tells of it,
    too."""
    try:
        yield
    except Overlong as error:
        raise Refused(CHANGES_TOO_MANY.format(most=MOST_BYTES // 10**6)) from error


def _whole(rows: Sequence[Row]) -> Difference:
    patches = patches_of(rows)
    return Difference(tuple(Change(one.file, one.added, one.removed) for one in patches), patch_of(rows))
