"""The relay as it is written down: who listens on each shard, how that one is, and how far each Gateway session was
taken. The promises are those of `app.inbox.ports.Shards`."""

from collections.abc import Sequence

from sqlite_utils import Database

from app.relay import Beat, Position, Pulse, Shard
from app.store.sqlite import Sqlite

HOLD = """
    INSERT INTO shards (shard, shards, holder, held_until) VALUES (:shard, :shards, :holder, :until)
    ON CONFLICT (shard, shards) DO UPDATE SET
        beat = CASE WHEN holder IS excluded.holder THEN beat ELSE 0 END,
        holder = excluded.holder, held_until = excluded.held_until
    WHERE holder IS NULL OR holder = excluded.holder OR held_until <= :now
    RETURNING shard
"""

BEAT = """
    INSERT INTO shards (shard, shards, holder, held_until, beat, alive_at, problem, notice)
    VALUES (:shard, :shards, :holder, :until, :beat, :well_at, :problem, :notice)
    ON CONFLICT (shard, shards) DO UPDATE SET
        holder = coalesce(excluded.holder, holder), held_until = coalesce(excluded.held_until, held_until),
        beat = excluded.beat, alive_at = coalesce(excluded.alive_at, alive_at),
        problem = excluded.problem, notice = excluded.notice
    WHERE excluded.holder IS NULL OR holder IS NOT excluded.holder OR beat < excluded.beat
"""

# A session that was never heard of begins the shard anew; of a known one, only the number grows. So whatever is sent
# again, it leads nobody back to a session that has been left.
MOVE = """
    INSERT INTO gateway_sessions (id, shard, shards, resume_url, seq, moved_at)
    VALUES (:id, :shard, :shards, :url, :seq, :now)
    ON CONFLICT (id) DO UPDATE SET seq = max(seq, excluded.seq), moved_at = excluded.moved_at
"""

LATEST = """
    SELECT * FROM gateway_sessions WHERE shard = :shard AND shards = :shards ORDER BY position DESC LIMIT 1
"""

# The shards of an older count are no longer listened on.
PULSES = """
    SELECT * FROM shards WHERE shards = (
        SELECT shards FROM shards ORDER BY coalesce(held_until, alive_at) DESC LIMIT 1
    ) ORDER BY shard
"""


class SqliteShards:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def hold(self, shard: Shard, holder: str, now: float, until: float) -> bool:
        columns = {"shard": shard.number, "shards": shard.count, "holder": holder, "now": now, "until": until}
        return await self._sqlite.write(lambda db: bool(list(db.query(HOLD, columns))))

    async def beat(self, shard: Shard, beat: Beat, now: float, until: float) -> bool:
        def change(db: Database) -> bool:
            if is_held_by_another(db, shard, beat.holder, now):
                return False
            columns = {"shard": shard.number, "shards": shard.count, "beat": beat.number}
            words = {"holder": beat.holder, "problem": beat.problem, "notice": beat.notice}
            times = {"well_at": None if beat.problem else now, "until": (now if beat.is_last else until)}
            db.execute(BEAT, {**columns, **words, **times} | ({} if beat.holder else {"until": None}))
            return True

        return await self._sqlite.write(change)

    async def move(self, shard: Shard, position: Position, now: float) -> None:
        columns = {"id": position.session, "url": position.resume_url, "seq": position.seq, "now": now}
        columns |= {"shard": shard.number, "shards": shard.count}
        await self._sqlite.write(lambda db: db.execute(MOVE, columns))

    async def position(self, shard: Shard) -> Position | None:
        def ask(db: Database) -> Position | None:
            rows = list(db.query(LATEST, {"shard": shard.number, "shards": shard.count}))
            return Position(rows[0]["id"], rows[0]["resume_url"], rows[0]["seq"]) if rows else None

        return await self._sqlite.read(ask)

    async def pulses(self) -> Sequence[Pulse]:
        def ask(db: Database) -> Sequence[Pulse]:
            return [
                Pulse(Shard(row["shard"], row["shards"]), row["alive_at"], row["problem"], row["notice"])
                for row in db.query(PULSES)
            ]

        return await self._sqlite.read(ask)

    async def prune(self, before: float) -> int:
        """Forget sessions that were left, and have not moved since."""
        query = (
            "DELETE FROM gateway_sessions WHERE moved_at < ? AND position NOT IN "
            "(SELECT max(position) FROM gateway_sessions GROUP BY shard, shards) RETURNING id"
        )
        return await self._sqlite.write(lambda db: len(list(db.query(query, [before]))))


def is_held_by_another(db: Database, shard: Shard, holder: str | None, now: float) -> bool:
    query = "SELECT holder FROM shards WHERE shard = ? AND shards = ? AND held_until > ?"
    held = [row["holder"] for row in db.query(query, [shard.number, shard.count, now])]
    return holder is not None and bool(held) and held[0] != holder
