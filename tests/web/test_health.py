"""`/readyz` and `/healthz`, as far as they tell whether messages reach us."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.inbox.pulse import Gateway, Poll
from app.relay import Beat, Shard
from app.store.sqlite import Sqlite
from app.turns.errors import Retriable
from tests.web.door import NOW, Door

pytestmark = pytest.mark.anyio
ONE = Shard(0, 1)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    sqlite = Sqlite(tmp_path / "test.sqlite")
    await sqlite.open()
    door = Door(sqlite)
    door.ear = Gateway(door.desk.shards, lambda: door.now)
    yield door
    await sqlite.close()


async def told(door: Door, path: str = "/readyz") -> tuple[int, Any]:
    async with door.client() as client:
        answer = await client.get(path)
    return answer.status_code, answer.json()


async def beat(door: Door, problem: str | None = None, notice: str | None = None) -> None:
    await door.desk.shards.beat(ONE, Beat(None, 1, problem, notice), door.now, door.now + 45)


async def test_without_a_listener_the_app_is_not_ready_and_lives(door: Door) -> None:
    status, said = await told(door)
    healthy, health = await told(door, "/healthz")

    assert (status, said["ready"], healthy) == (503, False, 200)
    assert "no word from the Gateway's listener" in said["why"]
    assert (health["status"], health["discord"]) == ("ok", "disconnected")


async def test_with_a_listener_that_is_well_the_app_is_ready(door: Door) -> None:
    await beat(door)

    assert await told(door) == (200, {"ready": True})
    assert (await told(door, "/healthz"))[1]["discord"] == "connected"


async def test_what_the_listener_lacks_is_the_reason(door: Door) -> None:
    await beat(door, problem="Discord refuses the token")

    status, said = await told(door)

    assert (status, said["why"]) == (503, "Discord refuses the token")


async def test_what_is_lost_although_the_listener_is_well_is_told_by_the_way(door: Door) -> None:
    await beat(door, notice="messages without a mention cannot be read")

    assert await told(door) == (200, {"ready": True, "notice": "messages without a mention cannot be read"})


async def test_by_polling_the_app_is_ready_once_it_has_read(door: Door) -> None:
    door.ear = Poll(door.places, lambda: door.now, 30.0)
    before, _ = await told(door)
    await door.places.note_caught_up(NOW)
    read, _ = await told(door)
    door.now += 61

    assert (before, read, (await told(door))[0]) == (503, 200, 503)


async def test_a_store_that_is_locked_makes_nobody_believe_that_all_is_well(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await beat(door)

    async def locked(*_: object) -> None:
        raise Retriable("the database does not answer")

    monkeypatch.setattr(type(door.desk.shards), "pulses", locked)

    assert await told(door) == (503, {"ready": False, "why": "the database does not answer"})
