"""A database from before there were conversations, at any stage of any turn, goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.ids import UserId
from app.sandboxes.machine import State
from app.store.migrations import migrations
from app.store.sqlite import Sqlite
from app.turns.delivery import Delivery
from app.turns.errors import LeaseLost
from app.turns.machine import Stage
from app.turns.progress import Text
from app.turns.records import Origin, Source
from tests.samples import ALICE, message
from tests.store.earlier import NOW, Now, Old, before_conversations, id_of, thread_of

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def upgraded(old: Old) -> AsyncIterator[Now]:
    old.database.conn.commit()
    old.database.close()
    sqlite = Sqlite(old.path)
    await sqlite.open()
    try:
        yield Now(sqlite, old.numbers)
    finally:
        await sqlite.close()


@pytest.fixture
async def now(tmp_path: Path) -> AsyncIterator[Now]:
    async with upgraded(before_conversations(tmp_path / "old.sqlite")) as found:
        yield found


LIVE_BEFORE = [
    *("admitted", "admitted in a channel", "accepted", "queued", "interrupted"),
    *("prompted", "answered", "given up", "sent"),
]
OVER_BEFORE = ["delivered", "ignored", "cancelled", "failed"]


async def test_turns_of_an_earlier_version_go_on_from_where_they_were(now: Now) -> None:
    await now.work()

    assert {name: (await now.turn(name)).stage for name in LIVE_BEFORE} == dict.fromkeys(LIVE_BEFORE, Stage.DELIVERED)
    assert [str((await now.turn(name)).stage) for name in OVER_BEFORE] == OVER_BEFORE
    assert now.said("prompted") == [(f"answer to prompted\n-# <@{ALICE.id}>", ALICE.id)]
    assert now.said("sent") == []
    with pytest.raises(LeaseLost):
        await now.ledger.assure(now.id("prompted"), "died")


async def test_a_message_of_theirs_is_no_command_when_it_is_asked_again(now: Now) -> None:
    turn = await now.turn("admitted")

    assert (turn.source, turn.plain) == (Source.MESSAGE, True)


async def test_their_status_is_closed_once_and_that_of_older_ones_is_nobodys_to_close(now: Now) -> None:
    before = await now.ledger.unclosed(99)
    await now.work()

    over = await now.ledger.unclosed(99)
    for turn in over:
        await now.ledger.close(turn)

    asked = ("admitted", "admitted in a channel", "accepted", "queued", "interrupted", "prompted")
    assert before == []
    assert {turn.prompt for turn in over} == set(asked)
    assert await now.ledger.unclosed(99) == []


async def test_who_was_answered_before_anybody_was_notified_is_notified_at_the_end(now: Now) -> None:
    await now.work()

    ping = (f"-# <@{ALICE.id}>", ALICE.id)
    assert now.said("answered") == [("b", None), ("c", None), ping]
    assert now.said("given up") == [("sorry", None), ping]


async def test_what_an_earlier_attempt_had_posted_is_not_posted_again(now: Now) -> None:
    now.chat._append(now.thread("answered"), "b", None)

    await now.work()

    assert [content for content, _ in now.said("answered")] == ["b", "c", f"-# <@{ALICE.id}>"]


async def test_nothing_older_counts_as_the_newest_once_something_else_was_asked(now: Now) -> None:
    await now.work()
    for name in ("delivered", "prompted"):
        number = 900 + now.numbers[name]
        assert await now.ledger.is_newest(now.id(name))
        await now.ledger.admit(message(number, thread=now.thread(name)), NOW)
    await now.work()

    assert not await now.ledger.is_newest(now.id("delivered"))
    assert not await now.ledger.is_newest(now.id("prompted"))


async def test_what_was_said_in_its_threads_was_said_to_us(now: Now) -> None:
    ours = {name: await now.ledger.is_ours(now.thread(name)) for name in ("delivered", "cancelled", "ignored")}

    assert ours == {"delivered": True, "cancelled": True, "ignored": False}


async def test_its_machines_work_and_are_destroyed_as_ever(now: Now) -> None:
    standing = {one.thread: one.state for one in await now.shelf.standing()}

    for seen in await now.shelf.standing():
        assert await now.shelf.take(seen, State.DESTROYING, "mine", NOW, NOW + 15)
        assert await now.shelf.settle(seen.thread, "mine", State.DESTROYED, NOW)

    names = {"prompted": State.ACTIVE, "answered": State.PAUSED, "queued": State.CREATING}
    assert standing == {now.thread(name): state for name, state in names.items()}
    assert await now.shelf.standing() == []


async def test_a_turn_says_on_what_it_had_not_said(now: Now) -> None:
    """Its parcels of before have no part, and count all the same."""
    turn = await now.ledger.claim("mine", NOW, NOW + 15, [Stage.PROMPTED])
    assert turn is not None

    await Delivery(now.chat, now.parcels).say(turn, "mine", [Text("prt_1", "I will look.")])

    assert now.said("prompted") == [("I will look.", None)]
    assert (await now.parcels.so_far(turn.id)).parts == {"prt_1"}


# Before files had an origin: 0006.


async def test_what_was_handed_out_counts_as_long_as_the_machine_stands(tmp_path: Path) -> None:
    old = before_conversations(tmp_path / "old.sqlite")
    migrations.apply(old.database, stop_before="0007_origins")
    names = ("prompted", "delivered", "cancelled")  # one that stands, one that is destroyed, and none at all
    for name in names:
        old.insert("handed_out", {"thread": thread_of(old.numbers[name]), "path": "outbox/a", "mark": "1:1"})

    async with upgraded(old) as now:
        handed = {name: await now.parcels.handed_out(now.thread(name)) for name in names}

    assert handed == {"prompted": {Origin("outbox/a", "1:1")}, "delivered": frozenset(), "cancelled": frozenset()}


async def test_an_answer_that_notifies_already_gets_no_other_message(tmp_path: Path) -> None:
    old = before_conversations(tmp_path / "old.sqlite")
    migrations.apply(old.database, stop_before="0007_origins")
    old.database.execute("UPDATE parcels SET notify = '7' WHERE ordinal = 2")
    files = {"turn": id_of(old.numbers["answered"]), "ordinal": 2, "number": 0, "name": "a.txt", "content": b"x"}
    old.insert("files", files)

    async with upgraded(old) as now:
        unsent = await now.parcels.unsent(now.id("answered"))
        await now.work()

    assert [(one.content.text, one.notify) for one in unsent] == [("b", None), ("c", "7")]
    assert [file.content for file in unsent[-1].content.files] == [b"x"]
    assert now.said("answered") == [("b", None), ("c", UserId("7"))]


async def test_files_of_turns_that_are_over_are_given_up(tmp_path: Path) -> None:
    old = before_conversations(tmp_path / "old.sqlite")
    migrations.apply(old.database, stop_before="0007_origins")
    for name, ordinal in (("answered", 2), ("delivered", 0)):
        file = {"turn": id_of(old.numbers[name]), "ordinal": ordinal, "number": 0, "name": "a.txt", "content": b"x"}
        old.insert("files", file)

    async with upgraded(old) as now:
        left = await now.sqlite.read(lambda db: [row["turn"] for row in db.query("SELECT turn FROM files")])

    assert left == [now.id("answered")]
