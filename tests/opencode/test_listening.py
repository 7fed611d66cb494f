import asyncio

import pytest

from app.opencode.listening import Bell

pytestmark = pytest.mark.anyio


async def waited(bell: Bell, pace: float, seconds: float) -> float:
    begun = asyncio.get_running_loop().time()
    await bell.wait(pace, seconds)
    return asyncio.get_running_loop().time() - begun


async def test_a_ring_is_heard_at_once_and_also_afterwards() -> None:
    bell = Bell()
    bell.ring()

    assert await waited(bell, 5.0, 10.0) < 1.0


async def test_what_stirs_is_heard_after_the_pace_and_before_the_end() -> None:
    bell = Bell()
    bell.stir()

    assert 0.1 <= await waited(bell, 0.1, 10.0) < 5.0


async def test_without_a_sound_the_wait_ends_in_time_and_what_was_heard_is_forgotten() -> None:
    bell = Bell()
    bell.ring()
    bell.stir()
    await bell.wait(0.0, 1.0)

    assert 0.15 <= await waited(bell, 0.05, 0.15) < 5.0
