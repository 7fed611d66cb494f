"""The messages that answers are made of: written down before they are sent, ticked off when they are.

Files lie here until their message is sent or their turn is over. Those of a workspace count as handed out once they are
sent, in the same transaction: what is written down and never sent, because its turn was stopped, goes out with a later
one.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from app.ids import MessageId, ThreadId, TurnId
from app.store.leases import leased
from app.store.rows import file_of_row, parcel_of_row, sound
from app.store.sqlite import Sqlite
from app.turns.books import Parcelled
from app.turns.errors import Stopped
from app.turns.records import File, Origin, Parcel

HAND_OUT = """
    INSERT OR IGNORE INTO handed_out (thread, path, mark)
    SELECT turns.thread, origins.path, origins.mark FROM turns, (
        SELECT path, mark FROM files WHERE turn = :turn AND ordinal = :ordinal AND path IS NOT NULL
        UNION
        SELECT json_extract(value, '$.path') AS path, json_extract(value, '$.mark') AS mark
        FROM parcels, json_each(parcels.named) WHERE turn = :turn AND ordinal = :ordinal
    ) AS origins
    WHERE turns.id = :turn
"""

OF_THE_THREAD = "turn IN (SELECT id FROM turns WHERE thread = :thread)"


class SqliteParcels:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def add(self, turn: TurnId, token: str, parcels: Sequence[Parcel]) -> None:
        def change(db: Database) -> None:
            if leased(db, turn, token).stopped_by is not None:
                raise Stopped(turn)
            insert_parcels(db, turn, parcels)

        await self._sqlite.write(change)

    async def so_far(self, turn: TurnId) -> Parcelled:
        query = "SELECT part FROM parcels WHERE turn = ?"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [turn])))
        return Parcelled(frozenset(row["part"] for row in rows if row["part"]), len(rows))

    async def said(self, turn: TurnId) -> Collection[tuple[str, ...]]:
        query = "SELECT part, content FROM parcels WHERE turn = ? AND part IS NOT NULL ORDER BY ordinal"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [turn])))
        parts: dict[str, tuple[str, ...]] = {}
        for row in rows:
            parts[row["part"]] = (*parts.get(row["part"], ()), row["content"])
        return set(parts.values())

    async def is_said(self, thread: ThreadId, part: str) -> bool:
        query = """
            SELECT 1 FROM parcels JOIN turns ON turns.id = parcels.turn WHERE turns.thread = ? AND part = ?
            GROUP BY turn HAVING count(*) = count(message)
        """
        return await self._sqlite.read(lambda db: bool(list(db.query(query, [thread, part]))))

    async def rewrite(self, turn: TurnId, token: str, parcel: Parcel, more: Sequence[Parcel] = ()) -> None:
        query = """
            UPDATE parcels SET content = :content, notify = :notify, named = :named
            WHERE turn = :turn AND ordinal = :ordinal AND message IS NULL
        """

        def change(db: Database) -> None:
            leased(db, turn, token)
            db.execute(query, row_of_parcel(turn, parcel))
            db.execute("DELETE FROM files WHERE turn = ? AND ordinal = ?", [turn, parcel.ordinal])
            insert_parcels(db, turn, more)

        await self._sqlite.write(change)

    async def unsent(self, turn: TurnId) -> Sequence[Parcel]:
        query = "SELECT * FROM parcels WHERE turn = ? AND message IS NULL ORDER BY ordinal"

        def look(db: Database) -> list[Parcel]:
            return [parcel_of_row(row, files_of(db, turn, row["ordinal"])) for row in db.query(query, [turn])]

        return await self._sqlite.read(look)

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
            db.execute(HAND_OUT, {"turn": turn, "ordinal": ordinal})
            db.execute("DELETE FROM files WHERE turn = ? AND ordinal = ?", [turn, ordinal])

        await self._sqlite.write(change)

    async def handed_out(self, thread: ThreadId) -> frozenset[Origin]:
        query = "SELECT path, mark FROM handed_out WHERE thread = ?"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return frozenset(Origin(row["path"], row["mark"]) for row in rows)


def insert_parcels(db: Database, turn: TurnId, parcels: Sequence[Parcel]) -> None:
    """One that is there already is not written again."""
    for parcel in parcels:
        inserted = db.query(
            """
            INSERT INTO parcels (turn, ordinal, content, nonce, notify, part, named)
            VALUES (:turn, :ordinal, :content, :nonce, :notify, :part, :named)
            ON CONFLICT (turn, ordinal) DO NOTHING RETURNING ordinal
            """,
            row_of_parcel(turn, parcel),
        )
        if list(inserted):
            insert_files(db, turn, parcel)


def row_of_parcel(turn: TurnId, parcel: Parcel) -> dict[str, Any]:
    """Without its files."""
    row = {
        "turn": turn,
        "ordinal": parcel.ordinal,
        "content": parcel.content.text,
        "nonce": parcel.nonce,
        "notify": parcel.notify,
        "part": parcel.part,
        "named": json.dumps([asdict(origin) for origin in parcel.named]),
    }
    return sound(row)


def insert_files(db: Database, turn: TurnId, parcel: Parcel) -> None:
    for number, file in enumerate(parcel.content.files):
        path, mark = (file.origin.path, file.origin.mark) if file.origin else (None, None)
        db.execute(
            "INSERT INTO files (turn, ordinal, number, name, content, path, mark) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [turn, parcel.ordinal, number, file.name, file.content, path, mark],
        )


def files_of(db: Database, turn: TurnId, ordinal: int) -> list[File]:
    query = "SELECT * FROM files WHERE turn = ? AND ordinal = ? ORDER BY number"
    return [file_of_row(row) for row in db.query(query, [turn, ordinal])]


def forget_handed_out(db: Database, thread: ThreadId) -> None:
    """Its workspace is gone. What was taken from it and is not sent yet still goes out, but says nothing about files of
    the next one."""
    db.execute("DELETE FROM handed_out WHERE thread = ?", [thread])
    for forget in (
        f"UPDATE files SET path = NULL, mark = NULL WHERE path IS NOT NULL AND {OF_THE_THREAD}",  # noqa: S608
        f"UPDATE parcels SET named = '[]' WHERE message IS NULL AND {OF_THE_THREAD}",  # noqa: S608
    ):
        db.execute(forget, {"thread": thread})
