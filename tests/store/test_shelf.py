"""The shelf on a real database file."""

import pytest

from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


@pytest.fixture
def shelf(sqlite: Sqlite) -> SqliteShelf:
    return SqliteShelf(sqlite)


async def test_a_thread_has_one_sandbox_however_often_it_is_shelved(shelf: SqliteShelf) -> None:
    first = await shelf.shelve(THREAD, "opencord-4", 1.0)

    again = await shelf.shelve(THREAD, "opencord-4", 2.0)

    assert first == again
    assert first.state is State.DESTROYED


async def test_of_two_who_race_for_a_machine_one_wins_and_the_other_changes_nothing(shelf: SqliteShelf) -> None:
    await shelf.shelve(THREAD, "opencord-4", 1.0)

    won = await shelf.move(THREAD, State.DESTROYED, State.CREATING, 2.0, password="first")
    lost = await shelf.move(THREAD, State.DESTROYED, State.CREATING, 2.0, password="second")

    sandbox = await shelf.sandbox_of(THREAD)
    assert (won, lost) == (True, False)
    assert sandbox is not None
    assert sandbox.password == "first"


async def test_a_machine_that_is_destroyed_keeps_its_session_and_forgets_its_password(shelf: SqliteShelf) -> None:
    await shelf.shelve(THREAD, "opencord-4", 1.0)
    await shelf.move(THREAD, State.DESTROYED, State.CREATING, 2.0, password="secret")
    await shelf.move(THREAD, State.CREATING, State.ACTIVE, 3.0, ref="box-1")
    await shelf.remember_session(THREAD, SessionId("ses_1"))

    await shelf.move(THREAD, State.ACTIVE, State.DESTROYING, 4.0)
    await shelf.move(THREAD, State.DESTROYING, State.DESTROYED, 5.0)

    sandbox = await shelf.sandbox_of(THREAD)
    assert sandbox is not None
    assert (sandbox.session, sandbox.password, sandbox.ref) == ("ses_1", None, None)


async def test_failures_to_resume_are_counted_until_one_succeeds(shelf: SqliteShelf) -> None:
    await shelf.shelve(THREAD, "opencord-4", 1.0)
    await shelf.move(THREAD, State.DESTROYED, State.CREATING, 2.0, password="secret")
    await shelf.move(THREAD, State.CREATING, State.ACTIVE, 3.0, ref="box-1")
    await shelf.move(THREAD, State.ACTIVE, State.RESUMING, 4.0)
    await shelf.move(THREAD, State.RESUMING, State.ERROR, 5.0, error="no space left")
    await shelf.move(THREAD, State.ERROR, State.RESUMING, 6.0)
    counted = await shelf.sandbox_of(THREAD)

    await shelf.move(THREAD, State.RESUMING, State.ACTIVE, 7.0)

    well = await shelf.sandbox_of(THREAD)
    assert counted is not None
    assert well is not None
    assert (counted.resume_failures, well.resume_failures) == (1, 0)
    assert counted.last_error == "no space left"
