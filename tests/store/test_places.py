"""Where people talk and how far it was read, on a real database file."""

import pytest

from app.ids import ChannelId, GuildId, MessageId, ThreadId
from app.store.ledger import SqliteLedger
from app.store.places import SqlitePlaces
from app.store.sqlite import Sqlite
from app.turns.machine import Event
from app.turns.ports import Facts
from app.turns.records import Place
from tests.samples import CHANNEL, command, message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


@pytest.fixture
def ledger(sqlite: Sqlite) -> SqliteLedger:
    return SqliteLedger(sqlite)


@pytest.fixture
def places(sqlite: Sqlite) -> SqlitePlaces:
    return SqlitePlaces(sqlite)


async def test_a_page_is_admitted_with_how_far_it_reaches_and_that_only_grows(
    ledger: SqliteLedger, places: SqlitePlaces
) -> None:
    await ledger.admit(message(2), 0.0)

    new = await places.admit_page(CHANNEL, MessageId("1000"), [message(1), message(2)], 1.0)
    await places.admit_page(CHANNEL, MessageId("999"), [], 2.0)

    assert new == 1
    assert await places.read_to() == {CHANNEL: "1000"}


async def test_what_is_admitted_by_itself_moves_no_channel_on(ledger: SqliteLedger, places: SqlitePlaces) -> None:
    await places.admit_page(CHANNEL, MessageId("1000"), [], 1.0)

    await ledger.admit(message(2), 2.0)

    assert await places.read_to() == {CHANNEL: "1000"}


async def test_a_category_is_what_was_said_last(ledger: SqliteLedger, places: SqlitePlaces) -> None:
    await ledger.admit(command(1), 0.0)
    turn = await ledger.claim("mine", 0.0, 15.0)
    assert turn is not None
    await ledger.note_place(turn.id, "mine", Place(turn.place.guild, CHANNEL, category=ChannelId("40")))
    known = await places.known_category(CHANNEL)

    await ledger.admit(command(2), 0.0)  # from the channel itself, which has none any more

    assert (known, await places.known_category(CHANNEL)) == ("40", None)


async def test_a_thread_is_tracked_from_its_first_question_on_unless_nothing_was_taken_there(
    ledger: SqliteLedger, places: SqlitePlaces
) -> None:
    for number in (7, 5, 6):
        await ledger.admit(message(number, thread=THREAD), float(number))
    await ledger.admit(message(8, thread=ThreadId("500000000000000000")), 8.0)
    while (turn := await ledger.claim("mine", 9.0, 24.0)) is not None:
        event = Event.ACCEPTED if turn.thread == THREAD else Event.IGNORED
        await ledger.record(turn.id, "mine", event, Facts())

    (tracked,) = await places.tracked(message(5).place.guild)

    assert (tracked.place.thread, tracked.used_at) == (THREAD, 7.0)
    assert str(tracked.first) == message(5).id


async def test_the_place_of_a_thread_is_known_from_whoever_asked_in_it(
    ledger: SqliteLedger, places: SqlitePlaces
) -> None:
    before = await places.place_of(THREAD)
    await ledger.admit(message(1, thread=THREAD), 0.0)

    assert before is None
    assert await places.place_of(THREAD) == message(1, thread=THREAD).place


async def test_a_server_that_we_left_is_not_one_of_ours_until_we_come_back(places: SqlitePlaces) -> None:
    guild = GuildId("100")
    await places.note_guild(guild, 5.0)
    await places.note_guild(guild)
    known = await places.guilds()
    await places.note_guild_gone(guild, 9.0)
    gone = await places.guilds()
    await places.note_guild(guild)

    assert (known, gone, await places.guilds()) == ({guild: 5.0}, {}, {guild: None})


async def test_each_authorisation_is_answered_by_one_welcome(places: SqlitePlaces) -> None:
    guild = GuildId("100")
    await places.note_authorised(guild, "2026-11-22T10:00:00Z")
    first = await places.unwelcomed()
    await places.note_welcomed(guild, "2026-11-22T10:00:00Z")
    await places.note_authorised(guild, "2026-11-22T10:00:00Z")
    await places.note_authorised(guild, "2026-11-21T10:00:00Z")
    again = await places.unwelcomed()
    await places.note_authorised(guild, "2026-11-23T10:00:00Z")

    assert (first, again) == ({guild: "2026-11-22T10:00:00Z"}, {})
    assert await places.unwelcomed() == {guild: "2026-11-23T10:00:00Z"}
