"""The threads of a server that are worked in, as somebody may look them over.

Who may see a thread Discord knows, and the store only in part. So a thread is shown to others than those who asked in
it only where it hangs on a message of its channel: such a one is never private. Whether those who asked in it see it
still is for whoever shows it to find out.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlite_utils import Database

from app.ids import ChannelId, GuildId, ThreadId, UserId
from app.sandboxes.machine import State
from app.turns.machine import LIVE, Stage
from app.turns.sessions import Session

LIVE_STAGES = ", ".join(f"'{stage}'" for stage in Stage if stage in LIVE)

QUERY = f"""
    WITH threads AS (
        SELECT
            thread, max(channel) AS channel, min(position) AS first, max(admitted_at) AS used_at,
            sum(stage IN ({LIVE_STAGES})) AS live, max(asker = :viewer) AS is_mine,
            max(starts) AND NOT max(private) AS is_public
        FROM turns WHERE guild = :guild AND thread IS NOT NULL AND NOT vague
            AND (stage IN ({LIVE_STAGES}) OR begun_at IS NOT NULL)
        GROUP BY thread
    )
    SELECT threads.*, coalesce(
            nullif(json_extract(turns.about, '$.text'), ''), nullif(turns.prompt, ''),
            json_extract(turns.fork, '$.name'), ''
        ) AS subject,
        sandboxes.state, count(*) OVER () AS total
    FROM threads JOIN turns ON turns.position = threads.first
    LEFT JOIN sandboxes ON sandboxes.thread = threads.thread
    WHERE (is_mine OR (is_public AND NOT :mine))
    AND (:channels IS NULL OR threads.channel IN (SELECT value FROM json_each(:channels)))
    AND NOT EXISTS (SELECT 1 FROM channels WHERE id IN (threads.thread, threads.channel) AND gone)
    ORDER BY used_at DESC, threads.thread LIMIT :most OFFSET :skipped
"""  # noqa: S608 - only our own constants


def look(
    db: Database,
    guild: GuildId,
    viewer: UserId,
    channels: Collection[ChannelId] | None,
    *,
    mine: bool,
    skipped: int,
    most: int,
) -> tuple[Sequence[Session], int]:
    """The one that was used last comes first; and how many there are in all, as far as this page is not behind them."""
    wanted = None if channels is None else json.dumps(sorted(channels))
    columns: dict[str, Any] = {"guild": guild, "viewer": viewer, "channels": wanted, "mine": mine}
    rows = list(db.query(QUERY, {**columns, "skipped": skipped, "most": most}))
    return [session_of_row(row) for row in rows], rows[0]["total"] if rows else 0


def session_of_row(row: Any) -> Session:
    return Session(
        ThreadId(row["thread"]),
        ChannelId(row["channel"]),
        row["subject"],
        row["used_at"],
        row["live"],
        row["state"] and State(row["state"]),
        bool(row["is_public"]),
    )
