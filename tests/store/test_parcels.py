"""The messages of an answer, on a real database file."""

import pytest

from app.ids import MessageId, SessionId, ThreadId, TurnId, UserId
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.sqlite import Sqlite
from app.turns.books import Facts, Parcelled
from app.turns.errors import LeaseLost
from app.turns.machine import Event
from app.turns.records import Content, File, Origin, Parcel
from tests.samples import message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")
PLOT, FILM = Origin("outbox/plot.png", "1:5"), Origin("outbox/film.mp4", "2:99999999")
PICTURE = File("plot.png", b"\x89PNG\0", PLOT)


@pytest.fixture
def parcels(sqlite: Sqlite) -> SqliteParcels:
    return SqliteParcels(sqlite)


@pytest.fixture
async def turn(sqlite: Sqlite) -> TurnId:
    """At the model, and leased to "mine"."""
    ledger = SqliteLedger(sqlite)
    await ledger.admit(message(1, thread=THREAD), 0.0)
    for event in (Event.ACCEPTED, Event.THREAD_OPENED, Event.PROMPT_SENT):
        await ledger.claim("mine", 0.0, 15.0)
        await ledger.record(message(1).id, "mine", event, Facts(session=SessionId("ses_1")))
    return message(1).id


async def test_what_is_written_down_is_unsent_until_it_is_ticked_off(parcels: SqliteParcels, turn: TurnId) -> None:
    await parcels.add(turn, "mine", [Parcel(0, Content("a"), "n-0"), Parcel(1, Content("b"), "n-1")])

    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))

    assert [parcel.content.text for parcel in await parcels.unsent(turn)] == ["b"]
    assert await parcels.last_posted(THREAD) == "901"


async def test_a_part_is_said_in_a_thread_once_all_of_its_messages_stand_there(
    parcels: SqliteParcels, turn: TurnId
) -> None:
    await parcels.add(turn, "mine", [Parcel(n, Content(str(n)), f"n-{n}", part="prt_1") for n in range(2)])
    before = await parcels.is_said(THREAD, "prt_1")

    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))
    half = await parcels.is_said(THREAD, "prt_1")
    await parcels.mark_sent(turn, "mine", 1, MessageId("902"))

    assert (before, half, await parcels.is_said(THREAD, "prt_1")) == (False, False, True)
    assert not await parcels.is_said(THREAD, "prt_2")
    assert not await parcels.is_said(ThreadId("1"), "prt_1")


async def test_what_is_there_already_is_not_written_again(parcels: SqliteParcels, turn: TurnId) -> None:
    await parcels.add(turn, "mine", [Parcel(0, Content("as it was sent"), "n-0", part="prt_1")])

    await parcels.add(turn, "mine", [Parcel(0, Content("as it would be now"), "n-0", part="prt_1")])

    assert [parcel.content.text for parcel in await parcels.unsent(turn)] == ["as it was sent"]
    assert await parcels.so_far(turn) == Parcelled(frozenset({"prt_1"}), 1)


async def test_files_lie_with_their_parcel_until_it_is_sent(
    parcels: SqliteParcels, turn: TurnId, sqlite: Sqlite
) -> None:
    files = PICTURE, File("a.txt", b"")
    parcel = Parcel(0, Content("look", files), "n-0", notify=UserId("7"), named=(FILM,))
    await parcels.add(turn, "mine", [parcel])
    before = await parcels.unsent(turn)

    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))

    assert list(before) == [parcel]
    assert await sqlite.read(lambda db: list(db.query("SELECT * FROM files"))) == []


async def test_whoever_lost_the_lease_writes_nothing(parcels: SqliteParcels, turn: TurnId) -> None:
    with pytest.raises(LeaseLost):
        await parcels.add(turn, "another's", [Parcel(0, Content("a"), "n-0")])
    with pytest.raises(LeaseLost):
        await parcels.mark_sent(turn, "another's", 0, MessageId("901"))

    assert await parcels.so_far(turn) == Parcelled()


async def test_files_are_handed_out_when_their_message_is_sent_and_not_before(
    parcels: SqliteParcels, turn: TurnId
) -> None:
    words = Parcel(0, Content("look", (File("answer.md", b"all of it"),)), "n-0")
    await parcels.add(turn, "mine", [words, Parcel(1, Content("", (PICTURE,)), "n-1", named=(FILM,))])

    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))
    before = await parcels.handed_out(THREAD)
    await parcels.mark_sent(turn, "mine", 1, MessageId("902"))

    assert before == frozenset()
    assert await parcels.handed_out(THREAD) == {PLOT, FILM}
    assert await parcels.handed_out(ThreadId("5")) == frozenset()


async def test_no_files_are_kept_of_a_turn_that_ended_before_they_were_sent(
    parcels: SqliteParcels, turn: TurnId, sqlite: Sqlite
) -> None:
    await parcels.add(turn, "mine", [Parcel(0, Content("", (PICTURE,)), "n-0")])

    await SqliteLedger(sqlite).record(turn, "mine", Event.CANCELLED, Facts())

    assert await sqlite.read(lambda db: list(db.query("SELECT * FROM files"))) == []
    assert await parcels.handed_out(THREAD) == frozenset()


async def test_whoever_lost_the_lease_hands_out_nothing(parcels: SqliteParcels, turn: TurnId) -> None:
    await parcels.add(turn, "mine", [Parcel(0, Content("", (PICTURE,)), "n-0")])

    with pytest.raises(LeaseLost):
        await parcels.mark_sent(turn, "another's", 0, MessageId("901"))

    assert await parcels.handed_out(THREAD) == frozenset()


async def test_the_same_file_may_go_out_in_two_messages(parcels: SqliteParcels, turn: TurnId) -> None:
    await parcels.add(turn, "mine", [Parcel(number, Content("", (PICTURE,)), f"n-{number}") for number in (0, 1)])

    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))
    await parcels.mark_sent(turn, "mine", 1, MessageId("902"))

    assert await parcels.handed_out(THREAD) == {PLOT}


async def test_what_is_written_anew_goes_out_without_its_files_and_these_were_not_handed_out(
    parcels: SqliteParcels, turn: TurnId
) -> None:
    await parcels.add(turn, "mine", [Parcel(0, Content("look", (PICTURE,)), "n-0", UserId("7"), named=(FILM,))])

    first = Parcel(0, Content("look at nothing"), "n-0", named=())
    more = Parcel(1, Content("and why"), "n-1", UserId("7"))
    await parcels.rewrite(turn, "mine", first, [more])
    unsent = await parcels.unsent(turn)
    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))

    assert list(unsent) == [first, more]
    assert await parcels.handed_out(THREAD) == frozenset()


async def test_what_was_sent_is_not_written_anew(parcels: SqliteParcels, turn: TurnId, sqlite: Sqlite) -> None:
    await parcels.add(turn, "mine", [Parcel(0, Content("as it was sent"), "n-0")])
    await parcels.mark_sent(turn, "mine", 0, MessageId("901"))

    await parcels.rewrite(turn, "mine", Parcel(0, Content("as it never was"), "n-0"))

    rows = await sqlite.read(lambda db: list(db.query("SELECT content FROM parcels")))
    assert rows == [{"content": "as it was sent"}]


async def test_what_the_agent_said_is_known_part_by_part(parcels: SqliteParcels, turn: TurnId) -> None:
    said = [
        Parcel(0, Content("a"), "n-0", part="prt_1"),
        Parcel(1, Content("b"), "n-1", part="prt_1"),
        Parcel(2, Content("c"), "n-2", part="prt_2"),
        Parcel(3, Content("bye"), "n-3"),
    ]

    await parcels.add(turn, "mine", said)

    assert await parcels.said(turn) == {("a", "b"), ("c",)}
