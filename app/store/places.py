"""Where people talk, in verbs: servers, channels, threads, and how far their messages have been read. The promises are
those of `app.inbox.ports.Places`.

How far a channel has been read is moved by its pages alone, in the transaction that admits what they brought, and never
by a message that came by itself: so nothing that comes after a gap can hide what was missed in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, MessageId, ThreadId
from app.store.admission import insert
from app.store.sqlite import Sqlite
from app.turns.machine import Stage
from app.turns.records import Place, Request, Tracked

# A turn's thread has an id before it exists at Discord.
OPENED = f"""(
    stage IN ('{Stage.THREADED}', '{Stage.PROMPTED}', '{Stage.ANSWERED}', '{Stage.DELIVERED}')
    OR (stage = '{Stage.CANCELLED}' AND session IS NOT NULL)
)"""

PLACE = """
    SELECT turns.guild, turns.channel, turns.thread, channels.category
    FROM turns LEFT JOIN channels ON channels.id = turns.channel
    WHERE thread = ? AND NOT vague ORDER BY position DESC LIMIT 1
"""

TRACKED = f"""
    SELECT turns.guild, turns.channel, turns.thread, channels.category,
        min(CAST(turns.id AS INTEGER)) AS first, max(turns.admitted_at) AS used_at
    FROM turns LEFT JOIN channels ON channels.id = turns.channel
    WHERE guild = ? AND thread IS NOT NULL AND NOT vague AND {OPENED}
    AND NOT EXISTS (SELECT 1 FROM channels AS place WHERE place.id IN (turns.thread, turns.channel) AND place.gone)
    GROUP BY thread ORDER BY thread
"""  # noqa: S608 - only our own constants

READ_TO = """
    INSERT INTO channels (id, caught_up_to) VALUES (:channel, :newest) ON CONFLICT (id) DO UPDATE
    SET caught_up_to = excluded.caught_up_to
    WHERE caught_up_to IS NULL OR CAST(caught_up_to AS INTEGER) < CAST(excluded.caught_up_to AS INTEGER)
"""


class SqlitePlaces:
    def __init__(self, sqlite: Sqlite) -> None:
        self._sqlite = sqlite

    async def place_of(self, thread: ThreadId) -> Place | None:
        def ask(db: Database) -> Place | None:
            rows = list(db.query(PLACE, [thread]))
            return place_of_row(rows[0]) if rows else None

        return await self._sqlite.read(ask)

    async def known_category(self, channel: ChannelId) -> ChannelId | None:
        query = "SELECT category FROM channels WHERE id = ?"
        rows = await self._sqlite.read(lambda db: list(db.query(query, [channel])))
        return ChannelId(rows[0]["category"]) if rows and rows[0]["category"] else None

    async def is_located(self, channel: ChannelId) -> bool:
        query = "SELECT 1 FROM channels WHERE id = ? AND category IS NOT NULL"
        return await self._sqlite.read(lambda db: bool(list(db.query(query, [channel]))))

    async def admit_page(self, channel: ChannelId, newest: MessageId, requests: Sequence[Request], now: float) -> int:
        def change(db: Database) -> int:
            admitted = sum(insert(db, request, now) for request in requests)
            db.execute(READ_TO, {"channel": channel, "newest": newest})
            return admitted

        return await self._sqlite.write(change)

    async def read_to(self) -> Mapping[ChannelId, MessageId]:
        query = "SELECT id, caught_up_to FROM channels WHERE caught_up_to IS NOT NULL"
        rows = await self._sqlite.read(lambda db: list(db.query(query)))
        return {ChannelId(row["id"]): MessageId(row["caught_up_to"]) for row in rows}

    async def tracked(self, guild: GuildId) -> Sequence[Tracked]:
        def ask(db: Database) -> Sequence[Tracked]:
            return [
                Tracked(place_of_row(row), MessageId(str(row["first"])), row["used_at"])
                for row in db.query(TRACKED, [guild])
            ]

        return await self._sqlite.read(ask)

    async def begun_at(self) -> float:
        return float(await self._of_store("begun_at"))

    async def caught_up_at(self) -> float | None:
        found = await self._of_store("caught_up_at")
        return None if found is None else float(found)

    async def note_caught_up(self, now: float) -> None:
        await self._sqlite.write(lambda db: db.execute("UPDATE store SET caught_up_at = ?", [now]))

    async def guilds(self) -> Mapping[GuildId, float | None]:
        query = "SELECT id, joined_at FROM guilds WHERE gone_at IS NULL"
        rows = await self._sqlite.read(lambda db: list(db.query(query)))
        return {GuildId(row["id"]): row["joined_at"] for row in rows}

    async def note_guild(self, guild: GuildId, joined_at: float | None = None) -> None:
        await self._sqlite.write(
            lambda db: db.execute(
                "INSERT INTO guilds (id, joined_at) VALUES (:id, :joined_at) ON CONFLICT (id) DO UPDATE "
                "SET gone_at = NULL, joined_at = coalesce(excluded.joined_at, joined_at)",
                {"id": guild, "joined_at": joined_at},
            )
        )

    async def note_guild_gone(self, guild: GuildId, now: float) -> None:
        await self._sqlite.write(
            lambda db: db.execute(
                "INSERT INTO guilds (id, gone_at) VALUES (:id, :now) ON CONFLICT (id) DO UPDATE "
                "SET joined_at = NULL, gone_at = coalesce(gone_at, excluded.gone_at)",
                {"id": guild, "now": now},
            )
        )

    async def note_authorised(self, guild: GuildId, moment: str) -> None:
        # Discord's timestamps sort as they stand: all are UTC, in one format.
        await self._sqlite.write(
            lambda db: db.execute(
                "INSERT INTO guilds (id, authorised) VALUES (:id, :moment) ON CONFLICT (id) DO UPDATE "
                "SET authorised = max(coalesce(authorised, ''), excluded.authorised)",
                {"id": guild, "moment": moment},
            )
        )

    async def unwelcomed(self) -> Mapping[GuildId, str]:
        query = "SELECT id, authorised FROM guilds WHERE authorised > coalesce(welcomed, '')"
        rows = await self._sqlite.read(lambda db: list(db.query(query)))
        return {GuildId(row["id"]): str(row["authorised"]) for row in rows}

    async def note_welcomed(self, guild: GuildId, moment: str) -> None:
        await self._sqlite.write(lambda db: db.execute("UPDATE guilds SET welcomed = ? WHERE id = ?", [moment, guild]))

    async def note_gone(self, channel: ChannelId) -> None:
        query = "INSERT INTO channels (id, gone) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET gone = 1"
        await self._sqlite.write(lambda db: db.execute(query, [channel]))

    async def _of_store(self, column: str) -> Any:
        query = f"SELECT {column} FROM store"  # noqa: S608
        rows = await self._sqlite.read(lambda db: list(db.query(query)))
        return rows[0][column]


def place_of_row(row: Mapping[str, Any]) -> Place:
    category = ChannelId(row["category"]) if row["category"] else None
    return Place(GuildId(row["guild"]), ChannelId(row["channel"]), ThreadId(row["thread"]), category)
