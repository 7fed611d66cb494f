"""Leases, positions and heartbeats of the relay, on a real database file."""

import pytest

from app.relay import Beat, Position, Shard
from app.store.relay import SqliteShards
from app.store.sqlite import Sqlite

pytestmark = pytest.mark.anyio
ONE = Shard(0, 1)


@pytest.fixture
def shards(sqlite: Sqlite) -> SqliteShards:
    return SqliteShards(sqlite)


def at(session: str, seq: int) -> Position:
    return Position(session, f"wss://{session}", seq)


def beat(holder: str | None, number: int, problem: str | None = None) -> Beat:
    return Beat(holder, number, problem, None)


async def test_a_lease_is_one_holders_until_it_runs_out(shards: SqliteShards) -> None:
    first = await shards.hold(ONE, "a", 0.0, 45.0)
    held = await shards.hold(ONE, "b", 44.0, 89.0)
    again = await shards.hold(ONE, "a", 44.0, 89.0)
    over = await shards.hold(ONE, "b", 89.0, 134.0)

    assert (first, held, again, over) == (True, False, True, True)


async def test_a_beat_keeps_the_lease_and_another_ones_is_refused(shards: SqliteShards) -> None:
    await shards.hold(ONE, "a", 0.0, 45.0)

    kept = await shards.beat(ONE, beat("a", 1), 40.0, 85.0)

    assert kept
    assert not await shards.hold(ONE, "b", 84.0, 129.0)
    assert not await shards.beat(ONE, beat("b", 1), 84.0, 129.0)
    assert await shards.hold(ONE, "b", 85.0, 130.0)
    assert not await shards.beat(ONE, beat("a", 2), 86.0, 131.0)


async def test_a_beat_that_comes_again_neither_keeps_a_lease_nor_tells_of_life(shards: SqliteShards) -> None:
    await shards.hold(ONE, "a", 0.0, 45.0)
    await shards.beat(ONE, beat("a", 2), 10.0, 55.0)

    answered = [await shards.beat(ONE, beat("a", number), 50.0, 95.0) for number in (2, 1)]

    (pulse,) = await shards.pulses()
    assert (answered, pulse.alive_at) == ([True, True], 10.0)
    assert await shards.hold(ONE, "b", 55.0, 100.0)


async def test_a_new_holder_counts_its_beats_from_the_beginning(shards: SqliteShards) -> None:
    await shards.hold(ONE, "a", 0.0, 45.0)
    await shards.beat(ONE, beat("a", 900, "the token is refused"), 1.0, 46.0)
    await shards.hold(ONE, "b", 46.0, 91.0)

    await shards.beat(ONE, beat("b", 1), 50.0, 95.0)

    (pulse,) = await shards.pulses()
    assert (pulse.alive_at, pulse.problem) == (50.0, None)


async def test_who_asks_for_a_lease_again_goes_on_counting(shards: SqliteShards) -> None:
    await shards.hold(ONE, "a", 0.0, 45.0)
    await shards.beat(ONE, beat("a", 5), 1.0, 46.0)
    await shards.hold(ONE, "a", 10.0, 55.0)

    await shards.beat(ONE, beat("a", 5), 50.0, 95.0)  # comes again

    (pulse,) = await shards.pulses()
    assert pulse.alive_at == 1.0


async def test_within_a_session_the_position_only_grows(shards: SqliteShards) -> None:
    for seq in (1, 7, 3):
        await shards.move(ONE, at("s1", seq), float(seq))

    assert await shards.position(ONE) == at("s1", 7)
    assert await shards.position(Shard(0, 2)) is None


async def test_a_new_session_replaces_the_old_one_and_what_comes_again_does_not_bring_it_back(
    shards: SqliteShards,
) -> None:
    await shards.move(ONE, at("s1", 90), 1.0)
    await shards.move(ONE, at("s2", 1), 2.0)

    await shards.move(ONE, at("s1", 90), 3.0)
    await shards.move(ONE, at("s1", 91), 3.0)

    assert await shards.position(ONE) == at("s2", 1)


async def test_who_goes_gives_the_lease_back_and_what_comes_again_does_not_take_it(shards: SqliteShards) -> None:
    await shards.hold(ONE, "a", 0.0, 45.0)
    last = Beat("a", 2, None, None, is_last=True)
    await shards.beat(ONE, beat("a", 1), 1.0, 46.0)
    await shards.beat(ONE, last, 2.0, 47.0)

    await shards.beat(ONE, last, 3.0, 48.0)
    await shards.beat(ONE, beat("a", 1), 3.0, 48.0)

    assert await shards.hold(ONE, "b", 4.0, 49.0)


async def test_a_beat_with_a_problem_keeps_the_lease_and_is_no_sign_of_health(shards: SqliteShards) -> None:
    await shards.beat(ONE, beat("a", 1), 1.0, 46.0)

    await shards.beat(ONE, beat("a", 2, "the token is refused"), 40.0, 85.0)

    (pulse,) = await shards.pulses()
    assert (pulse.alive_at, pulse.problem) == (1.0, "the token is refused")
    assert not await shards.hold(ONE, "b", 84.0, 129.0)


async def test_only_sessions_that_were_left_are_forgotten(shards: SqliteShards) -> None:
    await shards.move(ONE, at("s1", 90), 1.0)
    await shards.move(ONE, at("s2", 1), 2.0)

    assert await shards.prune(100.0) == 1
    assert await shards.position(ONE) == at("s2", 1)


async def test_each_shard_keeps_its_last_session_however_old(shards: SqliteShards) -> None:
    for number in range(2):
        await shards.move(Shard(number, 2), at(f"s{number}", 7), 1.0)

    assert await shards.prune(100.0) == 0
    assert await shards.position(Shard(0, 2)) == at("s0", 7)
    assert await shards.position(Shard(1, 2)) == at("s1", 7)


async def test_what_was_left_lately_is_kept(shards: SqliteShards) -> None:
    await shards.move(ONE, at("s1", 90), 100.0)
    await shards.move(ONE, at("s2", 1), 101.0)

    assert await shards.prune(100.0) == 0


async def test_shards_of_an_older_count_have_no_pulse(shards: SqliteShards) -> None:
    await shards.beat(ONE, beat("a", 1), 1.0, 46.0)
    await shards.beat(Shard(1, 2), beat("a", 1), 2.0, 47.0)

    assert [pulse.shard for pulse in await shards.pulses()] == [Shard(1, 2)]
