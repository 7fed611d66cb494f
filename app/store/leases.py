"""Whose a turn is: every write of somebody who works on one shows the token of its lease."""

from sqlite_utils import Database

from app.ids import TurnId
from app.store.rows import turn_of_row
from app.turns.errors import LeaseLost
from app.turns.records import Turn


def leased(db: Database, turn: TurnId, token: str) -> Turn:
    """The turn, while the lease is the caller's. It stays so until somebody looks for work after its time."""
    rows = list(db.query("SELECT * FROM turns WHERE id = ? AND lease_token = ?", [turn, token]))
    if not rows:
        raise LeaseLost(turn)
    return turn_of_row(rows[0])
