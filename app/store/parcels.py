"""The messages that answers are made of: written down before they are sent, ticked off when they are.

Files lie here until their message is sent, and no longer.
"""

from collections.abc import Sequence

from sqlite_utils import Database

from app.ids import MessageId, ThreadId, TurnId
from app.store.leases import leased
from app.store.rows import parcel_of_row, sound
from app.store.sqlite import Sqlite
from app.turns.books import Handed, Parcelled
from app.turns.errors import Stopped
from app.turns.records import File, Parcel


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
            db.execute("DELETE FROM files WHERE turn = ? AND ordinal = ?", [turn, ordinal])

        await self._sqlite.write(change)

    async def handed_out(self, thread: ThreadId) -> frozenset[Handed]:
        query = "SELECT path, mark FROM handed_out WHERE thread = ?"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return frozenset(Handed(row["path"], row["mark"]) for row in rows)


def insert_parcels(db: Database, turn: TurnId, parcels: Sequence[Parcel]) -> None:
    """One that is there already is not written again."""
    for parcel in parcels:
        row = {
            "turn": turn,
            "ordinal": parcel.ordinal,
            "content": parcel.content.text,
            "nonce": parcel.nonce,
            "notify": parcel.notify,
            "part": parcel.part,
        }
        inserted = db.query(
            """
            INSERT INTO parcels (turn, ordinal, content, nonce, notify, part)
            VALUES (:turn, :ordinal, :content, :nonce, :notify, :part)
            ON CONFLICT (turn, ordinal) DO NOTHING RETURNING ordinal
            """,
            sound(row),
        )
        if list(inserted):
            insert_files(db, turn, parcel)


def insert_files(db: Database, turn: TurnId, parcel: Parcel) -> None:
    for number, file in enumerate(parcel.content.files):
        db.execute(
            "INSERT INTO files (turn, ordinal, number, name, content) VALUES (?, ?, ?, ?, ?)",
            [turn, parcel.ordinal, number, file.name, file.content],
        )


def files_of(db: Database, turn: TurnId, ordinal: int) -> list[File]:
    query = "SELECT name, content FROM files WHERE turn = ? AND ordinal = ? ORDER BY number"
    return [File(row["name"], row["content"]) for row in db.query(query, [turn, ordinal])]


def insert_handed(db: Database, turn: TurnId, handed: Sequence[Handed]) -> None:
    """Files of the turn's machine that go out with it, and never again as they are."""
    for one in handed:
        db.execute(
            "INSERT OR IGNORE INTO handed_out (thread, path, mark) SELECT thread, ?, ? FROM turns WHERE id = ?",
            [one.path, one.mark, turn],
        )
