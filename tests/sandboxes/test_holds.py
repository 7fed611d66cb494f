"""A hold is kept while the work lasts, and whoever loses it stops at once."""

import asyncio
import threading
import time

import pytest

from app.ids import ThreadId
from app.sandboxes.holds import Holds
from app.sandboxes.machine import State
from app.sandboxes.ports import LONGEST_HOLD, Sandbox
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Refused, Retriable

pytestmark = pytest.mark.anyio
THREAD = ThreadId("400000000000000000")


class Post:
    def __init__(self, sqlite: Sqlite) -> None:
        self.shelf = SqliteShelf(sqlite)
        self.now = 1_000.0
        self.holds = Holds(self.shelf, lambda: self.now, hold=0.3, renewal=0.05)

    async def seen(self) -> Sandbox:
        return await self.shelf.shelve(THREAD, "opencord-4", {}, self.now)

    async def take(self, state: State = State.CREATING) -> Sandbox:
        held = await self.holds.take(await self.seen(), state, password="secret")
        assert held is not None
        return held


@pytest.fixture
def post(sqlite: Sqlite) -> Post:
    return Post(sqlite)


async def test_work_that_takes_longer_than_a_hold_keeps_it(post: Post) -> None:
    held = await post.take()

    async with post.holds.at_work(held):
        for _ in range(10):
            await asyncio.sleep(0.06)
            post.now += 0.06
        is_held = (await post.seen()).is_held(post.now)
        await post.holds.settle(held, State.ACTIVE, "ref")

    assert is_held


async def test_whoever_loses_a_hold_is_stopped_before_more_is_done(post: Post) -> None:
    held, went_on = await post.take(), False
    with pytest.raises(Retriable, match="taken away"):  # noqa: PT012 - the work is what is looked at
        async with post.holds.at_work(held):
            post.now += 60.0  # nobody renewed in this time, and somebody else came
            assert await post.shelf.take(await post.seen(), State.DESTROYING, "theirs", post.now, post.now + 15)
            await asyncio.sleep(2.0)
            went_on = True

    assert not went_on
    assert (await post.seen()).holder == "theirs"


async def test_whoever_cannot_renew_stops_before_somebody_else_may_begin(post: Post, sqlite: Sqlite) -> None:
    held, loop = await post.take(), asyncio.get_running_loop()
    began = loop.time()
    locked = asyncio.create_task(sqlite.write(lambda _: time.sleep(0.6)))

    with pytest.raises(Retriable, match="taken away"):
        async with post.holds.at_work(held):
            await asyncio.sleep(2.0)

    stopped_after = loop.time() - began
    await locked
    assert stopped_after < 1.0


async def test_work_that_is_refused_leaves_a_machine_in_error_and_says_why(post: Post) -> None:
    held = await post.take()

    with pytest.raises(Refused):
        async with post.holds.at_work(held):
            raise Refused("No room.")

    left = await post.seen()
    assert (left.state, left.last_error, left.holder) == (State.ERROR, "No room.", None)


async def test_a_pause_that_is_refused_is_left_to_the_next(post: Post) -> None:
    held = await post.take()
    await post.holds.settle(held, State.ACTIVE, "ref")
    held = await post.take(State.PAUSING)

    with pytest.raises(Refused):
        async with post.holds.at_work(held):
            raise Refused("Not now.")

    assert (await post.seen()).state is State.PAUSING


async def test_what_a_failure_says_to_the_log_is_not_shown_to_people(post: Post) -> None:
    held = await post.take()

    with pytest.raises(Retriable):
        async with post.holds.at_work(held):
            raise Retriable("/secret/path does not answer")

    left = await post.seen()
    assert left.last_error is not None
    assert "secret" not in left.last_error


async def test_whoever_is_cancelled_while_taking_leaves_no_hold(post: Post, sqlite: Sqlite) -> None:
    seen, gate = await post.seen(), threading.Event()
    busy = asyncio.create_task(sqlite.read(lambda _: gate.wait(5)))
    taking = asyncio.create_task(post.holds.take(seen, State.CREATING, password="secret"))
    await asyncio.sleep(0)

    taking.cancel()
    gate.set()
    await asyncio.wait([taking, busy])

    assert taking.cancelled()
    assert not (await post.seen()).is_held(post.now)


async def test_a_hold_from_before_the_clock_was_set_back_holds_nobody_up(post: Post) -> None:
    await post.take()
    post.now -= 3_600.0

    at_rest = await asyncio.wait_for(post.holds.at_rest(THREAD), 1.0)

    assert at_rest is not None
    assert at_rest.held_until is not None
    assert at_rest.held_until > post.now + LONGEST_HOLD
    assert await post.holds.take(at_rest, State.CREATING) is not None


async def test_a_renewal_that_fails_once_disturbs_nobody(post: Post) -> None:
    held, renew, failures = await post.take(), post.shelf.renew, iter([True])

    async def stumbling(thread: ThreadId, token: str, until: float) -> bool:
        if next(failures, False):
            raise Retriable("the database is busy")
        return await renew(thread, token, until)

    post.shelf.renew = stumbling  # type: ignore[method-assign]
    async with post.holds.at_work(held):
        await asyncio.sleep(0.6)
        await post.holds.settle(held, State.ACTIVE, "ref")

    assert (await post.seen()).state is State.ACTIVE
