"""The sandboxes, in verbs. The promises are those of `app.sandboxes.ports.Shelf`.

The turns lie in the same database, so "no turn needs it" and "it is taken" are one statement: no turn can come between.
What was handed out of a workspace is forgotten with it.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, SessionId, ThreadId
from app.sandboxes.machine import FINDS, SETTLES, TAKES, State
from app.sandboxes.ports import LONGEST_HOLD, Sandbox
from app.sandboxes.provider import Labels
from app.store.parcels import forget_handed_out
from app.store.rows import sandbox_of_row
from app.store.sqlite import Sqlite
from app.turns.machine import LIVE, Stage

NEEDY = "(" + ", ".join(f"'{stage}'" for stage in Stage if stage in LIVE - {Stage.ANSWERED}) + ")"

UNCHANGED = "thread = :thread AND state = :old AND changed_at = :changed_at AND active_at = :active_at"

TAKE = f"""
    UPDATE sandboxes SET
        state = :new, changed_at = :now, holder = :token, held_until = :until, password = coalesce(:password, password)
    WHERE {UNCHANGED} AND (held_until IS NULL OR held_until <= :now OR held_until > :now + :longest)
    AND (:spare = 0 OR NOT EXISTS (
        SELECT 1 FROM turns WHERE turns.thread = sandboxes.thread AND turns.stage IN {NEEDY}
    ))
    RETURNING *
"""  # noqa: S608 - only our own constants

REST = """
    UPDATE sandboxes SET
        state = :new, changed_at = :now, holder = NULL, held_until = NULL,
        active_at = CASE WHEN :new = 'active' THEN :now ELSE active_at END,
        ref = CASE WHEN :new = 'destroyed' THEN NULL ELSE coalesce(:ref, ref) END,
        password = CASE WHEN :new = 'destroyed' THEN NULL ELSE password END,
        doomed_at = CASE WHEN :new = 'destroyed' THEN NULL ELSE doomed_at END,
        resume_failures = CASE WHEN :new IN ('active', 'destroyed') THEN 0 ELSE resume_failures END,
        last_error = CASE WHEN :new = 'active' THEN NULL ELSE last_error END
    WHERE thread = :thread AND {condition}
    RETURNING *
"""

LET_GO = """
    UPDATE sandboxes SET
        state = coalesce(:new, state), changed_at = :now, holder = NULL, held_until = NULL,
        last_error = coalesce(:error, last_error),
        resume_failures = resume_failures + (state = 'resuming' AND :error IS NOT NULL)
    WHERE thread = :thread AND holder = :token
"""

DOOM = """
    UPDATE sandboxes SET doomed_at = min(coalesce(doomed_at, :at), :at)
    WHERE (state <> 'destroyed' OR :guild IS NULL) AND (thread = :thread OR channel = :channel OR guild = :guild)
    RETURNING thread
"""


class SqliteShelf:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def store(self) -> str:
        return await self._sqlite.read(lambda db: str(next(iter(db.query("SELECT name FROM store")))["name"]))

    async def sandbox_of(self, thread: ThreadId) -> Sandbox | None:
        return await self._sqlite.read(lambda db: find(db, thread))

    async def standing(self) -> Sequence[Sandbox]:
        query = "SELECT * FROM sandboxes WHERE state <> 'destroyed' ORDER BY thread"
        return await self._sqlite.read(lambda db: [sandbox_of_row(row) for row in db.query(query)])

    async def named(self, names: Collection[str]) -> Sequence[Sandbox]:
        query = "SELECT * FROM sandboxes WHERE name IN (SELECT value FROM json_each(?)) ORDER BY thread"
        wanted = json.dumps(list(names))
        return await self._sqlite.read(lambda db: [sandbox_of_row(row) for row in db.query(query, [wanted])])

    async def count_active(self) -> int:
        query = "SELECT count(*) AS active FROM sandboxes WHERE state = 'active'"
        return await self._sqlite.read(lambda db: int(next(iter(db.query(query)))["active"]))

    async def shelve(self, thread: ThreadId, name: str, labels: Labels, now: float) -> Sandbox:
        place = {"guild": labels.get("guild"), "channel": labels.get("channel")}

        def change(db: Database) -> Sandbox:
            db.execute(
                "INSERT INTO sandboxes (thread, name, guild, channel, state, changed_at, active_at) "
                "VALUES (:thread, :name, :guild, :channel, 'destroyed', :now, :now) ON CONFLICT (thread) DO NOTHING",
                {"thread": thread, "name": name, "now": now, **place},
            )
            sandbox = find(db, thread)
            assert sandbox is not None
            return sandbox

        return await self._sqlite.write(change)

    async def take(
        self,
        seen: Sandbox,
        passing: State,
        token: str,
        now: float,
        until: float,
        *,
        password: str | None = None,
        spare: bool = False,
    ) -> Sandbox | None:
        assert seen.state in TAKES[passing], f"{passing} never begins at {seen.state}"
        columns = as_seen(seen) | {
            "new": passing.value,
            "now": now,
            "token": token,
            "until": until,
            "password": password,
            "spare": int(spare),
            "longest": LONGEST_HOLD,
        }
        return await self._change(TAKE, columns)

    async def renew(self, thread: ThreadId, token: str, until: float) -> bool:
        query = "UPDATE sandboxes SET held_until = :until WHERE thread = :thread AND holder = :token RETURNING *"
        return await self._change(query, {"thread": thread, "token": token, "until": until}) is not None

    async def settle(self, thread: ThreadId, token: str, state: State, now: float, *, ref: str | None = None) -> bool:
        came_from = ", ".join(f"'{passing}'" for passing, rests in SETTLES.items() if state in rests)
        query = REST.format(condition=f"holder = :token AND state IN ({came_from})")
        columns = {"thread": thread, "token": token, "new": state.value, "now": now, "ref": ref}
        return await self._change(query, columns) is not None

    async def let_go(self, thread: ThreadId, token: str, now: float, *, error: str | None, state: State | None) -> None:
        columns = {"thread": thread, "token": token, "now": now, "error": error, "new": state and state.value}
        await self._sqlite.write(lambda db: db.execute(LET_GO, columns))

    async def note(self, seen: Sandbox, state: State, now: float) -> bool:
        assert state in FINDS[seen.state], f"{seen.state} never becomes {state} by itself"
        columns = as_seen(seen) | {"new": state.value, "now": now, "ref": None}
        return await self._change(REST.format(condition=UNCHANGED), columns) is not None

    async def remember_session(self, thread: ThreadId, session: SessionId) -> None:
        # A session lies on the same disk as the workspace, so another one tells of another machine, also where one was
        # replaced without having been seen destroyed, or under the same ref.
        query = "UPDATE sandboxes SET session = :session WHERE thread = :thread AND session IS NOT :session RETURNING 1"

        def change(db: Database) -> None:
            if list(db.query(query, {"thread": thread, "session": session})):
                forget_handed_out(db, thread)

        await self._sqlite.write(change)

    async def touch(self, thread: ThreadId, now: float) -> None:
        await self._sqlite.write(
            lambda db: db.execute("UPDATE sandboxes SET active_at = ? WHERE thread = ?", [now, thread])
        )

    async def rest(self, thread: ThreadId) -> None:
        await self.touch(thread, 0.0)

    async def doom(
        self,
        at: float,
        *,
        thread: ThreadId | None = None,
        channel: ChannelId | None = None,
        guild: GuildId | None = None,
    ) -> int:
        places = {"at": at, "thread": thread, "channel": channel, "guild": guild}
        return await self._sqlite.write(lambda db: len(list(db.query(DOOM, places))))

    async def reprieve(self, guild: GuildId, now: float) -> None:
        query = "UPDATE sandboxes SET doomed_at = NULL WHERE guild = ? AND doomed_at > ?"
        await self._sqlite.write(lambda db: db.execute(query, [guild, now]))

    async def _change(self, query: str, columns: dict[str, Any]) -> Sandbox | None:
        def change(db: Database) -> Sandbox | None:
            rows = list(db.query(query, columns))
            sandbox = sandbox_of_row(rows[0]) if rows else None
            if sandbox is not None and sandbox.state is State.DESTROYED:
                forget_handed_out(db, sandbox.thread)
            return sandbox

        return await self._sqlite.write(change)


def as_seen(seen: Sandbox) -> dict[str, Any]:
    return {
        "thread": seen.thread,
        "old": seen.state.value,
        "changed_at": seen.changed_at,
        "active_at": seen.active_at,
    }


def find(db: Database, thread: ThreadId) -> Sandbox | None:
    rows = list(db.query("SELECT * FROM sandboxes WHERE thread = ?", [thread]))
    return sandbox_of_row(rows[0]) if rows else None
