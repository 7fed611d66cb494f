"""The turns, in verbs. The promises are those of `app.turns.ports.Ledger`; how long they hold is the database's."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId, TurnId
from app.store.rows import parcel_of_row, row_of_request, sound, turn_of_row
from app.store.sqlite import Sqlite
from app.turns.errors import LeaseLost
from app.turns.machine import LIVE, QUEUE, Event, Postponed, Stage, advance
from app.turns.ports import Facts
from app.turns.records import Addressed, Parcel, Place, Request, Source, Turn

NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_until": None}
NO_TROUBLE: dict[str, Any] = {"attempts": 0, "losses": 0, "failing_since": None}
LIVE_STAGES = "(" + ", ".join(f"'{stage}'" for stage in Stage if stage in LIVE) + ")"

TAKE_AWAY = """
    UPDATE turns SET lease_token = NULL, lease_until = NULL, losses = losses + 1
    WHERE lease_token IS NOT NULL AND lease_until <= :now
"""

# A turn in the queue is at work once somebody has had it in hand, also while it waits for its next attempt.
AT_WORK = f"""
    SELECT * FROM turns WHERE thread = :thread
    AND (stage = '{Stage.PROMPTED}' OR (stage = '{QUEUE}' AND (attempts > 0 OR session IS NOT NULL)))
"""  # noqa: S608 - only our own constants

# The order of a thread is decided here and nowhere else, so that two processes on one database agree about it. Whoever
# has a session already was at the model, and was interrupted there.
CLAIM = f"""
    UPDATE turns SET lease_token = :token, lease_until = :until, attempts = attempts + 1
    WHERE position = (
        SELECT position FROM turns AS turn
        WHERE stage IN {LIVE_STAGES} AND due_at <= :now AND lease_token IS NULL
        AND stage IN (SELECT value FROM json_each(:stages))
        AND (stage <> '{QUEUE}' OR NOT EXISTS (
            SELECT 1 FROM turns AS other
            WHERE other.thread = turn.thread AND other.position <> turn.position AND other.stage IN {LIVE_STAGES}
            AND (
                (other.session IS NULL, other.position) < (turn.session IS NULL, turn.position)
                OR other.stage IN ('{Stage.PROMPTED}', '{Stage.ANSWERED}')
                OR (other.stage = '{QUEUE}' AND other.lease_token IS NOT NULL)
            )
        ))
        ORDER BY position LIMIT 1
    )
    RETURNING *
"""  # noqa: S608 - only our own constants

# Not prompted yet, so that what was asked can still be changed.
WAITS = f"(stage IN ('{Stage.ADMITTED}', '{Stage.ACCEPTED}') OR (stage = '{QUEUE}' AND NOT sealed))"

# A thread is ours from the first question on that was taken in it, or when it has had a machine.
EARLIER = "thread = :thread AND (:before IS NULL OR CAST(id AS INTEGER) < CAST(:before AS INTEGER))"
TAKEN = f"stage IN ('{Stage.ACCEPTED}', '{Stage.DELIVERED}', '{QUEUE}', '{Stage.PROMPTED}', '{Stage.ANSWERED}')"
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


class SqliteLedger:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def admit(self, request: Request, now: float) -> bool:
        return await self._sqlite.write(lambda db: insert_request(db, request, now))

    async def claim(self, token: str, now: float, until: float, stages: Collection[Stage] = LIVE) -> Turn | None:
        wanted = json.dumps([stage.value for stage in stages])

        def change(db: Database) -> Turn | None:
            db.execute(TAKE_AWAY, {"now": now})
            rows = list(db.query(CLAIM, {"token": token, "now": now, "until": until, "stages": wanted}))
            return turn_of_row(rows[0]) if rows else None

        return await self._sqlite.write(change)

    async def renew(self, turn: TurnId, token: str, until: float) -> None:
        def change(db: Database) -> None:
            leased(db, turn, token)
            update(db, turn, {"lease_until": until})

        await self._sqlite.write(change)

    async def assure(self, turn: TurnId, token: str) -> None:
        await self._sqlite.read(lambda db: leased(db, turn, token))

    async def record(self, turn: TurnId, token: str, event: Event, facts: Facts) -> Turn:
        def change(db: Database) -> Turn:
            old = leased(db, turn, token)
            stage = advance(old.stage, event)
            found = {
                "session": facts.session,
                "answer": facts.answer,
                "failure": facts.failure,
            }
            columns: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
            columns |= {"stage": stage.value, **NO_TROUBLE}
            if event is Event.INTERRUPTED:
                columns["interruptions"] = old.interruptions + 1
            if stage is QUEUE or stage not in LIVE:
                columns |= NO_LEASE
            insert_parcels(db, turn, facts.parcels)
            return update(db, turn, columns)

        return await self._sqlite.write(change)

    async def note_place(self, turn: TurnId, token: str, place: Place) -> Turn:
        def change(db: Database) -> Turn:
            leased(db, turn, token)
            upsert_category(db, place.channel, place.category)
            columns = {"channel": place.channel, "thread": place.thread, "category": place.category, "vague": 0}
            return update(db, turn, columns)

        return await self._sqlite.write(change)

    async def note_opener(self, turn: TurnId, token: str, opener: MessageId) -> Turn:
        # A thread has the id of the message that it starts from, so it is known before it exists, and whoever writes
        # in it at once comes after this turn. https://docs.discord.com/developers/topics/threads
        def change(db: Database) -> Turn:
            old = leased(db, turn, token)
            starts = old.starts_thread or old.thread is None
            return update(db, turn, {"opener": opener, "thread": old.thread or opener, "starts": int(starts)})

        return await self._sqlite.write(change)

    async def postpone(self, turn: TurnId, token: str, postponed: Postponed, failure: str) -> None:
        def change(db: Database) -> None:
            leased(db, turn, token)
            since = postponed.failing_since
            update(db, turn, {"due_at": postponed.until, "failing_since": since, "failure": failure, **NO_LEASE})

        await self._sqlite.write(change)

    async def release(self, turn: TurnId, token: str) -> None:
        def change(db: Database) -> None:
            attempts = max(0, leased(db, turn, token).attempts - 1)
            update(db, turn, {"attempts": attempts, **NO_LEASE})

        await self._sqlite.write(change)

    async def cancel(self, thread: ThreadId) -> int:
        def change(db: Database) -> int:
            at_work = [turn_of_row(row) for row in db.query(AT_WORK, {"thread": thread})]
            for turn in at_work:
                stage = advance(turn.stage, Event.CANCELLED)
                update(db, turn.id, {"stage": stage.value, **NO_TROUBLE, **NO_LEASE})
            return len(at_work)

        return await self._sqlite.write(change)

    async def seal(self, turn: TurnId, token: str) -> Turn:
        def change(db: Database) -> Turn:
            leased(db, turn, token)
            return update(db, turn, {"sealed": 1})

        return await self._sqlite.write(change)

    async def amend(self, turn: TurnId, prompt: str, addressed: Addressed) -> bool:
        query = f"UPDATE turns SET prompt = :prompt, addressed = :addressed WHERE id = :id AND {WAITS} RETURNING id"  # noqa: S608
        columns = sound({"id": turn, "prompt": prompt, "addressed": addressed.value})
        return await self._sqlite.write(lambda db: bool(list(db.query(query, columns))))

    async def withdraw(self, turns: Collection[TurnId]) -> int:
        where = f"id IN (SELECT value FROM json_each(:ids)) AND source = '{Source.MESSAGE}' AND {WAITS}"  # noqa: S608
        return await self._end(where, {"ids": json.dumps(list(turns))})

    async def end_all(
        self, *, thread: ThreadId | None = None, channel: ChannelId | None = None, guild: GuildId | None = None
    ) -> int:
        places = {"thread": thread, "channel": channel, "guild": guild}
        return await self._end("(thread = :thread OR channel = :channel OR guild = :guild)", places)

    async def _end(self, where: str, columns: dict[str, Any]) -> int:
        cancelled = {"stage": Stage.CANCELLED.value, **NO_TROUBLE, **NO_LEASE}
        assignments = ", ".join(f"{name} = :new_{name}" for name in cancelled)
        query = f"UPDATE turns SET {assignments} WHERE {where} AND stage IN {LIVE_STAGES} RETURNING id"  # noqa: S608
        values = columns | {f"new_{name}": value for name, value in cancelled.items()}
        return await self._sqlite.write(lambda db: len(list(db.query(query, values))))

    async def is_ours(self, thread: ThreadId, before: TurnId | None = None) -> bool | None:
        def ask(db: Database) -> bool | None:
            found = next(iter(db.query(OURS, {"thread": thread, "before": before})))
            return True if found["ours"] else None if found["undecided"] else False

        return await self._sqlite.read(ask)

    async def sessions_of(self, thread: ThreadId) -> frozenset[SessionId]:
        query = "SELECT DISTINCT session FROM turns WHERE thread = ? AND session IS NOT NULL"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return frozenset(SessionId(row["session"]) for row in rows)

    async def prune(self, before: float) -> int:
        """Forget turns that ended, and were admitted before: how many."""
        query = f"DELETE FROM turns WHERE stage NOT IN {LIVE_STAGES} AND admitted_at < ? RETURNING id"  # noqa: S608
        return await self._sqlite.write(lambda db: len(list(db.query(query, [before]))))

    async def unsent(self, turn: TurnId) -> Sequence[Parcel]:
        query = "SELECT * FROM parcels WHERE turn = ? AND message IS NULL ORDER BY ordinal"
        return await self._sqlite.read(lambda db: [parcel_of_row(row) for row in db.query(query, [turn])])

    async def last_posted(self, thread: ThreadId) -> MessageId | None:
        query = (
            "SELECT max(CAST(message AS INTEGER)) AS newest FROM parcels JOIN turns ON turns.id = parcels.turn "
            "WHERE turns.thread = ?"
        )
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return MessageId(str(rows[0]["newest"])) if rows[0]["newest"] is not None else None

    async def mark_sent(self, turn: TurnId, token: str, ordinal: int, message: MessageId) -> None:
        def change(db: Database) -> None:
            leased(db, turn, token)
            db.execute("UPDATE parcels SET message = ? WHERE turn = ? AND ordinal = ?", [message, turn, ordinal])

        await self._sqlite.write(change)

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


def insert_request(db: Database, request: Request, now: float) -> bool:
    row = sound(row_of_request(request, now))
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    insert = f"INSERT INTO turns ({names}) VALUES ({values}) ON CONFLICT (id) DO NOTHING RETURNING id"  # noqa: S608
    admitted = bool(list(db.query(insert, row)))
    if request.place.thread is None and not request.place.vague:
        upsert_category(db, request.place.channel, request.place.category)
    return admitted


def upsert_category(db: Database, channel: ChannelId, category: ChannelId | None) -> None:
    db.execute(
        "INSERT INTO channels (id, category) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET category = excluded.category",
        [channel, category],
    )


def insert_parcels(db: Database, turn: TurnId, parcels: Sequence[Parcel]) -> None:
    for parcel in parcels:
        db.execute(
            "INSERT INTO parcels (turn, ordinal, content, nonce) VALUES (:turn, :ordinal, :content, :nonce)",
            sound({"turn": turn, "ordinal": parcel.ordinal, "content": parcel.content, "nonce": parcel.nonce}),
        )


def leased(db: Database, turn: TurnId, token: str) -> Turn:
    """The turn, while the lease is the caller's. It stays so until somebody looks for work after its time."""
    rows = list(db.query("SELECT * FROM turns WHERE id = ? AND lease_token = ?", [turn, token]))
    if not rows:
        raise LeaseLost(turn)
    return turn_of_row(rows[0])


def update(db: Database, turn: TurnId, columns: dict[str, Any]) -> Turn:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    query = f"UPDATE turns SET {assignments} WHERE id = :key RETURNING *"  # noqa: S608
    rows = list(db.query(query, sound({**columns, "key": turn})))
    return turn_of_row(rows[0])
