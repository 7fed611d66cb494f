"""`POST /discord/events`: what Discord tells of the application itself."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.sqlite import Sqlite
from app.turns.errors import Retriable
from tests.web.door import Door

pytestmark = pytest.mark.anyio
MOMENT = "2026-11-22T10:00:00.000000+00:00"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    sqlite = Sqlite(tmp_path / "test.sqlite")
    await sqlite.open()
    yield Door(sqlite)
    await sqlite.close()


async def send(door: Door, said: object) -> httpx.Response:
    return await door.post(json.dumps(said).encode(), path="/discord/events")


def told(kind: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    event = {"type": kind, "timestamp": MOMENT, **({"data": body} if body is not None else {})}
    return {"version": 1, "application_id": "1", "type": 1, "event": event}


AUTHORISED = told("APPLICATION_AUTHORIZED", {"integration_type": 0, "user": {"id": "7"}, "guild": {"id": "100"}})


async def test_a_ping_is_answered_with_204_and_a_content_type(door: Door) -> None:
    answer = await send(door, {"version": 1, "application_id": "1", "type": 0})

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-type"] == "application/json"


async def test_a_ping_is_nothing_but_a_ping(door: Door) -> None:
    answer = await send(door, {**AUTHORISED, "type": 0})

    assert (answer.status_code, door.desk.done) == (204, [])
    assert await door.places.unwelcomed() == {}


async def test_a_bad_signature_is_refused(door: Door) -> None:
    answer = await door.post(json.dumps(AUTHORISED).encode(), "00" * 64, path="/discord/events")

    assert answer.status_code == 401
    assert await door.places.unwelcomed() == {}


async def test_a_server_that_we_are_brought_into_waits_for_its_welcome_once(door: Door) -> None:
    answers = [(await send(door, AUTHORISED)).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert await door.places.unwelcomed() == {"100": MOMENT}
    assert door.desk.done == ["welcomed", "welcomed"]


@pytest.mark.parametrize(
    "body", [{"integration_type": 1, "user": {"id": "7"}}, {"integration_type": 0}, {"guild": {"id": "100"}}, None]
)
async def test_somebody_who_takes_us_along_on_their_own_account_is_not_greeted(
    door: Door, body: Mapping[str, Any] | None
) -> None:
    assert (await send(door, told("APPLICATION_AUTHORIZED", body))).status_code == 204
    assert door.desk.done == []


async def test_who_takes_a_permission_back_makes_us_look_where_we_still_are(door: Door) -> None:
    answer = await send(door, told("APPLICATION_DEAUTHORIZED", {"user": {"id": "7"}}))

    assert (answer.status_code, door.desk.done) == (204, ["took stock"])


@pytest.mark.parametrize("kind", ["ENTITLEMENT_CREATE", "LOBBY_MESSAGE_CREATE", "of next year"])
async def test_what_does_not_concern_us_is_answered_all_the_same(door: Door, kind: str) -> None:
    assert (await send(door, told(kind, {"id": "1"}))).status_code == 204
    assert door.desk.done == []


@pytest.mark.parametrize(
    "said",
    [[], {"type": 2}, {"type": 1, "event": []}, told("APPLICATION_AUTHORIZED", {"integration_type": 0, "guild": {}})],
)
async def test_what_makes_no_sense_is_refused(door: Door, said: object) -> None:
    assert (await send(door, said)).status_code == 400


async def test_while_the_store_is_locked_discord_must_come_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def locked(*_: object) -> None:
        raise Retriable("the database does not answer")

    monkeypatch.setattr(type(door.places), "note_authorised", locked)

    assert (await send(door, AUTHORISED)).status_code == 503
