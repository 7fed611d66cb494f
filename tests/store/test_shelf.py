"""The shelf on a real database file."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.ids import ChannelId, GuildId, MessageId, SessionId, ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.store.ledger import SqliteLedger
from app.store.parcels import SqliteParcels
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.books import Facts
from app.turns.machine import Event
from app.turns.records import Content, File, Origin, Parcel
from tests.samples import message

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


class Rack:
    """The shelf, with one sandbox and a clock that ticks at every change."""

    def __init__(self, sqlite: Sqlite) -> None:
        self.shelf = SqliteShelf(sqlite)
        self.now = 1.0

    async def seen(self) -> Sandbox:
        return await self.shelf.shelve(THREAD, "opencord-4", {}, self.now)

    async def take(self, state: State, token: str = "ours", *, spare: bool = False, hold: float = 15.0) -> bool:
        self.now += 1.0
        seen = await self.seen()
        taken = await self.shelf.take(seen, state, token, self.now, self.now + hold, password="secret", spare=spare)
        return taken is not None

    async def settle(self, state: State, token: str = "ours") -> bool:
        self.now += 1.0
        return await self.shelf.settle(THREAD, token, state, self.now, ref="box-1")

    async def become_active(self) -> None:
        await self.take(State.CREATING)
        await self.settle(State.ACTIVE)

    async def fail(self, error: str, state: State | None = None) -> None:
        self.now += 1.0
        await self.shelf.let_go(THREAD, "ours", self.now, error=error, state=state)


@pytest.fixture
def rack(sqlite: Sqlite) -> Rack:
    return Rack(sqlite)


async def test_a_thread_has_one_sandbox_however_often_it_is_shelved(rack: Rack) -> None:
    first = await rack.seen()

    again = await rack.shelf.shelve(THREAD, "opencord-4", {}, 2.0)

    assert first == again
    assert first.state is State.DESTROYED


async def test_of_two_who_race_for_a_machine_one_wins_and_the_other_changes_nothing(rack: Rack) -> None:
    seen = await rack.seen()

    won = await rack.shelf.take(seen, State.CREATING, "one", 2.0, 17.0, password="first")
    lost = await rack.shelf.take(seen, State.CREATING, "two", 2.0, 17.0, password="second")

    assert won == await rack.seen()
    assert won is not None
    assert (won.state, won.password, won.holder, won.held_until) == (State.CREATING, "first", "one", 17.0)
    assert lost is None


async def test_what_somebody_holds_is_taken_over_only_when_the_hold_has_run_out(rack: Rack) -> None:
    await rack.take(State.CREATING, "ours", hold=10.0)

    too_early = await rack.take(State.CREATING, "theirs")
    rack.now += 10.0
    later = await rack.take(State.CREATING, "theirs")

    assert (too_early, later) == (False, True)
    assert not await rack.settle(State.ACTIVE, "ours")
    assert await rack.settle(State.ACTIVE, "theirs")


async def test_a_hold_that_is_renewed_lasts_longer_and_a_lost_one_cannot_be_renewed(rack: Rack) -> None:
    await rack.take(State.CREATING, hold=10.0)

    renewed = await rack.shelf.renew(THREAD, "ours", 100.0)

    assert renewed
    assert (await rack.seen()).is_held(99.0)
    assert not await rack.shelf.renew(THREAD, "theirs", 200.0)


async def test_a_machine_that_was_used_since_it_was_seen_is_not_taken(rack: Rack) -> None:
    await rack.become_active()
    seen = await rack.seen()
    await rack.shelf.touch(THREAD, 50.0)

    taken = await rack.shelf.take(seen, State.PAUSING, "ours", 51.0, 66.0)

    assert taken is None


WAY = (
    (Event.ACCEPTED, Facts()),
    (Event.THREAD_OPENED, Facts()),
    (Event.PROMPT_SENT, Facts(session=SessionId("ses_1"))),
    (Event.ANSWER_TAKEN, Facts(answer="yes")),
)


@pytest.mark.parametrize(("steps", "spared"), [(0, True), (2, True), (3, True), (4, False)])
async def test_a_machine_is_spared_while_a_turn_needs_it(rack: Rack, sqlite: Sqlite, steps: int, spared: bool) -> None:
    await rack.become_active()
    ledger, asked = SqliteLedger(sqlite), message(1, thread=THREAD)
    await ledger.admit(asked, 0.0)
    for step in WAY[:steps]:
        await ledger.claim("lease", 0.0, 15.0)
        await ledger.record(asked.id, "lease", *step)

    taken = await rack.take(State.PAUSING, spare=True)

    assert taken is not spared


async def test_a_machine_that_is_destroyed_keeps_its_session_and_forgets_its_password(rack: Rack) -> None:
    await rack.become_active()
    await rack.shelf.remember_session(THREAD, SessionId("ses_1"))

    await rack.take(State.DESTROYING)
    await rack.shelf.settle(THREAD, "ours", State.DESTROYED, rack.now)

    sandbox = await rack.seen()
    assert (sandbox.session, sandbox.password, sandbox.ref) == ("ses_1", None, None)


async def test_failures_to_resume_are_counted_until_one_succeeds(rack: Rack) -> None:
    await rack.become_active()
    for error, state in (("it was slow", None), ("no space left", State.ERROR)):
        await rack.take(State.RESUMING)
        await rack.fail(error, state)
    counted = await rack.seen()

    await rack.take(State.RESUMING)
    await rack.settle(State.ACTIVE)

    assert (counted.state, counted.resume_failures, counted.last_error) == (State.ERROR, 2, "no space left")
    assert (await rack.seen()).resume_failures == 0


async def test_work_that_failed_leaves_its_state_for_the_next_at_once(rack: Rack) -> None:
    await rack.take(State.CREATING)

    await rack.fail("it was slow")

    assert (await rack.seen()).state is State.CREATING
    assert await rack.take(State.CREATING, "theirs")


async def test_what_was_found_is_noted_only_about_the_machine_as_it_was_seen(rack: Rack) -> None:
    await rack.become_active()
    seen = await rack.seen()
    await rack.take(State.RESUMING)
    await rack.settle(State.ACTIVE)

    outdated = await rack.shelf.note(seen, State.PAUSED, 50.0)
    noted = await rack.shelf.note(await rack.seen(), State.PAUSED, 50.0)

    assert (outdated, noted) == (False, True)
    assert (await rack.seen()).state is State.PAUSED


async def test_a_store_has_a_name_of_its_own_for_ever(rack: Rack, sqlite: Sqlite) -> None:
    name = await rack.shelf.store()

    assert len(name) >= 8
    assert await SqliteShelf(sqlite).store() == name


async def test_coming_up_counts_as_use(rack: Rack) -> None:
    await rack.become_active()

    assert (await rack.seen()).active_at == rack.now


GUILD, CHANNEL = GuildId("100"), ChannelId("200")
LABELS = {"guild": GUILD, "channel": CHANNEL}


@pytest.fixture
async def labelled(rack: Rack) -> Rack:
    """One whose server and channel are known, and that stands."""
    await rack.shelf.shelve(THREAD, "opencord-4", LABELS, rack.now)
    await rack.become_active()
    return rack


@pytest.mark.parametrize("times", [(50.0, 90.0), (90.0, 50.0)])
async def test_of_two_dooms_the_earlier_counts(labelled: Rack, times: tuple[float, float]) -> None:
    for at in times:
        await labelled.shelf.doom(at, guild=GUILD)

    assert (await labelled.seen()).doomed_at == 50.0


async def test_a_reprieve_spares_what_is_not_due_yet_and_nothing_else(labelled: Rack) -> None:
    await labelled.shelf.doom(50.0, guild=GUILD)

    await labelled.shelf.reprieve(GuildId("101"), 10.0)
    elsewhere = (await labelled.seen()).doomed_at
    await labelled.shelf.reprieve(GUILD, 50.0)
    too_late = (await labelled.seen()).doomed_at
    await labelled.shelf.reprieve(GUILD, 49.0)

    assert (elsewhere, too_late, (await labelled.seen()).doomed_at) == (50.0, 50.0, None)


@pytest.mark.parametrize("place", [{"thread": THREAD}, {"channel": CHANNEL}])
async def test_a_machine_that_is_only_being_made_is_doomed_with_its_place(rack: Rack, place: dict[str, Any]) -> None:
    await rack.shelf.shelve(THREAD, "opencord-4", LABELS, rack.now)

    await rack.shelf.doom(50.0, **place)

    await rack.become_active()
    assert (await rack.seen()).doomed_at == 50.0


async def test_a_server_that_is_left_dooms_only_what_stands(rack: Rack) -> None:
    await rack.shelf.shelve(THREAD, "opencord-4", LABELS, rack.now)

    doomed = await rack.shelf.doom(50.0, guild=GUILD)

    await rack.become_active()
    assert (doomed, (await rack.seen()).doomed_at) == (0, None)


@pytest.mark.parametrize("place", [{"thread": ThreadId("1")}, {"channel": ChannelId("1")}, {"guild": GuildId("1")}])
async def test_what_is_gone_elsewhere_dooms_nothing_here(labelled: Rack, place: dict[str, Any]) -> None:
    assert await labelled.shelf.doom(50.0, **place) == 0
    assert (await labelled.seen()).doomed_at is None


async def test_a_machine_that_was_deleted_is_not_doomed_any_more(labelled: Rack) -> None:
    await labelled.shelf.doom(50.0, thread=THREAD)

    await labelled.take(State.DESTROYING)
    await labelled.settle(State.DESTROYED)

    assert (await labelled.seen()).doomed_at is None


PLOT = Origin("outbox/plot.png", "1:5")
FILM = Origin("outbox/film.mp4", "2:99999999")
SESSION = SessionId("ses_1")


async def answered(sqlite: Sqlite, thread: ThreadId = THREAD, number: int = 1) -> SqliteParcels:
    """A turn whose answer waits to be sent, with a file and a word about another, and is leased to "mine"."""
    ledger, asked = SqliteLedger(sqlite), message(number, thread=thread)
    parcel = Parcel(0, Content("look", (File("plot.png", b"12345", PLOT),)), f"n-{number}", named=(FILM,))
    await ledger.admit(asked, 0.0)
    for step in (*WAY[:3], (Event.ANSWER_TAKEN, Facts(answer="yes", parcels=(parcel,)))):
        await ledger.claim("mine", 0.0, 15.0)
        await ledger.record(asked.id, "mine", *step)
    return SqliteParcels(sqlite)


async def delete(rack: Rack) -> None:
    await rack.take(State.DESTROYING)
    await rack.settle(State.DESTROYED)


async def vanish(rack: Rack) -> None:
    await rack.shelf.note(await rack.seen(), State.DESTROYED, 50.0)


async def vanish_before_it_is_paused(rack: Rack) -> None:
    await rack.take(State.PAUSING)
    await rack.settle(State.DESTROYED)


async def be_replaced_while_it_wakes(rack: Rack) -> None:
    await rack.take(State.RESUMING)
    await rack.settle(State.ACTIVE)
    await rack.shelf.remember_session(THREAD, SessionId("ses_2"))


LOSSES = [delete, vanish, vanish_before_it_is_paused, be_replaced_while_it_wakes]


@pytest.fixture
async def working(rack: Rack) -> Rack:
    """One that has had a session."""
    await rack.become_active()
    await rack.shelf.remember_session(THREAD, SESSION)
    return rack


@pytest.mark.parametrize("lose", LOSSES)
async def test_what_was_handed_out_is_forgotten_with_the_machine_that_it_came_from(
    working: Rack, sqlite: Sqlite, lose: Callable[[Rack], Awaitable[None]]
) -> None:
    parcels, elsewhere = await answered(sqlite), ThreadId("400000000000000009")
    await parcels.mark_sent(message(1).id, "mine", 0, MessageId("901"))
    await answered(sqlite, elsewhere, 2)
    await parcels.mark_sent(message(2).id, "mine", 0, MessageId("902"))

    await lose(working)

    assert await parcels.handed_out(THREAD) == frozenset()
    assert await parcels.handed_out(elsewhere) == {PLOT, FILM}


@pytest.mark.parametrize("lose", LOSSES)
async def test_what_is_sent_after_its_machine_is_gone_says_nothing_about_the_next_one(
    working: Rack, sqlite: Sqlite, lose: Callable[[Rack], Awaitable[None]]
) -> None:
    parcels = await answered(sqlite)

    await lose(working)
    (parcel,) = await parcels.unsent(message(1).id)
    await parcels.mark_sent(message(1).id, "mine", 0, MessageId("901"))

    assert [file.content for file in parcel.content.files] == [b"12345"]
    assert await parcels.handed_out(THREAD) == frozenset()


async def test_a_machine_that_sleeps_and_wakes_has_handed_out_what_it_had(working: Rack, sqlite: Sqlite) -> None:
    parcels = await answered(sqlite)
    await parcels.mark_sent(message(1).id, "mine", 0, MessageId("901"))

    for passing, state in ((State.PAUSING, State.PAUSED), (State.RESUMING, State.ACTIVE)):
        await working.take(passing)
        await working.settle(state)
    await working.shelf.remember_session(THREAD, SESSION)

    assert await parcels.handed_out(THREAD) == {PLOT, FILM}
