"""What people have settled for a channel or a thread. The promises are those of `app.turns.books.Preferences`."""

import time
from collections.abc import Callable, Mapping, Sequence

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, ThreadId
from app.sandboxes.ports import Project
from app.sandboxes.provider import Labels
from app.store.rows import sound
from app.store.sqlite import Sqlite
from app.turns.preferences import NOTHING, Preference, Scope, Settled, Values, settled
from app.turns.records import Place

# A branch is that of the repository which was settled with it; else of the operator's.
BRANCHES = """
    SELECT branch.value AS branch FROM preferences AS branch
    WHERE branch.guild = :guild AND branch.name = 'branch' AND :repository = coalesce(
        (SELECT value FROM preferences WHERE place = branch.place AND name = 'repository'),
        :operators
    )
    GROUP BY branch.value ORDER BY max(branch.settled_at) DESC LIMIT 100
"""


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

    async def project_of(self, thread: ThreadId, labels: Labels) -> Project:
        """What its next machine begins with: what people have settled, else what the operator has."""
        found = await self.settled(Place(GuildId(labels["guild"]), ChannelId(labels["channel"]), thread))
        repository = found.chosen.get(Preference.REPOSITORY)
        is_theirs = repository is not None and repository.scope is not Scope.OPERATOR
        return Project(repository.value if repository and is_theirs else None, found.value(Preference.BRANCH))

    async def forget(self, guild: GuildId, preference: Preference, value: str) -> int:
        query = "DELETE FROM preferences WHERE guild = ? AND name = ? AND value = ? RETURNING place"
        columns = [guild, preference.value, value]
        return await self._sqlite.write(lambda db: len(list(db.query(query, columns))))

    async def repositories(self, guild: GuildId) -> Sequence[str]:
        query = """
            SELECT value FROM preferences WHERE guild = ? AND name = 'repository'
            GROUP BY value ORDER BY max(settled_at) DESC LIMIT 100
        """
        return await self._sqlite.read(lambda db: [row["value"] for row in db.query(query, [guild])])

    async def branches(self, guild: GuildId, repository: str) -> Sequence[str]:
        operators = self._operator.get(Preference.REPOSITORY)
        columns = {"guild": guild, "repository": repository, "operators": operators}
        return await self._sqlite.read(lambda db: [row["branch"] for row in db.query(BRANCHES, columns)])


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
