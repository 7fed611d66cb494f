"""The Gateway: handshake, heartbeats, resuming, closing, intents."""

import json

import httpx
import pytest

from scripts.playground.discord import Application, May, Overwrite, Person, Rules, Simulator
from tests.playground.shim import CONTENT, GUILDS, MESSAGES, shim
from tests.playground.world import Json

pytestmark = pytest.mark.anyio


async def test_the_way_to_the_gateway_is_told_with_what_is_left_of_the_day(
    discord: Simulator, bot: httpx.AsyncClient
) -> None:
    async with shim(discord) as client:
        await client.identify(discord)

    body = (await bot.get("/gateway/bot")).json()

    assert body["url"] == f"ws://127.0.0.1:{discord.port}/gateway"
    assert body["session_start_limit"]["remaining"] == 999


async def test_a_session_begins_with_ready_and_the_guild(discord: Simulator) -> None:
    async with shim(discord) as client:
        ready = await client.identify(discord)
        guild = await client.until("GUILD_CREATE")

    assert ready["d"]["resume_gateway_url"].startswith("ws://")
    assert ready["d"]["guilds"] == [{"id": discord.guild, "unavailable": True}]
    assert (ready["s"], guild["s"]) == (1, 2)
    assert [channel["name"] for channel in guild["d"]["channels"]] == ["general"]


async def test_a_message_of_a_person_arrives_with_member_guild_and_channel_type(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as client:
        await client.identify(discord)
        sent = await ada.write(general, "hello")
        heard = (await client.until("MESSAGE_CREATE"))["d"]

    assert (heard["id"], heard["content"], heard["guild_id"]) == (sent["id"], "hello", discord.guild)
    assert heard["channel_type"] == 0
    assert "user" not in heard["member"]


async def test_a_heartbeat_is_acknowledged(discord: Simulator) -> None:
    async with shim(discord) as client:
        await client.say(1, None)

        assert (await client.next())["op"] == 11


async def test_a_client_without_heartbeats_is_closed_with_4009() -> None:
    async with Simulator(rules=Rules(heartbeat_ms=50)) as discord, shim(discord) as client:
        await client.identify(discord)

        assert await client.closed_with() == 4009


async def test_a_resumed_session_gets_what_it_missed_in_order_and_then_resumed(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as client:
        ready = await client.identify(discord)
        seq = (await client.until("GUILD_CREATE"))["s"]
        await client.socket.close(4000)
    for text in ("one", "two"):
        await ada.write(general, text)

    async with shim(discord, ready["d"]["resume_gateway_url"]) as client:
        await client.resume(discord, ready["d"]["session_id"], seq)
        frames = [await client.next() for _ in range(3)]

    assert [frame["t"] for frame in frames] == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
    assert [frame["d"].get("content") for frame in frames[:2]] == ["one", "two"]
    assert [frame["s"] for frame in frames] == [seq + 1, seq + 2, seq + 3]
    assert discord.world.identifies == 1


async def test_who_resumes_a_session_takes_it_from_whoever_holds_it(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as first, shim(discord) as second:
        ready = await first.identify(discord)
        seq = (await first.until("GUILD_CREATE"))["s"]
        await second.resume(discord, ready["d"]["session_id"], seq)
        await second.until("RESUMED")
        await ada.write(general, "to whom?")

        assert await first.closed_with() == 4000
        assert (await second.next())["d"]["content"] == "to whom?"


async def test_the_bots_own_message_arrives_with_its_nonce(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    async with shim(discord) as client:
        await client.identify(discord)
        await bot.post(f"/channels/{general}/messages", json={"content": "x", "nonce": "n", "allowed_mentions": {}})

        assert (await client.until("MESSAGE_CREATE"))["d"]["nonce"] == "n"


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_clean_close_ends_the_session(discord: Simulator, code: int) -> None:
    async with shim(discord) as client:
        ready = await client.identify(discord)
        await client.socket.close(code)

    async with shim(discord) as client:
        await client.resume(discord, ready["d"]["session_id"], 1)

        assert await client.next() == {"op": 9, "d": False}


async def test_a_session_is_forgotten_after_minutes(discord: Simulator) -> None:
    async with shim(discord) as client:
        ready = await client.identify(discord)
        await client.socket.close(4000)
    await discord.wait_for(lambda: not discord.gateway.connections)
    discord.clock.advance(10 * 60)

    async with shim(discord) as client:
        await client.resume(discord, ready["d"]["session_id"], 1)

        assert await client.next() == {"op": 9, "d": False}


async def test_a_sequence_number_from_the_future_is_closed_with_4007(discord: Simulator) -> None:
    async with shim(discord) as client:
        ready = await client.identify(discord)
        await client.socket.close(4000)

    async with shim(discord) as client:
        await client.resume(discord, ready["d"]["session_id"], 99)

        assert await client.closed_with() == 4007


IDENTIFY = {"token": "wrong", "intents": 1, "properties": {}}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 4002),
        ('{"d": 1}', 4002),
        (json.dumps({"op": 1, "d": "x" * 4096}), 4002),
        (json.dumps({"op": 2, "d": IDENTIFY}), 4004),
        (json.dumps({"op": 6, "d": IDENTIFY}), 4004),
        (json.dumps({"op": 3, "d": {}}), 4003),
    ],
)
async def test_what_is_malformed_or_unknown_is_closed_with_its_code(discord: Simulator, frame: str, code: int) -> None:
    async with shim(discord) as client:
        await client.socket.send(frame)

        assert await client.closed_with() == code


@pytest.mark.parametrize(
    ("more", "code"),
    [({"intents": 1 << 40}, 4013), ({"intents": 1 << 8}, 4014), ({"intents": 1 << 1}, 4014), ({"shard": [1, 1]}, 4010)],
)
async def test_an_identify_that_asks_too_much_is_closed_with_its_code(
    discord: Simulator, more: Json, code: int
) -> None:
    async with shim(discord) as client:
        await client.say(2, {"token": discord.token, "intents": 1, "properties": {}} | more)

        assert await client.closed_with() == code


async def test_identifying_twice_is_closed_with_4005_and_an_unknown_opcode_with_4001(discord: Simulator) -> None:
    async with shim(discord) as twice, shim(discord) as unknown:
        await twice.identify(discord)
        await unknown.identify(discord)
        await twice.say(2, IDENTIFY)
        await unknown.say(42, None)

        assert (await twice.closed_with(), await unknown.closed_with()) == (4005, 4001)


async def test_another_version_is_closed_with_4012(discord: Simulator) -> None:
    async with shim(discord, query="v=6&encoding=json") as client:
        assert await client.closed_with() == 4012


async def test_without_the_content_intent_words_are_blank_unless_they_mention_the_bot(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as client:
        await client.identify(discord, GUILDS | MESSAGES)
        await ada.write(general, "among ourselves")
        await ada.write(general, f"<@{discord.application_id}> for you")
        heard = [(await client.until("MESSAGE_CREATE"))["d"]["content"] for _ in range(2)]

    assert heard == ["", f"<@{discord.application_id}> for you"]


async def test_the_content_intent_needs_its_switch() -> None:
    async with Simulator(application=Application(message_content=False)) as discord, shim(discord) as client:
        await client.say(2, {"token": discord.token, "intents": CONTENT, "properties": {}})

        assert await client.closed_with() == 4014


async def test_hidden_channels_and_other_intents_are_not_heard(discord: Simulator, ada: Person, general: str) -> None:
    overwrite = Overwrite(discord.application_id, 1, deny=May.VIEW_CHANNEL)
    hidden = discord.add_channel("hidden", overwrites=[overwrite]).id
    async with shim(discord) as client:
        await client.identify(discord)
        await client.until("GUILD_CREATE")
        await ada.type(general)
        await ada.write(hidden, "secret")
        await ada.write(general, "open")

        assert (await client.next())["d"]["content"] == "open"


async def test_opcodes_7_and_9_are_sent_when_told_to(discord: Simulator) -> None:
    async with shim(discord) as client:
        await client.identify(discord)
        await client.until("GUILD_CREATE")
        discord.gateway.reconnect()
        discord.gateway.invalidate(resumable=True)

        assert [(await client.next())["op"] for _ in range(2)] == [7, 9]


async def test_events_can_be_doubled_reordered_and_late(discord: Simulator, ada: Person, general: str) -> None:
    async with shim(discord) as client:
        await client.identify(discord)
        discord.faults.duplicate_gateway = 1
        await ada.write(general, "twice")
        doubled = [await client.until("MESSAGE_CREATE") for _ in range(2)]
        discord.faults.reorder_gateway, discord.faults.delay_gateway = 2, 0.01
        for text in ("one", "two"):
            await ada.write(general, text)
        swapped = [await client.until("MESSAGE_CREATE") for _ in range(2)]

    assert [frame["d"]["content"] for frame in doubled] == ["twice", "twice"]
    assert [frame["d"]["content"] for frame in swapped] == ["two", "one"]
    assert [frame["s"] for frame in [*doubled, *swapped]] == [3, 4, 5, 6]
