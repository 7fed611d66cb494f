"""The sandboxes, in verbs. The promises are those of `app.sandboxes.ports.Shelf`."""

from collections.abc import Sequence

from sqlite_utils import Database

from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State, may_move
from app.sandboxes.ports import Sandbox
from app.store.rows import sandbox_of_row
from app.store.sqlite import Sqlite


class SqliteShelf:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def sandbox_of(self, thread: ThreadId) -> Sandbox | None:
        return await self._sqlite.read(lambda db: find(db, thread))

    async def sandboxes(self) -> Sequence[Sandbox]:
        query = "SELECT * FROM sandboxes ORDER BY thread"
        return await self._sqlite.read(lambda db: [sandbox_of_row(row) for row in db.query(query)])

    async def count_active(self) -> int:
        query = "SELECT count(*) AS active FROM sandboxes WHERE state = 'active'"
        return await self._sqlite.read(lambda db: int(next(iter(db.query(query)))["active"]))

    async def shelve(self, thread: ThreadId, name: str, now: float) -> Sandbox:
        def change(db: Database) -> Sandbox:
            db.execute(
                "INSERT INTO sandboxes (thread, name, state, changed_at, active_at) "
                "VALUES (:thread, :name, 'destroyed', :now, :now) ON CONFLICT (thread) DO NOTHING",
                {"thread": thread, "name": name, "now": now},
            )
            sandbox = find(db, thread)
            assert sandbox is not None
            return sandbox

        return await self._sqlite.write(change)

    async def move(
        self,
        thread: ThreadId,
        old: State,
        new: State,
        now: float,
        *,
        ref: str | None = None,
        password: str | None = None,
        error: str | None = None,
    ) -> bool:
        assert may_move(old, new), f"a sandbox never goes from {old} to {new}"
        columns = {
            "thread": thread,
            "old": old.value,
            "new": new.value,
            "now": now,
            "ref": ref,
            "password": password,
            "error": error,
        }
        return await self._sqlite.write(lambda db: compare_and_set(db, columns))

    async def remember_session(self, thread: ThreadId, session: SessionId) -> None:
        await self._sqlite.write(
            lambda db: db.execute("UPDATE sandboxes SET session = ? WHERE thread = ?", [session, thread])
        )

    async def touch(self, thread: ThreadId, now: float) -> None:
        await self._sqlite.write(
            lambda db: db.execute("UPDATE sandboxes SET active_at = ? WHERE thread = ?", [now, thread])
        )


def compare_and_set(db: Database, columns: dict[str, str | float | None]) -> bool:
    changed = db.query(
        """
        UPDATE sandboxes SET
            state = :new,
            changed_at = :now,
            active_at = CASE WHEN :new = 'active' THEN :now ELSE active_at END,
            ref = CASE WHEN :new = 'destroyed' THEN NULL ELSE coalesce(:ref, ref) END,
            password = CASE WHEN :new = 'destroyed' THEN NULL ELSE coalesce(:password, password) END,
            last_error = coalesce(:error, last_error),
            resume_failures = CASE
                WHEN :new = 'active' THEN 0
                WHEN :old = 'resuming' AND :new = 'error' THEN resume_failures + 1
                ELSE resume_failures
            END
        WHERE thread = :thread AND state = :old
        RETURNING thread
        """,
        columns,
    )
    return bool(list(changed))


def find(db: Database, thread: ThreadId) -> Sandbox | None:
    rows = list(db.query("SELECT * FROM sandboxes WHERE thread = ?", [thread]))
    return sandbox_of_row(rows[0]) if rows else None
