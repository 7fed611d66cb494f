"""The keeper, on a provider that can fail in every way and on a real database."""

import asyncio

import pytest

from app.ids import SessionId, ThreadId
from app.sandboxes.keeper import Keeper, Patience, name_of
from app.sandboxes.machine import State
from app.sandboxes.ports import Condition, Machine
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Refused, Retriable
from tests.fakes.provider import FakeProvider
from tests.fakes.server import FakeServer

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")
LABELS = {"app": "opencord", "thread": THREAD}


class Yard:
    def __init__(self, sqlite: Sqlite) -> None:
        self.provider = FakeProvider()
        self.server = FakeServer()
        self.shelf = SqliteShelf(sqlite)
        self.now = 1_000.0
        self.keeper = Keeper(self.provider, self.server, self.shelf, lambda: self.now, Patience())

    async def ensure(self) -> Machine:
        return await self.keeper.ensure(THREAD, LABELS)

    async def state(self) -> State:
        sandbox = await self.shelf.sandbox_of(THREAD)
        assert sandbox is not None
        return sandbox.state


@pytest.fixture
def yard(sqlite: Sqlite) -> Yard:
    return Yard(sqlite)


async def test_a_thread_gets_a_machine_with_its_labels_and_keeps_it(yard: Yard) -> None:
    first = await yard.ensure()
    await yard.keeper.remember_session(THREAD, SessionId("ses_1"))

    again = await yard.ensure()

    assert yard.provider.count("create") == 1
    assert yard.server.boots == [first.password] == [again.password]
    assert (first.session, again.session) == (None, "ses_1")
    (held,) = yard.provider.held.values()
    assert (held.instance.name, held.instance.labels) == (name_of(THREAD), LABELS)


async def test_a_machine_that_was_stopped_is_started_with_a_new_password(yard: Yard) -> None:
    first = await yard.ensure()
    yard.provider.put(name_of(THREAD), Condition.STOPPED)

    again = await yard.ensure()

    assert yard.provider.count("create") == 1
    assert yard.provider.count("start") == 1
    assert again.password != first.password


async def test_a_server_that_does_not_answer_is_started_again_in_its_machine(yard: Yard) -> None:
    await yard.ensure()
    yard.server.mute = True

    await yard.ensure()

    assert len(yard.server.boots) == 2
    assert yard.provider.count("create") == 1


async def test_a_machine_that_is_gone_or_broken_is_replaced(yard: Yard) -> None:
    await yard.ensure()
    yard.provider.lose(name_of(THREAD))
    await yard.ensure()
    yard.provider.put(name_of(THREAD), Condition.BROKEN)

    await yard.ensure()

    assert yard.provider.count("create") == 3
    assert len(yard.provider.held) == 1
    assert await yard.state() is State.ACTIVE


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_creation_that_failed_half_way_is_taken_up_and_makes_no_second_machine(
    yard: Yard, after_effect: bool
) -> None:
    yard.provider.fail("create", after_effect=after_effect)
    with pytest.raises(Retriable):
        await yard.ensure()

    await yard.ensure()

    assert len(yard.provider.held) == 1
    assert await yard.state() is State.ACTIVE


async def test_a_launch_whose_answer_was_lost_is_taken_up_with_the_same_password(yard: Yard) -> None:
    yard.provider.fail("launch", after_effect=True)
    with pytest.raises(Retriable):
        await yard.ensure()

    machine = await yard.ensure()

    assert set(yard.server.boots) == {machine.password}


async def test_a_machine_on_which_nothing_can_run_is_told_and_the_next_attempt_may_succeed(yard: Yard) -> None:
    yard.server.refuse = "OpenCode is not installed there."
    with pytest.raises(Refused, match="not installed"):
        await yard.ensure()
    state = await yard.state()
    yard.server.refuse = None

    await yard.ensure()

    assert state is State.ERROR
    assert await yard.state() is State.ACTIVE


async def test_whoever_meets_a_machine_that_is_being_destroyed_waits(yard: Yard) -> None:
    await yard.ensure()
    await yard.shelf.move(THREAD, State.ACTIVE, State.DESTROYING, yard.now)

    with pytest.raises(Retriable) as told:
        await yard.ensure()

    assert told.value.after is not None
    assert yard.provider.count("create") == 1


async def test_instances_of_ours_that_no_thread_knows_are_swept_away_and_others_are_not(yard: Yard) -> None:
    await yard.ensure()
    yard.provider.put("opencord-stray", Condition.RUNNING, {"app": "opencord"})
    yard.provider.put("somebody-else", Condition.RUNNING, {"app": "another"})

    await yard.keeper.sweep()

    assert [held.instance.name for held in yard.provider.held.values()] == [name_of(THREAD), "somebody-else"]


async def test_a_sweep_that_fails_harms_nobody(yard: Yard) -> None:
    yard.provider.fail("list")

    await yard.keeper.sweep()

    assert await yard.ensure()


async def test_a_machine_that_is_changing_is_looked_at_again(yard: Yard) -> None:
    await yard.ensure()
    yard.provider.put(name_of(THREAD), Condition.CHANGING)

    with pytest.raises(Retriable) as told:
        await yard.ensure()

    assert told.value.after is not None
    assert yard.provider.count("start") == 0


async def test_a_machine_that_does_not_come_up_in_time_is_told_if_it_goes_on(yard: Yard) -> None:
    yard.keeper = Keeper(yard.provider, yard.server, yard.shelf, lambda: yard.now, Patience(creation=0.05))
    yard.provider.hold("create")

    with pytest.raises(Retriable) as told:
        await yard.ensure()

    assert told.value.tell is not None
    assert "did not come up" in told.value.tell


async def test_a_machine_that_cannot_serve_does_not_go_on_running(yard: Yard) -> None:
    yard.server.refuse = "Another version of OpenCode."

    with pytest.raises(Refused):
        await yard.ensure()

    (held,) = yard.provider.held.values()
    assert held.instance.condition is Condition.STOPPED


async def test_somebody_else_who_moves_the_machine_first_wins(yard: Yard) -> None:
    gate = yard.provider.hold("create")
    bringing_up = asyncio.create_task(yard.ensure())
    while yard.provider.count("create") == 0:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0.005)
    await yard.shelf.move(THREAD, State.CREATING, State.DESTROYED, yard.now)

    gate.set()

    with pytest.raises(Retriable, match="taken away"):
        await bringing_up
    assert await yard.state() is State.DESTROYED


async def test_what_became_of_the_machines_is_written_down_at_the_start(yard: Yard) -> None:
    for thread, fate in (("1", Condition.RUNNING), ("2", Condition.STOPPED), ("3", None)):
        await yard.keeper.ensure(ThreadId(thread), LABELS)
        if fate is None:
            yard.provider.lose(name_of(ThreadId(thread)))
        elif fate is Condition.STOPPED:
            yard.provider.put(name_of(ThreadId(thread)), fate)

    await yard.keeper.take_stock()

    assert [sandbox.state for sandbox in await yard.shelf.sandboxes()] == [State.ACTIVE, State.PAUSED, State.DESTROYED]


async def test_only_a_machine_that_answers_is_awake(yard: Yard) -> None:
    nobody = await yard.keeper.awake(THREAD)
    await yard.ensure()
    awake = await yard.keeper.awake(THREAD)
    yard.server.mute = True
    mute = await yard.keeper.awake(THREAD)

    assert (nobody, mute) == (None, None)
    assert awake is not None
    assert len(yard.server.boots) == 1


async def test_a_store_that_knows_nothing_deletes_nothing(yard: Yard) -> None:
    yard.provider.put("opencord-1", Condition.RUNNING, {"app": "opencord"})

    await yard.keeper.sweep()

    assert len(yard.provider.held) == 1
