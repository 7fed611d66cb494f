"""Writing a request down as a turn: within whatever transaction it comes in."""

from sqlite_utils import Database

from app.ids import ChannelId
from app.store.queue import listed
from app.store.rows import row_of_request, sound
from app.turns.machine import OPENING
from app.turns.records import Request

# One that somebody has wished for, and waits for still: once its thread is open they may well want another.
SAME_FORK = f"""
    SELECT 1 FROM turns WHERE asker = :asker AND prompt = :prompt AND stage IN {listed(OPENING)}
    AND fork IS NOT NULL AND (thread IS NULL OR starts)
    AND json_extract(fork, '$.thread') = json_extract(:fork, '$.thread')
    AND json_extract(fork, '$.last') IS json_extract(:fork, '$.last')
"""  # noqa: S608 - only our own constants


def insert(db: Database, request: Request, now: float) -> bool:
    """False when it is known already, or another live turn follows the same one, or opens the same fork."""
    row = sound(row_of_request(request, now))
    if request.opens_fork and list(db.query(SAME_FORK, row)):
        return False
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    query = f"INSERT INTO turns ({names}) VALUES ({values}) ON CONFLICT DO NOTHING RETURNING id"  # noqa: S608
    admitted = bool(list(db.query(query, row)))
    if request.place.thread is None and not request.place.vague:
        note_category(db, request.place.channel, request.place.category)
    return admitted


def note_category(db: Database, channel: ChannelId, category: ChannelId | None) -> None:
    """One that is known to be in none is in the one without a name."""
    db.execute(
        "INSERT INTO channels (id, category) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET category = excluded.category",
        [channel, category or ""],
    )
