"""The turns, in the verbs of whoever works on them: claimed, leased, moved. The promises are those of
`app.turns.books.Ledger`; how long they hold is the database's. What everybody else may do to them is in `desk`."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import MessageId, SessionId, ThreadId, TurnId
from app.store.admission import note_category
from app.store.desk import LIVE_STAGES, NO_LEASE, NO_TROUBLE, SqliteDesk
from app.store.leases import leased
from app.store.parcels import insert_parcels
from app.store.preferences import settle
from app.store.queue import update
from app.store.rows import turn_of_row
from app.turns.books import Facts
from app.turns.errors import Retriable, Stopped
from app.turns.machine import LIVE, QUEUE, Event, Postponed, Stage, advance
from app.turns.records import Place, Turn

TAKE_AWAY = """
    UPDATE turns SET lease_token = NULL, lease_until = NULL, losses = losses + 1
    WHERE lease_token IS NOT NULL AND lease_until <= :now
"""

# What keeps a turn in the queue.
AHEAD = f"""
    SELECT 1 FROM turns AS other
    WHERE other.thread = turn.thread AND other.position <> turn.position AND other.stage IN {LIVE_STAGES}
    AND (
        (other.session IS NULL, other.rank, other.position) < (turn.session IS NULL, turn.rank, turn.position)
        OR other.stage IN ('{Stage.PROMPTED}', '{Stage.ANSWERED}')
        OR (other.stage = '{QUEUE}' AND other.lease_token IS NOT NULL)
    )
"""  # noqa: S608 - only our own constants

# The order of a thread is decided here and nowhere else, so that two processes on one database agree about it. Whoever
# has a session already was at the model, and was interrupted there. A rank below zero goes before those that wait.
CLAIM = f"""
    UPDATE turns SET
        lease_token = :token, lease_until = :until, attempts = attempts + 1,
        begun_at = CASE WHEN stage = '{QUEUE}' THEN coalesce(begun_at, :now) ELSE begun_at END
    WHERE position = (
        SELECT position FROM turns AS turn
        WHERE stage IN {LIVE_STAGES} AND due_at <= :now AND lease_token IS NULL
        AND stage IN (SELECT value FROM json_each(:stages))
        AND (stage <> '{QUEUE}' OR NOT EXISTS ({AHEAD}))
        ORDER BY position LIMIT 1
    )
    RETURNING *
"""  # noqa: S608 - only our own constants

UNCLOSED = f"status IS NOT NULL AND NOT closed AND stage NOT IN {LIVE_STAGES}"


TAKEN = "SELECT 1 FROM turns WHERE thread = ?"
TAKEN_BY_ANOTHER = f"{TAKEN} AND id <> ?"


class SqliteLedger(SqliteDesk):
    async def claim(self, token: str, now: float, until: float, stages: Collection[Stage] = LIVE) -> Turn | None:
        wanted = json.dumps([stage.value for stage in stages])

        def change(db: Database) -> Turn | None:
            db.execute(TAKE_AWAY, {"now": now})
            rows = list(db.query(CLAIM, {"token": token, "now": now, "until": until, "stages": wanted}))
            return settle_wishes(db, turn_of_row(rows[0]), self._clock()) if rows else None

        return await self._sqlite.write(change)

    async def renew(self, turn: TurnId, token: str, until: float) -> None:
        def change(db: Database) -> None:
            leased(db, turn, token)
            update(db, turn, {"lease_until": until})

        await self._sqlite.write(change)

    async def assure(self, turn: TurnId, token: str) -> Turn:
        return await self._sqlite.read(lambda db: leased(db, turn, token))

    async def record(self, turn: TurnId, token: str, event: Event, facts: Facts) -> Turn:
        def change(db: Database) -> Turn:
            old = leased(db, turn, token)
            if old.stopped_by is not None and event not in {Event.CANCELLED, Event.DELIVERED}:
                raise Stopped(turn)
            stage = advance(old.stage, event)
            found = {
                "session": facts.session,
                "answer": facts.answer,
                "failure": facts.failure,
                "ending": facts.ending and facts.ending.value,
            }
            columns: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
            columns |= {"stage": stage.value, **NO_TROUBLE}
            if event is Event.GIVEN_UP:
                columns["gave_up"] = 1
            if event is Event.INTERRUPTED:
                columns["interruptions"] = old.interruptions + 1
            if stage is QUEUE or stage not in LIVE:
                columns |= NO_LEASE
            if stage not in LIVE:
                columns["ended_at"] = self._clock()
            insert_parcels(db, turn, facts.parcels)
            return update(db, turn, columns)

        return await self._sqlite.write(change)

    async def note_place(self, turn: TurnId, token: str, place: Place) -> Turn:
        def change(db: Database) -> Turn:
            leased(db, turn, token)
            note_category(db, place.channel, place.category)
            columns = {"channel": place.channel, "thread": place.thread, "category": place.category, "vague": 0}
            return update(db, turn, columns)

        return await self._sqlite.write(change)

    async def note_opener(self, turn: TurnId, token: str, opener: MessageId) -> Turn:
        # A thread has the id of the message that it starts from, so it is known before it exists, and whoever writes
        # in it at once comes after this turn. https://docs.discord.com/developers/topics/threads
        def change(db: Database) -> Turn:
            old = leased(db, turn, token)
            starts = old.starts_thread or old.thread is None
            is_found = old.private or old.fork is not None  # by what it says, and another may have found it too
            if old.thread is None and is_found and list(db.query(TAKEN_BY_ANOTHER, [opener, turn])):
                raise Retriable("another turn has taken this thread")
            if old.thread is None:
                settle(db, old.place.guild, ThreadId(opener), old.wishes, self._clock())
            return update(db, turn, {"opener": opener, "thread": old.thread or opener, "starts": int(starts)})

        return await self._sqlite.write(change)

    async def postpone(self, turn: TurnId, token: str, postponed: Postponed, failure: str) -> None:
        def change(db: Database) -> None:
            is_stopped = leased(db, turn, token).stopped_by is not None
            since, due = postponed.failing_since, self._clock() if is_stopped else postponed.until
            update(db, turn, {"due_at": due, "failing_since": since, "failure": failure, **NO_LEASE})

        await self._sqlite.write(change)

    async def release(self, turn: TurnId, token: str) -> None:
        def change(db: Database) -> None:
            attempts = max(0, leased(db, turn, token).attempts - 1)
            update(db, turn, {"attempts": attempts, **NO_LEASE})

        await self._sqlite.write(change)

    async def seal(self, turn: TurnId, token: str) -> Turn:
        def change(db: Database) -> Turn:
            leased(db, turn, token)
            return update(db, turn, {"sealed": 1})

        return await self._sqlite.write(change)

    async def is_taken(self, thread: ThreadId) -> bool:
        return await self._sqlite.read(lambda db: bool(list(db.query(TAKEN, [thread]))))

    async def is_shared(self, thread: ThreadId, turn: TurnId) -> bool:
        query = f"{TAKEN_BY_ANOTHER} AND (session IS NOT NULL OR stage IN {LIVE_STAGES})"
        return await self._sqlite.read(lambda db: bool(list(db.query(query, [thread, turn]))))

    async def sessions_of(self, thread: ThreadId) -> frozenset[SessionId]:
        query = "SELECT DISTINCT session FROM turns WHERE thread = ? AND session IS NOT NULL"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return frozenset(SessionId(row["session"]) for row in rows)

    async def note_status(self, turn: TurnId, token: str, message: MessageId) -> Turn:
        def change(db: Database) -> Turn:
            leased(db, turn, token)
            return update(db, turn, {"status": message})

        return await self._sqlite.write(change)

    async def is_first(self, turn: TurnId) -> bool:
        query = f"SELECT 1 FROM turns AS turn WHERE id = ? AND NOT EXISTS ({AHEAD})"  # noqa: S608
        return await self._sqlite.read(lambda db: bool(list(db.query(query, [turn]))))

    async def is_next(self, turn: TurnId) -> bool:
        query = f"SELECT 1 FROM turns AS turn WHERE id = ? AND (SELECT count(*) FROM ({AHEAD} LIMIT 2)) < 2"  # noqa: S608
        return await self._sqlite.read(lambda db: bool(list(db.query(query, [turn]))))

    async def unclosed(self, most: int, but: Collection[TurnId] = ()) -> Sequence[Turn]:
        query = f"""
            SELECT * FROM turns WHERE {UNCLOSED}
            AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?
        """  # noqa: S608
        columns = [json.dumps(list(but)), most]
        return await self._sqlite.read(lambda db: [turn_of_row(row) for row in db.query(query, columns)])

    async def over(self, turn: TurnId) -> Turn | None:
        query = f"SELECT * FROM turns WHERE id = ? AND {UNCLOSED}"  # noqa: S608
        rows = await self._sqlite.read(lambda db: list(db.query(query, [turn])))
        return turn_of_row(rows[0]) if rows else None

    async def close(self, turn: Turn) -> bool:
        query = "UPDATE turns SET closed = 1 WHERE id = ? AND reopened = ? RETURNING id"
        return await self._sqlite.write(lambda db: bool(list(db.query(query, [turn.id, turn.reopened]))))

    async def reopen(self, turn: TurnId) -> None:
        query = "UPDATE turns SET closed = 0, reopened = reopened + 1 WHERE id = ?"
        await self._sqlite.write(lambda db: db.execute(query, [turn]))


def settle_wishes(db: Database, turn: Turn, now: float) -> Turn:
    """Once, when it leaves the queue: what was asked before it is worked on as it was, and what is withdrawn from the
    queue settles nothing. Those for a thread that it starts are settled with that."""
    if turn.begun_at is None or turn.starts_thread or not turn.wishes:
        return turn
    settle(db, turn.place.guild, turn.home, turn.wishes, now)
    return update(db, turn.id, {"wishes": "{}"})
