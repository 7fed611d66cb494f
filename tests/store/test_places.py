"""Where people talk and how far it was read, on a real database file."""

import pytest

from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId
from app.store.ledger import SqliteLedger
from app.store.places import SqlitePlaces
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.records import Place, Request
from tests.samples import CHANNEL, GUILD, command, message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")
DELIVERED = (Event.ACCEPTED, Event.THREAD_OPENED, Event.PROMPT_SENT, Event.ANSWER_TAKEN, Event.DELIVERED)
FACTS = {Event.PROMPT_SENT: Facts(session=SessionId("ses_1")), Event.ANSWER_TAKEN: Facts(answer="yes")}


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


async def test_that_a_channel_is_in_no_category_is_known_as_well(ledger: SqliteLedger, places: SqlitePlaces) -> None:
    await places.admit_page(CHANNEL, MessageId("1000"), [], 0.0)
    before = await places.is_located(CHANNEL)

    await ledger.admit(command(1), 0.0)

    assert (before, await places.is_located(CHANNEL)) == (False, True)


async def moved(ledger: SqliteLedger, request: Request, *events: Event) -> None:
    """Admitted at the time of its number, and brought as far as these events bring it. It is the only one."""
    now = float(request.id[-3:])
    await ledger.admit(request, now)
    for event in events:
        turn = await ledger.turn(request.id)
        assert turn is not None
        await ledger.claim("mine", now, now + 15.0, [turn.stage])
        await ledger.record(request.id, "mine", event, FACTS.get(event, Facts()))


async def test_a_thread_is_tracked_from_its_first_question_on(ledger: SqliteLedger, places: SqlitePlaces) -> None:
    for number in (7, 5, 6):
        await moved(ledger, message(number, thread=THREAD), *DELIVERED)

    (tracked,) = await places.tracked(GUILD)

    assert (tracked.place.thread, tracked.used_at) == (THREAD, 7.0)
    assert str(tracked.first) == message(5).id


@pytest.mark.parametrize("steps", range(len(DELIVERED) + 1))
async def test_a_thread_is_tracked_when_it_is_open_at_discord(
    ledger: SqliteLedger, places: SqlitePlaces, steps: int
) -> None:
    await moved(ledger, message(1, thread=THREAD), *DELIVERED[:steps])

    assert len(await places.tracked(GUILD)) == (steps >= 2)


@pytest.mark.parametrize(
    "events", [[Event.IGNORED], [Event.GIVEN_UP], [Event.CANCELLED], [Event.ACCEPTED, Event.CANCELLED]]
)
async def test_a_thread_where_nothing_came_of_a_question_is_not_tracked(
    ledger: SqliteLedger, places: SqlitePlaces, events: list[Event]
) -> None:
    await moved(ledger, message(1, thread=THREAD), *events)

    assert await places.tracked(GUILD) == []


@pytest.mark.parametrize("gone", [THREAD, CHANNEL])
async def test_a_thread_that_is_gone_or_whose_channel_is_is_not_tracked(
    ledger: SqliteLedger, places: SqlitePlaces, gone: str
) -> None:
    await moved(ledger, message(1, thread=THREAD), *DELIVERED)

    for _ in range(2):
        await places.note_gone(ChannelId(gone))

    assert await places.tracked(GUILD) == []


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


async def test_an_authorisation_alone_does_not_bring_us_back(places: SqlitePlaces) -> None:
    guild = GuildId("100")
    await places.note_guild(guild, 5.0)
    await places.note_guild_gone(guild, 9.0)

    await places.note_authorised(guild, "2026-11-22T10:00:00Z")

    assert await places.guilds() == {}
    assert await places.unwelcomed() == {guild: "2026-11-22T10:00:00Z"}
