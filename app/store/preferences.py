"""What people have settled for a channel or a thread. The promises are those of `app.turns.books.Preferences`."""

import time
from collections.abc import Callable, Mapping, Sequence

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, ThreadId, UserId
from app.sandboxes.ports import Project
from app.store.rows import sound
from app.store.sqlite import Sqlite
from app.turns.machine import LIVE, Stage
from app.turns.preferences import NOTHING, Preference, Scope, Settled, Values, settled
from app.turns.records import Place

LIVE_STAGES = ", ".join(f"'{stage}'" for stage in Stage if stage in LIVE)

# Nobody reads here what a private thread works on. So of a thread's settings others are shown only what stands in one
# that hangs on a message of its channel: such a one is never private (see `sessions`).
SHOWN = """
    guild = :guild AND (
        place IN (:channel, :thread)
        OR place IN (SELECT channel FROM turns WHERE guild = :guild AND NOT vague)
        OR place IN (
            SELECT thread FROM turns WHERE guild = :guild AND NOT vague GROUP BY thread
            HAVING max(asker = :viewer) OR (max(starts) AND NOT max(private))
        )
    )
"""
REPOSITORIES = f"""
    SELECT value FROM preferences WHERE name = 'repository' AND {SHOWN}
    GROUP BY value ORDER BY max(settled_at) DESC LIMIT 100
"""  # noqa: S608 - only our own constants

# A branch is that of the repository which was settled with it; else of the operator's.
BRANCHES = f"""
    SELECT branch.value AS branch FROM preferences AS branch
    WHERE branch.name = 'branch' AND {SHOWN} AND :repository = coalesce(
        (SELECT value FROM preferences WHERE place = branch.place AND name = 'repository'),
        :operators
    )
    GROUP BY branch.value ORDER BY max(branch.settled_at) DESC LIMIT 100
"""  # noqa: S608 - only our own constants

BEGINNING = f"""
    SELECT guild, channel, EXISTS (
        SELECT 1 FROM turns WHERE turns.thread = sandboxes.thread AND fork IS NOT NULL AND stage IN ({LIVE_STAGES})
    ) AS is_fork
    FROM sandboxes WHERE thread = ?
"""  # noqa: S608 - only our own constants


class SqlitePreferences:
    def __init__(self, sqlite: Sqlite, operator: Values = NOTHING, clock: Callable[[], float] = time.time) -> None:
        """`operator` is what counts where nobody has settled anything."""
        self._sqlite = sqlite
        self._operator = operator
        self._clock = clock

    async def settled(self, place: Place) -> Settled:
        def look(db: Database) -> Settled:
            thread = values_of(db, place.thread) if place.thread else NOTHING
            return settled(thread, values_of(db, place.channel), self._operator)

        return await self._sqlite.read(look)

    async def settle(self, guild: GuildId, at: ThreadId | ChannelId, changes: Mapping[Preference, str | None]) -> None:
        now = self._clock()
        await self._sqlite.write(lambda db: settle(db, guild, at, changes, now))

    async def project_of(self, thread: ThreadId) -> Project:
        """What the workspace of its machine begins with: what people have settled, else what the operator has. The
        machine is written down already, and with it where the thread is."""
        row = await self._sqlite.read(lambda db: next(iter(db.query(BEGINNING, [thread])), {}))
        guild, channel = GuildId(row.get("guild") or ""), ChannelId(row.get("channel") or "")
        found = await self.settled(Place(guild, channel, thread))
        repository = found.chosen.get(Preference.REPOSITORY)
        is_theirs = repository is not None and repository.scope is not Scope.OPERATOR
        address = repository.value if repository and is_theirs else None
        return Project(address, found.value(Preference.BRANCH), is_fork=bool(row.get("is_fork")))

    async def forget(self, guild: GuildId, preference: Preference, value: str) -> int:
        query = "DELETE FROM preferences WHERE guild = ? AND name = ? AND value = ? RETURNING place"
        columns = [guild, preference.value, value]
        return await self._sqlite.write(lambda db: len(list(db.query(query, columns))))

    async def forget_place(self, place: ThreadId | ChannelId) -> int:
        query = """
            DELETE FROM preferences WHERE place = :place
            OR place IN (SELECT thread FROM turns WHERE channel = :place)
            OR place IN (SELECT thread FROM sandboxes WHERE channel = :place)
            RETURNING name
        """
        return await self._sqlite.write(lambda db: len(list(db.query(query, {"place": place}))))

    async def prune(self, before: float) -> int:
        """Forget what was settled in servers that we left before: how many settings."""
        query = "DELETE FROM preferences WHERE guild IN (SELECT id FROM guilds WHERE gone_at < ?) RETURNING name"
        return await self._sqlite.write(lambda db: len(list(db.query(query, [before]))))

    async def repositories(self, place: Place, viewer: UserId) -> Sequence[str]:
        columns = seen_from(place, viewer)
        return await self._sqlite.read(lambda db: [row["value"] for row in db.query(REPOSITORIES, columns)])

    async def branches(self, place: Place, viewer: UserId, repository: str) -> Sequence[str]:
        operators = self._operator.get(Preference.REPOSITORY)
        columns = {**seen_from(place, viewer), "repository": repository, "operators": operators}
        return await self._sqlite.read(lambda db: [row["branch"] for row in db.query(BRANCHES, columns)])


def seen_from(place: Place, viewer: UserId) -> dict[str, str | None]:
    return {"guild": place.guild, "channel": place.channel, "thread": place.thread, "viewer": viewer}


def values_of(db: Database, at: str) -> Values:
    rows = db.query("SELECT name, value FROM preferences WHERE place = ?", [at])
    return {Preference(row["name"]): row["value"] for row in rows}


def settle(
    db: Database, guild: GuildId, at: ThreadId | ChannelId, changes: Mapping[Preference, str | None], now: float
) -> None:
    """None takes it back. Another repository has no branch yet."""
    if Preference.REPOSITORY in changes:
        changes = {Preference.BRANCH: None, **changes}
    for preference, value in changes.items():
        db.execute("DELETE FROM preferences WHERE place = ? AND name = ?", [at, preference.value])
        if value is not None:
            row = sound({"place": at, "guild": guild, "name": preference.value, "value": value, "settled_at": now})
            db.execute(
                "INSERT INTO preferences (place, guild, name, value, settled_at) "
                "VALUES (:place, :guild, :name, :value, :settled_at)",
                row,
            )
