"""What waits in a thread: which turns these are, in which order they begin, and how that is changed."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import ThreadId, TurnId
from app.store.rows import sound, turn_of_row
from app.store.sqlite import Sqlite
from app.turns.machine import QUEUE, WORKING, Ending, Stage
from app.turns.records import Turn


def listed(stages: Collection[Stage]) -> str:
    return "(" + ", ".join(f"'{stage}'" for stage in Stage if stage in stages) + ")"


# A turn in the queue is at work once somebody has had it in hand, also while it waits for its next attempt.
AT_WORK = f"""(
    stage IN {listed(WORKING - {QUEUE})}
    OR (stage = '{QUEUE}' AND (attempts > 0 OR lease_token IS NOT NULL OR session IS NOT NULL))
)"""

# Behind another turn of its thread, or about to begin; its status may be there already.
QUEUED = f"stage IN ('{Stage.ACCEPTED}', '{QUEUE}') AND NOT {AT_WORK}"


CALL_OFF = f"""
    UPDATE turns SET
        stage = '{Stage.CANCELLED}', ending = '{Ending.WITHDRAWN}', stopped_by = :by, ended_at = :now,
        lease_token = NULL, lease_until = NULL
    WHERE id = :id AND {QUEUED} RETURNING id
"""  # noqa: S608 - only our own constants


class SqliteQueue:
    def __init__(self, sqlite: Sqlite, clock: Callable[[], float] = time.time) -> None:
        """`clock` tells when a turn ended: epoch seconds."""
        self._sqlite = sqlite
        self._clock = clock

    async def hasten(self, turn: TurnId) -> bool:
        """It goes before all that wait in its thread. False when it does not wait."""
        query = f"""
            UPDATE turns SET rank = (SELECT min(0, min(rank)) FROM turns AS other WHERE other.thread = turns.thread) - 1
            WHERE id = :id AND {QUEUED} RETURNING id
        """  # noqa: S608
        return await self._changed(query, {"id": turn})

    async def call_off(self, turn: TurnId, by: str) -> bool:
        """It ends without having begun. False when it does not wait."""
        return await self._changed(CALL_OFF, {"id": turn, "by": by, "now": self._clock()})

    async def queue(self, thread: ThreadId) -> Sequence[Turn]:
        """Those that wait in the thread, the next first."""
        query = f"SELECT * FROM turns WHERE thread = ? AND {QUEUED} ORDER BY rank, position"  # noqa: S608
        return await self._sqlite.read(lambda db: [turn_of_row(row) for row in db.query(query, [thread])])

    async def move(self, turn: TurnId, to: int) -> int | None:
        """Put it at this place, from 1 on, among those that wait in its thread: which place it has now. None when it
        does not wait."""

        def change(db: Database) -> int | None:
            same = "thread = (SELECT thread FROM turns WHERE id = ?)"
            query = f"SELECT id FROM turns WHERE {same} AND {QUEUED} ORDER BY rank, position"  # noqa: S608
            waiting = [row["id"] for row in db.query(query, [turn])]
            if turn not in waiting:
                return None
            waiting.remove(turn)
            waiting.insert(to - 1, turn)
            # All of them go before what is asked from now on, and none before what was begun and is tried again.
            begun = f"UPDATE turns SET rank = ? WHERE {same} AND stage = '{QUEUE}' AND {AT_WORK}"  # noqa: S608
            db.execute(begun, [-len(waiting) - 1, turn])
            for rank, one in enumerate(waiting, -len(waiting)):
                update(db, one, {"rank": rank})
            return waiting.index(turn) + 1

        return await self._sqlite.write(change)

    async def at_work(self, thread: ThreadId) -> Turn | None:
        """The thread's turn that is past the queue."""
        query = f"SELECT * FROM turns WHERE thread = ? AND {AT_WORK} LIMIT 1"  # noqa: S608
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return turn_of_row(rows[0]) if rows else None

    async def _changed(self, query: str, columns: dict[str, Any]) -> bool:
        return await self._sqlite.write(lambda db: bool(list(db.query(query, sound(columns)))))


def update(db: Database, turn: TurnId, columns: dict[str, Any]) -> Turn:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    query = f"UPDATE turns SET {assignments} WHERE id = :key RETURNING *"  # noqa: S608
    rows = list(db.query(query, sound({**columns, "key": turn})))
    return turn_of_row(rows[0])
