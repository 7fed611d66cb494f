"""What OpenCode offers to choose from, as it was last told by a machine."""

from collections.abc import Sequence

from sqlite_utils import Database

from app.store.rows import sound
from app.store.sqlite import Sqlite
from app.turns.catalogue import Entry, Kind


class SqliteCatalogue:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def entries(self, kind: Kind) -> Sequence[Entry]:
        """None before the first machine has come up."""
        query = "SELECT name, about FROM catalogue WHERE kind = ? ORDER BY position"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [kind.value])))
        return [Entry(kind, row["name"], row["about"]) for row in rows]

    async def learn(self, entries: Sequence[Entry]) -> None:
        """These are all there are."""
        insert = (
            "INSERT OR IGNORE INTO catalogue (kind, name, about, position) VALUES (:kind, :name, :about, :position)"
        )

        def change(db: Database) -> None:
            db.execute("DELETE FROM catalogue")
            for position, one in enumerate(entries):
                row = {"kind": one.kind.value, "name": one.name, "about": one.about, "position": position}
                db.execute(insert, sound(row))

        await self._sqlite.write(change)
