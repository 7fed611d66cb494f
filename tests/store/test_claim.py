"""Whatever stands in the ledger, the turns of a thread never block each other for ever."""

import itertools
import sqlite3
from collections.abc import Iterator
from functools import partial

import pytest
from sqlite_utils import Database

from app.ids import SessionId
from app.store.admission import insert
from app.store.ledger import SqliteLedger
from app.store.migrations import migrate
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.machine import LIVE, QUEUE, WORKING, Event, Stage
from tests.samples import message

pytestmark = pytest.mark.anyio
THREAD = "400000000000000000"
Position = tuple[Stage, bool]  # a stage, and whether it was at the model already


def positions() -> Iterator[Position]:
    for stage in sorted(LIVE):
        if stage is not Stage.PROMPTED:
            yield stage, False
        if stage in WORKING:
            yield stage, True


def arrange(db: Database, turns: tuple[Position, ...]) -> None:
    db.execute("DELETE FROM turns")
    for number, (stage, has_session) in enumerate(turns):
        request = message(number, thread=THREAD)
        insert(db, request, 0.0)
        db.execute(
            "UPDATE turns SET stage = ?, session = ?, answer = ? WHERE id = ?",
            [stage.value, "ses_1" if has_session else None, "yes" if stage is Stage.ANSWERED else None, request.id],
        )


async def test_of_any_three_turns_of_a_thread_that_nobody_works_on_one_can_be_claimed(sqlite: Sqlite) -> None:
    ledger, possible, stuck = SqliteLedger(sqlite), 0, []

    for turns in itertools.product(positions(), repeat=3):
        try:
            await sqlite.write(partial(arrange, turns=turns))
        except sqlite3.IntegrityError:
            continue  # the schema allows no such thing
        possible += 1
        turn = await ledger.claim("mine", 1.0, 16.0, WORKING) or await ledger.claim("mine", 1.0, 16.0)
        if turn is None:
            stuck.append(turns)
        elif turn.stage is QUEUE:  # and then it may go to the model
            await ledger.record(turn.id, "mine", Event.PROMPT_SENT, Facts(session=SessionId("ses_1")))

    assert possible > 100
    assert stuck == []


def test_the_schema_can_be_made_twice_without_harm() -> None:
    database = Database(memory=True)

    migrate(database)
    migrate(database)

    assert {"turns", "parcels", "sandboxes", "channels"} <= set(database.table_names())
