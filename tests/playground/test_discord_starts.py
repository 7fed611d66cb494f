"""How sessions begin, fail to begin, and end: shards, budgets, and a Gateway that misbehaves."""

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from scripts.playground.discord import Person, Rules, Simulator
from tests.playground.shim import shim
from tests.playground.world import client

pytestmark = pytest.mark.anyio


# https://docs.discord.com/developers/events/gateway#sharding


async def test_a_shard_hears_the_guild_only_if_it_is_its_own(discord: Simulator, ada: Person, general: str) -> None:
    own = (int(discord.guild) >> 22) % 3
    async with shim(discord) as mine, shim(discord) as other:
        heard = await mine.identify(discord, shard=[own, 3])
        ready = await other.identify(discord, shard=[(own + 1) % 3, 3])
        await mine.until("GUILD_CREATE")
        await ada.write(general, "to whom?")
        arrived = await mine.until("MESSAGE_CREATE")
        await other.say(1, None)

        assert (heard["d"]["shard"], len(heard["d"]["guilds"])) == ([own, 3], 1)
        assert ready["d"]["guilds"] == []
        assert arrived["d"]["content"] == "to whom?"
        assert (await other.next())["op"] == 11  # nothing came before it


async def test_how_many_shards_are_wanted_and_how_fast_is_told() -> None:
    async with Simulator(rules=Rules(shards=4, max_concurrency=2)) as discord, client(discord) as bot:
        body = (await bot.get("/gateway/bot")).json()

    limit = body["session_start_limit"]
    assert (body["shards"], limit["max_concurrency"]) == (4, 2)
    assert (limit["total"], limit["remaining"]) == (1000, 1000)


# https://docs.discord.com/developers/events/gateway#session-start-limit-object


async def test_every_identify_of_the_day_counts_and_a_resume_does_not(
    discord: Simulator, bot: httpx.AsyncClient
) -> None:
    async with shim(discord) as first, shim(discord) as second:
        ready = await first.identify(discord)
        await second.resume(discord, ready["d"]["session_id"], 1)
        await second.until("RESUMED")
        today = (await bot.get("/gateway/bot")).json()["session_start_limit"]
        discord.clock.advance(86_401)
        tomorrow = (await bot.get("/gateway/bot")).json()["session_start_limit"]

    assert (today["remaining"], tomorrow["remaining"]) == (999, 1000)
    assert 86_300_000 < today["reset_after"] <= 86_400_000


async def test_one_identify_too_many_costs_all_sessions_and_the_token() -> None:
    async with Simulator(rules=Rules(sessions_per_day=1)) as discord, shim(discord) as first, shim(discord) as second:
        token = discord.token
        await first.identify(discord)
        await second.say(2, {"token": token, "intents": 1, "properties": {}})

        assert (await first.closed_with(), await second.closed_with()) == (4004, 4004)
        assert discord.token != token
        assert discord.gateway.sessions == {}
        assert discord.violations == ["Gateway: IDENTIFY spent"]


async def test_two_identifies_of_a_bucket_need_five_seconds_between_them() -> None:
    rules = Rules(shards=4, max_concurrency=2, identify_seconds=5)
    async with Simulator(rules=rules) as discord, shim(discord) as one, shim(discord) as two, shim(discord) as three:
        await one.identify(discord, shard=[0, 4])
        await two.identify(discord, shard=[1, 4])
        identify = {"token": discord.token, "intents": 1, "properties": {}, "shard": [2, 4]}
        await three.say(2, identify)
        refused = await three.next()
        discord.clock.advance(5)
        await three.say(2, identify)

        assert refused == {"op": 9, "d": False}
        assert (await three.until("READY"))["d"]["shard"] == [2, 4]
        assert discord.violations == ["Gateway: IDENTIFY too soon"]


@pytest.mark.parametrize("shard", [[0], [2, 2], [-1, 2], ["0", "1"], [0.5, 1], "0/1"])
async def test_a_shard_that_is_none_is_closed_with_4010(discord: Simulator, shard: object) -> None:
    async with shim(discord) as one:
        await one.say(2, {"token": discord.token, "intents": 1, "properties": {}, "shard": shard})

        assert await one.closed_with() == 4010


# what can go wrong


async def test_a_resume_may_never_be_answered_and_the_next_one_is(discord: Simulator) -> None:
    async with shim(discord) as first:
        ready = await first.identify(discord)
        seq = (await first.until("GUILD_CREATE"))["s"]
        discord.faults.lose_resumes = 1
        async with shim(discord, ready["d"]["resume_gateway_url"]) as unheard:
            await unheard.resume(discord, ready["d"]["session_id"], seq)
            await unheard.say(1, None)
            silence = await unheard.next()
        async with shim(discord, ready["d"]["resume_gateway_url"]) as heard:
            await heard.resume(discord, ready["d"]["session_id"], seq)
            answer = await heard.next()

    assert silence["op"] == 11
    assert answer["t"] == "RESUMED"


async def test_a_connection_may_never_be_greeted(discord: Simulator) -> None:
    discord.faults.lose_hellos = 1
    async with shim(discord, greeted=False) as one, shim(discord):
        await one.say(1, None)

        assert (await one.next())["op"] == 11


async def test_heartbeats_may_go_unacknowledged(discord: Simulator, ada: Person, general: str) -> None:
    async with shim(discord) as one:
        await one.identify(discord)
        await one.until("GUILD_CREATE")
        discord.faults.lose_acks = True
        await one.say(1, None)
        await discord.wait_for(lambda: discord.world.beats)
        await ada.write(general, "still here")

        assert (await one.next())["t"] == "MESSAGE_CREATE"


async def test_what_a_frozen_connection_does_not_say_comes_with_the_resume(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as frozen:
        ready = await frozen.identify(discord)
        seq = (await frozen.until("GUILD_CREATE"))["s"]
        discord.gateway.freeze()
        await ada.write(general, "unheard")
        await frozen.say(1, None)
        async with shim(discord, ready["d"]["resume_gateway_url"]) as fresh:
            await fresh.resume(discord, ready["d"]["session_id"], seq)
            heard = [(await fresh.next())["t"] for _ in range(2)]
        with pytest.raises(ConnectionClosed):
            await frozen.next()

    assert heard == ["MESSAGE_CREATE", "RESUMED"]


@pytest.mark.parametrize("code", [4000, 4004, 4014])
async def test_the_next_start_may_be_closed_with_any_code_and_the_one_after_is_not(
    discord: Simulator, code: int
) -> None:
    discord.faults.close_starts = [code]
    async with shim(discord) as refused, shim(discord) as taken:
        await refused.say(2, {"token": discord.token, "intents": 1, "properties": {}})

        assert await refused.closed_with() == code
        assert (await taken.identify(discord))["t"] == "READY"


async def test_a_cut_line_has_no_close_code_and_leaves_the_session(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as one:
        ready = await one.identify(discord)
        seq = (await one.until("GUILD_CREATE"))["s"]
        discord.gateway.cut()
        code = await one.closed_with()
    await ada.write(general, "meanwhile")
    async with shim(discord, ready["d"]["resume_gateway_url"]) as again:
        await again.resume(discord, ready["d"]["session_id"], seq)

        assert code == 1006
        assert (await again.next())["d"]["content"] == "meanwhile"


@pytest.mark.parametrize(("code", "op"), [(4000, 0), (4008, 0), (4007, 9), (4009, 9)])
async def test_some_close_codes_end_the_session_and_others_do_not(discord: Simulator, code: int, op: int) -> None:
    """https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""
    async with shim(discord) as one:
        ready = await one.identify(discord)
        await one.until("GUILD_CREATE")
        discord.gateway.drop(code)
        assert await one.closed_with() == code
    async with shim(discord) as again:
        await again.resume(discord, ready["d"]["session_id"], 2)

        assert (await again.next())["op"] == op


async def test_after_op_9_one_may_identify_on_the_same_connection(discord: Simulator) -> None:
    async with shim(discord) as one:
        first = await one.identify(discord)
        await one.until("GUILD_CREATE")
        discord.gateway.invalidate()
        invalid = await one.next()
        second = await one.identify(discord)

    assert invalid == {"op": 9, "d": False}
    assert second["d"]["session_id"] != first["d"]["session_id"]


async def test_a_heartbeat_can_be_asked_for(discord: Simulator) -> None:
    async with shim(discord) as one:
        discord.gateway.demand_heartbeat()

        assert (await one.next())["op"] == 1
