"""A database of an earlier version goes on."""

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from app.ids import ThreadId
from app.sandboxes.machine import State
from app.store.migrations import migrations
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite

pytestmark = pytest.mark.anyio


async def test_a_machine_that_was_written_down_before_there_were_holds_can_be_held(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    before = Database(path)
    migrations.apply(before, stop_before="0004_holds")
    before.execute(
        "INSERT INTO sandboxes (thread, name, state, ref, password, changed_at, active_at) "
        "VALUES ('4', 'opencord-4', 'active', 'ref', 'secret', 1.0, 1.0)"
    )
    before.conn.commit()
    before.close()

    sqlite = Sqlite(path)
    await sqlite.open()
    shelf = SqliteShelf(sqlite)
    (seen,) = await shelf.standing()
    held = await shelf.take(seen, State.PAUSING, "ours", 2.0, 17.0)
    named = await shelf.store()
    await sqlite.close()

    assert seen.thread == ThreadId("4")
    assert held is not None
    assert named


async def test_a_database_that_is_not_as_it_should_be_is_a_defect_and_nothing_to_wait_for(sqlite: Sqlite) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await sqlite.read(lambda db: db.execute("SELECT * FROM absent"))
