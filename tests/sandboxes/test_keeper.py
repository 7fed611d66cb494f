"""The keeper, on a provider that can fail in every way and on a real database."""

import asyncio

import pytest

from app.ids import SessionId, ThreadId
from app.sandboxes.keeper import Keeper, name_of
from app.sandboxes.machine import State
from app.sandboxes.ports import Errand, Machine, Project, Sandbox
from app.sandboxes.provider import Condition
from app.sandboxes.waking import Patience
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

    async def seen(self) -> Sandbox:
        sandbox = await self.shelf.sandbox_of(THREAD)
        assert sandbox is not None
        return sandbox

    async def state(self) -> State:
        return (await self.seen()).state

    async def until_called(self, verb: str) -> None:
        while not self.provider.count(verb):  # noqa: ASYNC110 - the fake has no event for it
            await asyncio.sleep(0.005)

    async def take(self, state: State, until: float = 1_015.0) -> None:
        """As if somebody else, in another process, were at work on it."""
        assert await self.shelf.take(await self.seen(), state, "theirs", self.now, until)


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
    assert held.instance.name == name_of(THREAD)
    assert held.instance.labels == {**LABELS, "store": await yard.shelf.store()}


async def test_a_machine_begins_with_what_its_thread_works_on_by_then(yard: Yard) -> None:
    asked: list[ThreadId] = []
    works_on = Project("https://x.example/a", "next")

    async def project_of(thread: ThreadId) -> Project:
        asked.append(thread)
        return works_on

    yard.keeper = Keeper(yard.provider, yard.server, yard.shelf, lambda: yard.now, Patience(), project_of)
    await yard.ensure()
    works_on = Project("https://x.example/b")
    yard.provider.lose(name_of(THREAD))
    await yard.ensure()

    assert yard.server.projects == [Project("https://x.example/a", "next"), Project("https://x.example/b")]
    assert asked == [THREAD, THREAD]


async def test_it_tells_what_is_being_done_for_a_machine_as_long_as_that_lasts(yard: Yard) -> None:
    told = []
    for verb in ("create", "start"):
        gate = yard.provider.hold(verb)
        task = asyncio.ensure_future(yard.ensure())
        await yard.until_called(verb)
        told.append(yard.keeper.errand(THREAD))
        gate.set()
        await task
        told.append(yard.keeper.errand(THREAD))
        await yard.keeper.pause(THREAD)

    assert told == [Errand.CREATING, None, Errand.WAKING, None]


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
    with pytest.raises(Retriable):
        await yard.ensure()

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


async def test_a_server_whose_launch_was_not_heard_of_is_started_again_with_a_known_password(yard: Yard) -> None:
    yard.provider.fail("launch", after_effect=True)
    with pytest.raises(Retriable):
        await yard.ensure()

    machine = await yard.ensure()

    assert yard.server.boots[-1] == machine.password
    assert len(yard.provider.held) == 1


async def test_a_machine_on_which_nothing_can_run_is_told_and_the_next_attempt_may_succeed(yard: Yard) -> None:
    yard.server.refuse = "OpenCode is not installed there."
    with pytest.raises(Refused, match="not installed"):
        await yard.ensure()
    state = await yard.state()
    yard.server.refuse = None

    await yard.ensure()

    assert state is State.ERROR
    assert await yard.state() is State.ACTIVE


@pytest.mark.parametrize("work", [State.PAUSING, State.DESTROYING, State.RESUMING])
async def test_whoever_meets_a_machine_that_somebody_works_on_waits_until_that_is_done(yard: Yard, work: State) -> None:
    await yard.ensure()
    await yard.take(work)
    waiting = asyncio.create_task(yard.ensure())
    await asyncio.wait([waiting], timeout=0.3)
    waited = not waiting.done()

    rest = {State.PAUSING: State.PAUSED, State.DESTROYING: State.DESTROYED, State.RESUMING: State.ACTIVE}[work]
    await yard.shelf.settle(THREAD, "theirs", rest, yard.now)

    assert await waiting
    assert waited
    assert await yard.state() is State.ACTIVE


@pytest.mark.parametrize("work", [State.PAUSING, State.DESTROYING, State.RESUMING])
async def test_a_machine_whose_keeper_died_over_it_is_taken_over(yard: Yard, work: State) -> None:
    await yard.ensure()
    await yard.take(work, until=yard.now)

    assert await yard.ensure()

    assert await yard.state() is State.ACTIVE
    assert yard.provider.count("delete") == (1 if work is State.DESTROYING else 0)
    assert len(yard.provider.held) == 1


async def test_a_machine_that_is_changing_is_waited_for(yard: Yard) -> None:
    await yard.ensure()
    yard.provider.put(name_of(THREAD), Condition.CHANGING)

    await yard.ensure()

    assert (yard.provider.count("start"), yard.provider.count("create")) == (1, 1)


async def test_a_machine_that_does_not_come_up_is_told_about_if_it_goes_on(yard: Yard) -> None:
    yard.provider.fail("create", Retriable("it took too long"))

    with pytest.raises(Retriable) as told:
        await yard.ensure()

    assert told.value.tell is not None
    assert "did not come up" in told.value.tell
    assert (await yard.seen()).last_error is not None


async def test_a_machine_that_cannot_serve_does_not_go_on_running(yard: Yard) -> None:
    yard.server.refuse = "Another version of OpenCode."

    with pytest.raises(Refused):
        await yard.ensure()

    (held,) = yard.provider.held.values()
    assert held.instance.condition is Condition.STOPPED


async def test_somebody_else_who_takes_the_machine_over_wins(yard: Yard) -> None:
    gate = yard.provider.hold("create")
    bringing_up = asyncio.create_task(yard.ensure())
    await yard.until_called("create")
    yard.now += 60.0  # nobody renews in this time
    await yard.take(State.DESTROYING)

    gate.set()

    with pytest.raises(Retriable, match="taken away"):
        await bringing_up
    assert await yard.state() is State.DESTROYING


async def test_a_machine_is_made_once_for_all_who_ask_for_it_meanwhile(yard: Yard) -> None:
    gate = yard.provider.hold("create")
    yard.keeper.begin(THREAD, LABELS)
    await yard.until_called("create")
    both = asyncio.gather(yard.ensure(), yard.ensure())

    gate.set()

    one, other = await both
    assert one == other
    assert yard.provider.count("create") == 1
    assert len(yard.server.boots) == 1


async def test_a_keeper_that_is_closed_hands_its_work_back_at_once(yard: Yard) -> None:
    yard.provider.hold("create")
    yard.keeper.begin(THREAD, LABELS)
    await yard.until_called("create")

    await yard.keeper.close()

    sandbox = await yard.seen()
    assert (sandbox.state, sandbox.is_held(yard.now)) == (State.CREATING, False)


async def test_a_machine_that_was_up_a_moment_ago_is_believed_to_be_so_without_asking(yard: Yard) -> None:
    first = await yard.ensure()
    asked = len(yard.provider.calls)

    again = await yard.keeper.ensure(THREAD, LABELS, trusting=True)

    assert again == first
    assert len(yard.provider.calls) == asked


async def test_a_machine_that_was_paused_meanwhile_is_not_believed_in(yard: Yard) -> None:
    await yard.ensure()
    await yard.keeper.pause(THREAD)

    await yard.keeper.ensure(THREAD, LABELS, trusting=True)

    assert await yard.state() is State.ACTIVE
    assert yard.provider.count("start") == 1


async def test_a_paused_machine_is_stopped_and_keeps_what_it_has(yard: Yard) -> None:
    await yard.ensure()

    paused = await yard.keeper.pause(THREAD)
    again = await yard.keeper.pause(THREAD)

    (held,) = yard.provider.held.values()
    assert (paused, again) == (True, False)
    assert held.instance.condition is Condition.STOPPED
    assert await yard.state() is State.PAUSED


async def test_a_pause_that_fails_half_way_is_finished_by_the_next_who_needs_the_machine(yard: Yard) -> None:
    await yard.ensure()
    yard.provider.fail("stop", after_effect=True)
    with pytest.raises(Retriable):
        await yard.keeper.pause(THREAD)
    left = await yard.seen()

    await yard.ensure()

    assert (left.state, left.is_held(yard.now)) == (State.PAUSING, False)
    assert await yard.state() is State.ACTIVE


async def test_a_destroyed_machine_is_gone_and_the_next_is_a_new_one_that_knows_its_predecessors_session(
    yard: Yard,
) -> None:
    await yard.ensure()
    await yard.keeper.remember_session(THREAD, SessionId("ses_1"))

    gone = await yard.keeper.destroy(THREAD)
    nothing = await yard.keeper.destroy(THREAD)
    left = len(yard.provider.held)
    machine = await yard.ensure()

    assert (gone, nothing, left) == (True, False, 0)
    assert machine.session == "ses_1"
    assert yard.provider.count("create") == 2


async def test_where_machines_are_to_be_new_a_stopped_one_is_replaced_and_a_running_one_is_kept(yard: Yard) -> None:
    yard.keeper = Keeper(yard.provider, yard.server, yard.shelf, lambda: yard.now, Patience(), recreate=True)
    await yard.ensure()
    await yard.ensure()
    kept = yard.provider.count("create")
    await yard.keeper.pause(THREAD)

    await yard.ensure()

    assert (kept, yard.provider.count("create")) == (1, 2)
    assert (yard.provider.count("start"), len(yard.provider.held)) == (0, 1)


@pytest.mark.parametrize("recreate", [False, True])
async def test_for_a_look_back_a_stopped_machine_is_woken_and_not_replaced(yard: Yard, recreate: bool) -> None:
    yard.keeper = Keeper(yard.provider, yard.server, yard.shelf, lambda: yard.now, Patience(), recreate=recreate)
    await yard.ensure()
    await yard.keeper.remember_session(THREAD, SessionId("ses_1"))
    before = set(yard.provider.held)
    await yard.keeper.pause(THREAD)

    machine, again = await yard.keeper.rouse(THREAD), await yard.keeper.rouse(THREAD)

    assert machine is not None
    assert machine == again
    assert machine.session == "ses_1"
    assert set(yard.provider.held) == before
    assert (yard.provider.count("create"), await yard.state()) == (1, State.ACTIVE)


async def test_whatever_wakes_a_machine_its_workspace_is_that_of_its_thread(yard: Yard) -> None:
    async def project_of(thread: ThreadId) -> Project:
        return Project("https://x/shop", f"for-{thread}")

    yard.keeper = Keeper(yard.provider, yard.server, yard.shelf, lambda: yard.now, Patience(), project_of)
    await yard.ensure()
    await yard.keeper.pause(THREAD)
    await yard.keeper.rouse(THREAD)

    assert yard.server.projects == [Project("https://x/shop", f"for-{THREAD}")] * 2


@pytest.mark.parametrize("is_stopped", [False, True])
async def test_for_a_look_back_a_machine_that_vanished_is_not_made_anew(yard: Yard, is_stopped: bool) -> None:
    await yard.ensure()
    if is_stopped:
        await yard.keeper.pause(THREAD)
    yard.provider.lose(name_of(THREAD))

    machine = await yard.keeper.rouse(THREAD)

    assert machine is None
    assert (yard.provider.count("create"), await yard.state()) == (1, State.DESTROYED)


async def test_a_machine_that_vanishes_while_it_is_woken_for_a_look_back_is_not_made_anew(yard: Yard) -> None:
    await yard.ensure()
    await yard.keeper.pause(THREAD)
    gate = yard.provider.hold("start")
    rousing = asyncio.create_task(yard.keeper.rouse(THREAD))
    await yard.until_called("start")
    yard.provider.lose(name_of(THREAD))
    gate.set()

    with pytest.raises(Retriable):
        await rousing

    assert await yard.keeper.rouse(THREAD) is None
    assert yard.provider.count("create") == 1


async def test_a_broken_machine_is_left_to_the_next_question(yard: Yard) -> None:
    await yard.ensure()
    yard.provider.put(name_of(THREAD), Condition.BROKEN)

    machine = await yard.keeper.rouse(THREAD)

    assert machine is None
    assert (yard.provider.count("create"), yard.provider.count("delete")) == (1, 0)


async def test_without_a_machine_there_is_nothing_to_look_back_at(yard: Yard) -> None:
    never = await yard.keeper.rouse(THREAD)
    await yard.ensure()
    await yard.keeper.destroy(THREAD)

    assert (never, await yard.keeper.rouse(THREAD)) == (None, None)
    assert yard.provider.count("create") == 1


async def test_a_question_that_comes_while_a_machine_is_woken_for_a_look_back_gets_the_same(yard: Yard) -> None:
    await yard.ensure()
    await yard.keeper.pause(THREAD)
    gate = yard.provider.hold("start")
    rousing = asyncio.create_task(yard.keeper.rouse(THREAD))
    await yard.until_called("start")
    asking = asyncio.create_task(yard.ensure())
    gate.set()

    assert await rousing == await asking
    assert len(yard.server.boots) == 2


async def test_a_machine_that_is_thrown_away_is_not_woken_for_a_look_back(yard: Yard) -> None:
    await yard.ensure()
    await yard.keeper.pause(THREAD)
    yard.provider.hold("start")
    rousing = asyncio.create_task(yard.keeper.rouse(THREAD))
    await yard.until_called("start")

    await yard.keeper.destroy(THREAD)

    with pytest.raises(Retriable):
        await rousing
    assert await yard.state() is State.DESTROYED


async def test_unsaved_work_is_asked_of_a_machine_that_is_awake_alone(yard: Yard) -> None:
    nobody = await yard.keeper.unsaved(THREAD)
    await yard.ensure()
    clean = await yard.keeper.unsaved(THREAD)
    yard.server.unsaved = True
    dirty = await yard.keeper.unsaved(THREAD)
    yard.provider.fail("exec")
    silent = await yard.keeper.unsaved(THREAD)
    await yard.keeper.pause(THREAD)

    assert (nobody, clean, dirty, silent) == (None, False, True, None)
    assert await yard.keeper.unsaved(THREAD) is None


async def test_what_keeps_a_machine_awake_is_passed_on_and_never_fails_for_the_provider(
    yard: Yard,
) -> None:
    await yard.ensure()
    yard.now += 50.0
    yard.provider.fail("touch")

    await yard.keeper.keep_awake(THREAD)

    assert (await yard.seen()).active_at == yard.now
    assert yard.provider.count("touch") == 1


async def test_only_a_machine_that_answers_is_awake(yard: Yard) -> None:
    nobody = await yard.keeper.awake(THREAD)
    await yard.ensure()
    awake = await yard.keeper.awake(THREAD)
    yard.server.mute = True
    mute = await yard.keeper.awake(THREAD)

    assert (nobody, mute) == (None, None)
    assert awake is not None
    assert len(yard.server.boots) == 1


async def test_a_machine_that_another_process_restarted_is_not_taken_for_the_one_that_is_known(yard: Yard) -> None:
    first = await yard.ensure()
    await yard.take(State.RESUMING)
    await yard.shelf.settle(THREAD, "theirs", State.ACTIVE, yard.now)
    other = Keeper(yard.provider, yard.server, yard.shelf, lambda: yard.now, Patience())
    yard.provider.put(name_of(THREAD), Condition.STOPPED)
    second = await other.ensure(THREAD, LABELS)

    third = await yard.keeper.ensure(THREAD, LABELS, trusting=True)

    assert first.password != second.password == third.password


async def test_whoever_destroys_a_machine_ends_what_was_waking_it_here(yard: Yard) -> None:
    yard.provider.hold("create")
    waiting = asyncio.create_task(yard.ensure())
    await yard.until_called("create")
    done: list[State] = []

    async def first() -> None:
        done.append(await yard.state())

    destroyed = await yard.keeper.destroy(THREAD, first)

    with pytest.raises(Retriable):
        await waiting
    assert destroyed
    assert done == [State.DESTROYING]
    assert await yard.state() is State.DESTROYED
    assert yard.provider.held == {}


async def test_a_closed_keeper_wakes_nothing(yard: Yard) -> None:
    await yard.keeper.close()

    with pytest.raises(Retriable):
        await yard.ensure()

    assert yard.provider.count("create") == 0
