"""The turns, as everybody may touch them who holds no lease of theirs: admitted, changed, stopped, called off, counted.

Whoever ends a turn here takes its lease away. Whoever only wants it to stop writes that down, and the holder of the
lease stops it: only one who works on a turn can say that nothing of it runs any more.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, MessageId, ThreadId, TurnId, UserId
from app.store import drafts
from app.store.admission import insert
from app.store.queue import AT_WORK, CALL_OFF, SqliteQueue, listed, update
from app.store.rows import json_of_attachments, sound, turn_of_row
from app.store.sessions import look
from app.turns.drafts import Draft
from app.turns.machine import LIVE, QUEUE, WORKING, Ending, Event, Stage, advance
from app.turns.records import Addressed, Attachment, Request, Source, Turn
from app.turns.sessions import Session

NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_until": None}
NO_TROUBLE: dict[str, Any] = {"attempts": 0, "losses": 0, "failing_since": None}


LIVE_STAGES = listed(LIVE)

# What a reset ends: an answer that is there already is still delivered.
ON_THE_MACHINE = f"thread = :thread AND {AT_WORK} AND stage <> '{Stage.ANSWERED}'"

# Where nobody works on it just now, and nothing of it runs, it ends here; else whoever does is to end it.
END = f"""
    UPDATE turns SET stage = '{Stage.CANCELLED}', ending = '{Ending.STOPPED}', stopped_by = :by, ended_at = :now
    WHERE id = :id AND stage = '{QUEUE}' AND lease_token IS NULL AND {AT_WORK} RETURNING id
"""  # noqa: S608
WISH = f"""
    UPDATE turns SET stopped_by = coalesce(stopped_by, :by), due_at = min(due_at, :now)
    WHERE id = :id AND {AT_WORK} RETURNING id
"""  # noqa: S608

# Not prompted yet, so that what was asked can still be changed.
WAITS = f"(stage IN ('{Stage.ADMITTED}', '{Stage.ACCEPTED}') OR (stage = '{QUEUE}' AND NOT sealed))"

# A thread is ours from the first question on that was taken in it, or when it has had a machine.
EARLIER = "thread = :thread AND (:before IS NULL OR CAST(id AS INTEGER) < CAST(:before AS INTEGER))"
TAKEN = f"(begun_at IS NOT NULL OR stage IN {listed({Stage.ACCEPTED, Stage.DELIVERED, *WORKING})})"
OURS = f"""
    SELECT
        EXISTS (SELECT 1 FROM turns WHERE {EARLIER} AND {TAKEN}) OR (
            EXISTS (SELECT 1 FROM sandboxes WHERE thread = :thread)
            AND NOT EXISTS (SELECT 1 FROM turns WHERE thread = :thread AND {TAKEN})
        ) AS ours,
        EXISTS (
            SELECT 1 FROM turns WHERE {EARLIER} AND stage = '{Stage.ADMITTED}' AND addressed = '{Addressed.US}'
        ) AS undecided
"""  # noqa: S608 - only our own constants


class SqliteDesk(SqliteQueue):
    async def admit(self, request: Request, now: float) -> bool:
        return await self._sqlite.write(lambda db: insert(db, request, now))

    async def keep(self, id: str, draft: Draft, now: float) -> None:
        """For whoever has the form of the interaction `id` open."""
        await self._sqlite.write(lambda db: drafts.keep(db, id, draft, now))

    async def draft(self, id: str) -> Draft | None:
        """What was kept; None when that was long ago."""
        return await self._sqlite.read(lambda db: drafts.find(db, id))

    async def cancel(self, thread: ThreadId) -> int:
        def change(db: Database) -> int:
            query = f"SELECT * FROM turns WHERE {ON_THE_MACHINE}"  # noqa: S608
            at_work = [turn_of_row(row) for row in db.query(query, {"thread": thread})]
            for turn in at_work:
                stage = advance(turn.stage, Event.CANCELLED)
                ended = {"stage": stage.value, "ending": Ending.RESET.value, "ended_at": self._clock()}
                update(db, turn.id, {**ended, **NO_TROUBLE, **NO_LEASE})
            return len(at_work)

        return await self._sqlite.write(change)

    async def stop(self, turn: TurnId, by: str) -> bool:
        """Whoever works on it is to stop it, on behalf of `by`; where nobody does just now, and nothing of it runs, it
        ends. False when it is not at work."""
        return await self._changed_by((END, WISH), {"id": turn, "by": by, "now": self._clock()})

    async def halt(self, turn: TurnId, by: str) -> bool:
        """Stop it where it is at work, and call it off where it waits. False when it is over."""
        return await self._changed_by((END, WISH, CALL_OFF), {"id": turn, "by": by, "now": self._clock()})

    async def _changed_by(self, queries: Sequence[str], columns: dict[str, Any]) -> bool:
        """By the first of them that changes anything."""
        return await self._sqlite.write(lambda db: any(list(db.query(query, sound(columns))) for query in queries))

    async def sessions(
        self,
        guild: GuildId,
        viewer: UserId,
        channels: Collection[ChannelId] | None = None,
        *,
        mine: bool = False,
        skipped: int = 0,
        most: int = 10,
    ) -> tuple[Sequence[Session], int]:
        return await self._sqlite.read(
            lambda db: look(db, guild, viewer, channels, mine=mine, skipped=skipped, most=most)
        )

    async def is_newest(self, turn: TurnId) -> bool:
        """Whether its thread's session was asked nothing after it."""
        query = """
            SELECT 1 FROM turns JOIN turns AS later ON later.thread = turns.thread
            WHERE turns.id = ? AND later.id <> turns.id AND later.session IS NOT NULL
            AND later.begun_at > turns.begun_at
        """
        return await self._sqlite.read(lambda db: not list(db.query(query, [turn])))

    async def newest(self, thread: ThreadId) -> Turn | None:
        """The last that a session of the thread was asked, at work or over."""
        query = """
            SELECT * FROM turns WHERE thread = ? AND session IS NOT NULL ORDER BY begun_at DESC, position DESC LIMIT 1
        """
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return turn_of_row(rows[0]) if rows else None

    async def turn_at(self, thread: ThreadId, message: MessageId) -> Turn | None:
        """Which of the thread's turns the message belongs to: as its question, its status, a part of its answer, or
        something that it asked."""
        query = """
            SELECT * FROM turns WHERE thread = :thread AND (:message IN (id, opener, status) OR id IN (
                SELECT turn FROM parcels WHERE message = :message UNION SELECT turn FROM asks WHERE message = :message
            )) ORDER BY position LIMIT 1
        """
        columns = {"thread": thread, "message": message}
        rows = await self._sqlite.read(lambda db: list(db.query(query, columns)))
        return turn_of_row(rows[0]) if rows else None

    async def last_message(self, turn: TurnId) -> MessageId | None:
        """The newest that belongs to it, as far as is known."""
        query = """
            SELECT max(CAST(message AS INTEGER)) AS newest FROM (
                SELECT message FROM parcels WHERE turn = :turn UNION ALL SELECT message FROM asks WHERE turn = :turn
                UNION ALL SELECT status FROM turns WHERE id = :turn UNION ALL SELECT opener FROM turns WHERE id = :turn
            )
        """
        (row,) = await self._sqlite.read(lambda db: list(db.query(query, {"turn": turn})))
        return MessageId(str(row["newest"])) if row["newest"] is not None else None

    async def amend(
        self, turn: TurnId, prompt: str, addressed: Addressed, attachments: Sequence[Attachment] = ()
    ) -> bool:
        query = f"""
            UPDATE turns SET prompt = :prompt, addressed = :addressed, attachments = :attachments
            WHERE id = :id AND {WAITS} RETURNING id
        """  # noqa: S608
        files = json_of_attachments(attachments)
        return await self._changed(
            query, {"id": turn, "prompt": prompt, "addressed": addressed.value, "attachments": files}
        )

    async def withdraw(self, turns: Collection[TurnId]) -> int:
        where = f"id IN (SELECT value FROM json_each(:ids)) AND source = '{Source.MESSAGE}' AND {WAITS}"  # noqa: S608
        return await self._end(where, {"ids": json.dumps(list(turns))})

    async def end_all(
        self, *, thread: ThreadId | None = None, channel: ChannelId | None = None, guild: GuildId | None = None
    ) -> int:
        where = "(thread = :thread OR channel = :channel OR guild = :guild)"
        places = {"thread": thread, "channel": channel, "guild": guild}
        ended = await self._end(where, places)
        # Nobody can see their status any more, and an edit that is still on its way does not open them again.
        close = f"UPDATE turns SET closed = 1, status = NULL WHERE {where}"  # noqa: S608
        await self._sqlite.write(lambda db: db.execute(close, places))
        return ended

    async def _end(self, where: str, columns: dict[str, Any]) -> int:
        ended = {"stage": Stage.CANCELLED.value, "ending": Ending.WITHDRAWN.value, "ended_at": self._clock()}
        cancelled = {**ended, **NO_TROUBLE, **NO_LEASE}
        assignments = ", ".join(f"{name} = :new_{name}" for name in cancelled)
        query = f"UPDATE turns SET {assignments} WHERE {where} AND stage IN {LIVE_STAGES} RETURNING id"  # noqa: S608
        values = columns | {f"new_{name}": value for name, value in cancelled.items()}
        return await self._sqlite.write(lambda db: len(list(db.query(query, values))))

    async def is_ours(self, thread: ThreadId, before: TurnId | None = None) -> bool | None:
        def ask(db: Database) -> bool | None:
            found = next(iter(db.query(OURS, {"thread": thread, "before": before})))
            return True if found["ours"] else None if found["undecided"] else False

        return await self._sqlite.read(ask)

    async def prune(self, before: float) -> int:
        """Forget turns that ended, and were admitted before: how many. The first of a thread stays as long as others
        do: it tells that everybody may see that thread."""
        query = f"""
            DELETE FROM turns WHERE stage NOT IN {LIVE_STAGES} AND admitted_at < :before
            AND NOT (starts AND NOT private AND EXISTS (
                SELECT 1 FROM turns AS other WHERE other.thread = turns.thread
                AND (other.stage IN {LIVE_STAGES} OR other.admitted_at >= :before)
            ))
            RETURNING id
        """  # noqa: S608
        return await self._sqlite.write(lambda db: len(list(db.query(query, {"before": before}))))

    async def prune_drafts(self, before: float) -> int:
        """Forget what was kept before for a form: how many. Others' messages may be in it."""
        return await self._sqlite.write(lambda db: drafts.prune(db, before))

    async def turn(self, turn: TurnId) -> Turn | None:
        rows = await self._sqlite.read(lambda db: list(db.query("SELECT * FROM turns WHERE id = ?", [turn])))
        return turn_of_row(rows[0]) if rows else None

    async def live_turns(self, guild: GuildId | None = None, thread: ThreadId | None = None) -> Sequence[Turn]:
        """In the order of admission; of a server, of a thread, or all."""
        where = (
            f"stage IN {LIVE_STAGES} AND (:guild IS NULL OR guild = :guild) AND (:thread IS NULL OR thread = :thread)"
        )
        query = f"SELECT * FROM turns WHERE {where} ORDER BY position"  # noqa: S608
        places = {"guild": guild, "thread": thread}
        return await self._sqlite.read(lambda db: [turn_of_row(row) for row in db.query(query, places)])

    async def count_live_turns(self) -> int:
        query = f"SELECT count(*) AS live FROM turns WHERE stage IN {LIVE_STAGES}"  # noqa: S608
        return await self._sqlite.read(lambda db: int(next(iter(db.query(query)))["live"]))
