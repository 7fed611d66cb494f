"""`POST /discord/interactions`, over HTTP and on a real database."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.commands import reset
from app.discord.identity import Application, Identity
from app.discord.limits import STRING_OPTION
from app.ids import ChannelId, ThreadId
from app.store.sqlite import Sqlite
from app.turns.catalogue import Kind
from app.turns.errors import Retriable
from app.turns.records import Attachment
from app.turns.routing import Policy, Refusal
from app.web.body import LARGEST
from app.words.asking import EMPTY_PROMPT
from app.words.door import BUSY, DEFECT, NOT_HERE, NOT_NOW, UNKNOWN_BUTTON, UNKNOWN_COMMAND, UNKNOWN_OPTION
from tests.commands.choosing import typing
from tests.web.door import NOW, Door, pressed, spoken, used

pytestmark = pytest.mark.anyio


@pytest.fixture
def door(sqlite: Sqlite) -> Door:
    return Door(sqlite)


async def test_discord_s_ping_is_answered(door: Door) -> None:
    assert await door.send({"type": 1, "id": "1", "token": "t", "application_id": "1"}) == {"type": 1}


async def test_a_question_is_written_down_before_it_is_acknowledged(door: Door) -> None:
    reply = await door.send(used("ask", prompt="list the files"))

    (turn,) = await door.ledger.live_turns()
    assert reply == {"type": 5}
    assert (turn.id, turn.prompt, turn.asker.name, turn.place.channel) == ("500", "list the files", "alice", "200")
    assert door.nudges == 1


async def test_a_question_in_a_thread_belongs_to_the_thread(door: Door) -> None:
    await door.send(used("ask", {"id": "210", "type": 11, "parent_id": "200"}, prompt="and now?"))

    (turn,) = await door.ledger.live_turns()
    assert (turn.place.channel, turn.thread) == ("200", "210")


async def test_a_prompt_as_long_as_discord_allows_is_taken_whole(door: Door) -> None:
    await door.send(used("ask", prompt="x" * STRING_OPTION))

    assert len((await door.ledger.live_turns())[0].prompt) == STRING_OPTION


async def test_a_question_may_come_with_a_file(door: Door) -> None:
    asked = used("ask", prompt="look")
    asked["data"]["options"][0]["options"].append({"type": 11, "name": "file", "value": "9"})
    file = {"id": "9", "filename": "a.png", "size": 12, "url": "https://cdn.discordapp.com/a.png", "ephemeral": True}
    asked["data"]["resolved"] = {"attachments": {"9": file}}

    reply = await door.send(asked)

    (turn,) = await door.ledger.live_turns()
    assert reply == {"type": 5}
    assert turn.attachments == (Attachment("9", "a.png", 12, "https://cdn.discordapp.com/a.png"),)


@pytest.mark.parametrize("signature", ["", "00" * 64, "not hex", "00", "é"])
async def test_a_request_that_discord_did_not_sign_is_refused_and_leaves_no_trace(door: Door, signature: str) -> None:
    body = json.dumps(used("ask", prompt="let me in")).encode()
    timestamp = "1700000000"

    async with door.client() as client:
        headers = [(b"x-signature-ed25519", signature.encode()), (b"x-signature-timestamp", timestamp.encode())]
        wrong = await client.post("/discord/interactions", content=body, headers=headers)
        missing = await client.post("/discord/interactions", content=body)

    assert (wrong.status_code, missing.status_code) == (401, 401)
    assert not await door.ledger.live_turns()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"type": 99}', b'{"type": 2}', b"[" * 50_000, b"\xff"])
async def test_what_is_signed_but_no_interaction_is_refused_and_leaves_no_trace(door: Door, body: bytes) -> None:
    response = await door.post(body)

    assert response.status_code == 400
    assert not await door.ledger.live_turns()


async def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    response = await door.post(b" " * (LARGEST + 1))

    assert response.status_code == 413


async def test_before_the_public_key_is_known_nothing_can_be_verified(door: Door) -> None:
    door.identity = Identity(door.ask_discord, lambda: NOW)

    response = await door.post(b"{}")

    assert response.status_code == 503


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (used("ask", prompt="  "), EMPTY_PROMPT),
        (used("ask", prompt="\u200b\u2060"), EMPTY_PROMPT),
        (used("ask", {"id": "2", "type": 13}, prompt="hi"), NOT_HERE),
        (used("dance"), UNKNOWN_COMMAND),
        (used("ask", prompt="hi", colour="red"), UNKNOWN_OPTION),
        ({**used("ask"), "data": {"id": "9", "type": 1, "name": "other"}}, UNKNOWN_COMMAND),
        ({**used("ask"), "type": 3, "data": {"component_type": 2, "custom_id": "old"}}, UNKNOWN_BUTTON),
        ({**used("ask"), "type": 5, "data": {"custom_id": "old", "components": []}}, UNKNOWN_BUTTON),
    ],
)
async def test_what_cannot_be_done_is_said_to_the_asker_alone(door: Door, payload: dict[str, Any], words: str) -> None:
    reply = await door.send(payload)

    assert spoken(reply) == (words, True)
    assert not await door.ledger.live_turns()


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        (Policy(channels=frozenset({ChannelId("201")})), Refusal.CHANNEL),
        (Policy(category=ChannelId("41")), Refusal.CHANNEL),
        (Policy(required_role="91"), Refusal.ROLE),
    ],
)
async def test_whoever_may_not_ask_is_told_why(door: Door, policy: Policy, refusal: Refusal) -> None:
    door.policy = policy

    reply = await door.send(used("ask", prompt="hi"))

    assert spoken(reply) == (refusal.value, True)
    assert not await door.ledger.live_turns()


async def test_a_thread_has_the_category_that_its_channel_had_before(door: Door) -> None:
    door.policy = Policy(category=ChannelId("40"))
    await door.send(used("ask", prompt="in the channel"))

    await door.send({**used("ask", {"id": "210", "type": 11, "parent_id": "200"}, prompt="in the thread"), "id": "501"})

    assert [turn.place.category for turn in await door.ledger.live_turns()] == ["40", "40"]


async def test_status_tells_what_is_at_work_and_what_waits(door: Door) -> None:
    thread = {"id": "210", "type": 11, "parent_id": "200"}
    nothing = await door.send(used("status", thread))
    for number in ("501", "502"):
        await door.send({**used("ask", thread, prompt="hi"), "id": number})

    reply = await door.send(used("status", thread))
    overall = await door.send(used("status"))

    assert "Nothing has been asked" in spoken(nothing)[0]
    assert spoken(reply)[1]
    assert "1 more waits" in spoken(reply)[0]
    assert "Model: opencode/claude" in spoken(overall)[0]


async def test_health_tells_that_the_process_lives_and_readiness_whether_discord_does(door: Door) -> None:
    async def broken() -> Application:
        from app.discord.errors import Unauthorized

        raise Unauthorized("401")

    async with door.client() as client:
        ready = await client.get("/readyz")
        healthy = await client.get("/healthz")
    door.identity = Identity(broken, lambda: NOW)
    async with door.client() as client:
        unready = await client.get("/readyz")
        still_healthy = await client.get("/healthz")

    assert (ready.status_code, unready.status_code) == (200, 503)
    assert "Discord" in unready.json()["why"]
    assert (healthy.json()["discord"], still_healthy.json()["discord"]) == ("connected", "disconnected")
    assert healthy.json()["uptime_seconds"] == 5


async def test_a_store_that_is_locked_is_told_in_time_and_health_does_not_wait_for_it(
    door: Door, tmp_path: Path
) -> None:
    rival = sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")

    async with asyncio.timeout(3), asyncio.TaskGroup() as group, door.client() as client:
        asked = group.create_task(door.send(used("ask", prompt="hi")))
        healthy = await client.get("/healthz")
    rival.rollback()

    assert spoken(asked.result()) == (BUSY, True)
    assert healthy.status_code == 200
    assert not await door.ledger.live_turns()


async def test_a_body_that_does_not_come_is_not_waited_for(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.body.PATIENCE_SECONDS", 0.05)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with door.client() as client:
        response = await client.post("/discord/interactions", content=slowly())

    assert response.status_code == 408


async def test_a_channel_that_left_the_category_is_refused_though_it_was_in_it_before(door: Door) -> None:
    door.policy = Policy(category=ChannelId("40"))
    await door.send(used("ask", prompt="in the category"))

    moved = await door.send({**used("ask", {"id": "200", "type": 0, "parent_id": None}, prompt="hi"), "id": "501"})

    assert spoken(moved) == (Refusal.CHANNEL.value, True)


async def test_who_may_not_ask_may_not_look_either_and_nobody_looks_into_other_servers(door: Door) -> None:
    await door.send({**used("ask", prompt="secret"), "guild_id": "999"})

    elsewhere = await door.send(used("status"))
    door.policy = Policy(required_role="91")
    refused = await door.send(used("status"))

    assert "0 questions" in spoken(elsewhere)[0]
    assert spoken(refused) == (Refusal.ROLE.value, True)


async def test_half_a_surrogate_pair_is_no_reason_to_fail(door: Door) -> None:
    reply = await door.send(used("ask", prompt="half \ud83d"))

    assert reply == {"type": 5}
    assert (await door.ledger.live_turns())[0].prompt == "half ?"


async def test_a_fault_of_our_own_is_answered_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(channel: ChannelId) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(door.places, "known_category", fail)

    reply = await door.send(used("status", {"id": "210", "type": 11, "parent_id": "200"}))

    assert spoken(reply) == (DEFECT, True)


@pytest.mark.parametrize("failure", [Retriable("the store is busy"), ZeroDivisionError()])
async def test_whoever_is_typing_while_something_fails_is_offered_nothing_and_told_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    async def fail(kind: Kind) -> None:
        raise failure

    monkeypatch.setattr(door.catalogue, "entries", fail)

    reply = await door.send(typing(used("ask", model="op"), "model"))

    assert reply == {"type": 8, "data": {"choices": []}}


@pytest.mark.parametrize("custom_id", ["stop:501", "allow:501:per_1:once", "continue:501"])
async def test_a_press_that_the_store_cannot_take_is_answered_in_time(
    door: Door, tmp_path: Path, custom_id: str
) -> None:
    thread = {"id": "210", "type": 11, "parent_id": "200"}
    await door.send({**used("ask", thread, prompt="hi"), "id": "501"})
    rival = sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)
    rival.execute("BEGIN EXCLUSIVE")

    async with asyncio.timeout(3):
        reply = await door.send(pressed(custom_id, thread))
    rival.rollback()

    assert spoken(reply)[1]


async def test_a_press_on_a_store_that_is_locked_is_answered_and_throws_nothing_away(
    door: Door, tmp_path: Path
) -> None:
    await door.machines.make("210")
    sandbox = await door.shelf.sandbox_of(ThreadId("210"))
    assert sandbox is not None
    rival = sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")

    reply = await door.send(
        pressed(f"reset:do:210:{reset.mark_of(sandbox)}", {"id": "210", "type": 11, "parent_id": "200"})
    )
    rival.rollback()

    assert reply["type"] == 7
    assert door.fake_replies.texts == [NOT_NOW]
    assert door.log == ["answered", "edit"]
