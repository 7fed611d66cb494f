"""What the people of a thread have settled for it."""

from app.ids import ThreadId
from app.store.sqlite import Sqlite
from app.turns.status import Verbosity


class SqlitePreferences:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def verbosity_of(self, thread: ThreadId) -> Verbosity:
        query = "SELECT verbosity FROM preferences WHERE thread = ?"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [thread])))
        return Verbosity(rows[0]["verbosity"]) if rows else Verbosity.NORMAL

    async def set_verbosity(self, thread: ThreadId, verbosity: Verbosity) -> None:
        query = """
            INSERT INTO preferences (thread, verbosity) VALUES (?, ?)
            ON CONFLICT (thread) DO UPDATE SET verbosity = excluded.verbosity
        """
        await self._sqlite.write(lambda db: db.execute(query, [thread, verbosity.value]))
