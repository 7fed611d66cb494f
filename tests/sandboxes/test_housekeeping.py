"""The rounds, on a provider that can fail and on a real database."""

import asyncio

import pytest

from app.ids import ThreadId
from app.sandboxes.housekeeping import Housekeeping
from app.sandboxes.keeper import Keeper, name_of
from app.sandboxes.machine import State
from app.sandboxes.provider import Condition
from app.sandboxes.waking import Patience
from app.store.ledger import SqliteLedger
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Retriable
from tests.fakes.provider import FakeProvider
from tests.fakes.server import FakeServer
from tests.samples import message

pytestmark = pytest.mark.anyio
ONE, TWO = ThreadId("400000000000000001"), ThreadId("400000000000000002")
IDLE, EXPIRED = 600.0, 3_600.0


class House:
    def __init__(self, sqlite: Sqlite) -> None:
        self.provider = FakeProvider()
        self.server = FakeServer()
        self.shelf = SqliteShelf(sqlite)
        self.ledger = SqliteLedger(sqlite)
        self.now = 1_000.0
        self.keeper = Keeper(self.provider, self.server, self.shelf, lambda: self.now, Patience())
        self.rounds = Housekeeping(
            self.keeper,
            self.provider,
            self.shelf,
            lambda: self.now,
            idle_seconds=IDLE,
            paused_seconds=EXPIRED,
        )

    async def raise_machines(self, *threads: ThreadId) -> None:
        for thread in threads:
            await self.keeper.ensure(thread, {"app": "opencord", "thread": thread})

    async def ask(self, thread: ThreadId) -> None:
        await self.ledger.admit(message(1, thread=thread), self.now)

    async def state(self, thread: ThreadId = ONE) -> State:
        sandbox = await self.shelf.sandbox_of(thread)
        assert sandbox is not None
        return sandbox.state

    async def abandon(self, state: State, thread: ThreadId = ONE) -> None:
        """Somebody began this, and died over it."""
        seen = await self.shelf.shelve(thread, name_of(thread), {}, self.now)
        assert await self.shelf.take(seen, state, "theirs", self.now, self.now)

    def conditions(self) -> dict[str, Condition]:
        return {held.instance.name: held.instance.condition for held in self.provider.held.values()}


@pytest.fixture
def house(sqlite: Sqlite) -> House:
    return House(sqlite)


async def test_a_machine_that_nobody_uses_is_stopped_and_one_in_use_goes_on(house: House) -> None:
    await house.raise_machines(ONE, TWO)
    house.now += IDLE
    await house.keeper.touch(TWO)

    counts = await house.rounds.pause_idle()

    assert counts == {"paused": 1}
    assert (await house.state(ONE), await house.state(TWO)) == (State.PAUSED, State.ACTIVE)
    assert house.conditions() == {name_of(ONE): Condition.STOPPED, name_of(TWO): Condition.RUNNING}


async def test_a_machine_that_a_turn_needs_is_never_stopped_however_long_it_takes(house: House) -> None:
    await house.raise_machines(ONE)
    await house.ask(ONE)
    house.now += 10 * IDLE

    counts = await house.rounds.pause_idle()

    assert counts == {}
    assert house.conditions() == {name_of(ONE): Condition.RUNNING}


async def test_a_machine_that_nobody_came_back_to_is_deleted(house: House) -> None:
    await house.raise_machines(ONE, TWO)
    await house.keeper.pause(ONE)
    house.now += EXPIRED - 1
    await house.keeper.pause(TWO)
    too_early = await house.rounds.destroy_expired()
    house.now += 1

    counts = await house.rounds.destroy_expired()

    assert (too_early, counts) == ({}, {"destroyed": 1})
    assert (await house.state(ONE), await house.state(TWO)) == (State.DESTROYED, State.PAUSED)
    assert list(house.conditions()) == [name_of(TWO)]


async def test_a_stopped_machine_whose_thread_has_a_question_again_is_not_deleted(house: House) -> None:
    await house.raise_machines(ONE)
    await house.keeper.pause(ONE)
    house.now += EXPIRED
    await house.ask(ONE)

    counts = await house.rounds.destroy_expired()

    assert counts == {}
    assert list(house.conditions()) == [name_of(ONE)]


@pytest.mark.parametrize("asleep", [False, True])
async def test_a_doomed_machine_has_until_its_time_and_not_longer(house: House, asleep: bool) -> None:
    await house.raise_machines(ONE, TWO)
    if asleep:
        await house.keeper.pause(ONE)
    await house.shelf.doom(house.now + 60, thread=ONE)
    house.now += 59
    spared = await house.rounds.destroy_expired()
    house.now += 1

    counts = await house.rounds.destroy_expired()

    assert (spared, counts) == ({}, {"destroyed": 1})
    assert (await house.state(ONE), await house.state(TWO)) == (State.DESTROYED, State.ACTIVE)
    assert list(house.conditions()) == [name_of(TWO)]


async def test_a_doomed_machine_is_deleted_though_a_turn_needs_it(house: House) -> None:
    await house.raise_machines(ONE)
    await house.ask(ONE)
    await house.shelf.doom(house.now, thread=ONE)

    counts = await house.rounds.destroy_expired()

    assert counts == {"destroyed": 1}
    assert house.conditions() == {}


async def test_machines_of_ours_that_no_thread_knows_are_deleted_and_others_are_not(house: House) -> None:
    await house.raise_machines(ONE)
    house.provider.put("opencord-9", Condition.RUNNING, {"app": "opencord", "thread": "9"})
    house.provider.put("opencord-8", Condition.STOPPED, {"app": "opencord", "store": await house.shelf.store()})
    house.provider.put("opencord-7", Condition.RUNNING, {"app": "opencord", "store": "another"})
    house.provider.put("somebody-else", Condition.RUNNING, {"app": "another"})

    counts = await house.rounds.reconcile()

    assert counts == {"strays": 2}
    assert set(house.conditions()) == {name_of(ONE), "opencord-7", "somebody-else"}


async def test_what_is_left_of_a_thread_without_a_machine_is_deleted_too(house: House) -> None:
    await house.raise_machines(ONE)
    await house.keeper.destroy(ONE)
    house.provider.put(name_of(ONE), Condition.RUNNING, {"app": "opencord"})

    counts = await house.rounds.reconcile()

    assert counts == {"strays": 1}
    assert house.conditions() == {}


@pytest.mark.parametrize(
    ("fate", "state", "count"),
    [(Condition.STOPPED, State.PAUSED, {"found_paused": 1}), (None, State.DESTROYED, {"vanished": 1})],
)
async def test_what_became_of_a_machine_by_itself_is_written_down(
    house: House, fate: Condition | None, state: State, count: dict[str, int]
) -> None:
    await house.raise_machines(ONE, TWO)
    if fate is None:
        house.provider.lose(name_of(ONE))
    else:
        house.provider.put(name_of(ONE), fate)

    counts = await house.rounds.reconcile()

    assert counts == count
    assert (await house.state(ONE), await house.state(TWO)) == (state, State.ACTIVE)


async def test_a_machine_that_somebody_else_started_is_stopped_again(house: House) -> None:
    await house.raise_machines(ONE)
    await house.keeper.pause(ONE)
    house.provider.put(name_of(ONE), Condition.RUNNING)

    await house.rounds.reconcile()

    assert house.conditions() == {name_of(ONE): Condition.STOPPED}
    assert await house.state() is State.PAUSED


async def test_a_list_that_lags_behind_harms_nobody(house: House) -> None:
    await house.raise_machines(ONE)
    house.provider.forget_in_list(name_of(ONE))

    counts = await house.rounds.reconcile()

    assert counts == {}
    assert await house.state() is State.ACTIVE


@pytest.mark.parametrize(
    ("state", "left"),
    [
        (State.RESUMING, State.PAUSED),
        (State.PAUSING, State.PAUSED),
        (State.DESTROYING, State.DESTROYED),
    ],
)
async def test_what_somebody_died_over_is_finished(house: House, state: State, left: State) -> None:
    await house.raise_machines(ONE)
    await house.abandon(state)

    counts = await house.rounds.reconcile()

    assert counts == {"taken_over": 1}
    assert await house.state() is left
    assert Condition.RUNNING not in house.conditions().values()


async def test_a_machine_that_was_half_made_when_its_maker_died_is_deleted(house: House) -> None:
    house.provider.put(name_of(ONE), Condition.RUNNING, {"app": "opencord"})
    await house.abandon(State.CREATING)

    await house.rounds.reconcile()

    assert await house.state() is State.DESTROYED
    assert house.conditions() == {}


async def test_what_a_turn_waits_for_is_left_to_the_turn(house: House) -> None:
    await house.raise_machines(ONE)
    await house.abandon(State.RESUMING)
    await house.ask(ONE)

    counts = await house.rounds.reconcile()

    assert counts == {}
    assert house.conditions() == {name_of(ONE): Condition.RUNNING}


async def test_what_somebody_is_at_work_on_is_left_to_them(house: House) -> None:
    await house.raise_machines(ONE)
    seen = await house.shelf.sandbox_of(ONE)
    assert seen is not None
    await house.shelf.take(seen, State.RESUMING, "theirs", house.now, house.now + 15)

    counts = await house.rounds.reconcile()

    assert counts == {}
    assert await house.state() is State.RESUMING


async def test_a_machine_that_fails_does_not_keep_the_others_from_their_turn(house: House) -> None:
    await house.raise_machines(ONE, TWO)
    house.now += IDLE
    house.provider.fail("stop", Retriable("not now"))

    counts = await house.rounds.pause_idle()
    again = await house.rounds.reconcile()

    assert counts == {"paused": 1, "failed": 1}
    assert again == {"taken_over": 1}
    assert (await house.state(ONE), await house.state(TWO)) == (State.PAUSED, State.PAUSED)


async def test_a_round_without_a_provider_changes_nothing_and_says_so(house: House) -> None:
    await house.raise_machines(ONE)
    house.provider.fail("list", Retriable("Daytona is down"))

    counts = await house.rounds.reconcile()

    assert counts == {"failed": 1}
    assert await house.state() is State.ACTIVE


async def test_two_rounds_at_once_do_no_harm(house: House) -> None:
    await house.raise_machines(ONE, TWO)
    house.now += IDLE

    one, other = await asyncio.gather(house.rounds.pause_idle(), house.rounds.pause_idle())

    assert one.get("paused", 0) + other.get("paused", 0) == 2
    assert house.provider.count("stop") == 2


async def test_a_machine_that_could_not_be_mended_is_deleted_in_the_end(house: House) -> None:
    await house.raise_machines(ONE)
    house.provider.put(name_of(ONE), Condition.BROKEN)
    await house.keeper.pause(ONE)
    in_error = await house.state()
    house.now += EXPIRED

    counts = await house.rounds.destroy_expired()

    assert in_error is State.ERROR
    assert counts == {"destroyed": 1}
    assert house.conditions() == {}


async def test_a_defect_over_one_machine_does_not_end_the_round(house: House) -> None:
    await house.raise_machines(ONE, TWO)
    house.now += IDLE
    house.provider.fail("stop", KeyError("nobody foresaw this"))

    counts = await house.rounds.pause_idle()

    assert counts == {"paused": 1, "failed": 1}
