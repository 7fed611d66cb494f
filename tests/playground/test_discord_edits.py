"""Editing messages: how often Discord and the house let the bot, in which threads, and what is counted."""

from typing import Any

import httpx
import pytest

from scripts.playground.discord import Rate, Rules, Simulator
from tests.playground.world import QUIET, Json, client

pytestmark = pytest.mark.anyio

EDIT = "PATCH /channels/{channel}/messages/{message}"


async def send(bot: httpx.AsyncClient, channel: str) -> Json:
    sent = await bot.post(f"/channels/{channel}/messages", json={"content": "0", "allowed_mentions": QUIET})
    return dict(sent.json())


async def edit(bot: httpx.AsyncClient, message: Json, content: Any = "1") -> httpx.Response:
    where = f"/channels/{message['channel_id']}/messages/{message['id']}"
    return await bot.patch(where, json={"content": str(content), "allowed_mentions": QUIET})


async def test_the_sixth_edit_in_a_channel_within_five_seconds_gets_a_429_that_is_counted() -> None:
    async with Simulator() as discord, client(discord) as bot:
        general, other = discord.channel("general").id, discord.add_channel("other").id
        one, two, elsewhere = await send(bot, general), await send(bot, general), await send(bot, other)

        answers = [await edit(bot, message, number) for number, message in enumerate([one, two] * 3)]
        beside = await edit(bot, elsewhere)

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers[:5]] == ["4", "3", "2", "1", "0"]
    assert beside.status_code == 200
    assert (discord.throttled, discord.calls[EDIT]) == (1, 7)


async def test_what_a_test_does_itself_is_forgiven_and_nothing_else(
    discord: Simulator, bot: httpx.AsyncClient, general: str
) -> None:
    discord.forgive("10008", r"/users/\d+")

    await bot.patch(f"/channels/{general}/messages/1", json={"content": "x", "allowed_mentions": QUIET})
    await bot.get("/users/1")
    await bot.get("/channels/1")

    assert len(discord.violations) == 3
    assert discord.offences == ["GET /channels/1: 404 10003 Unknown Channel"]


async def test_calls_are_counted_by_route(discord: Simulator, bot: httpx.AsyncClient, general: str) -> None:
    before = discord.calls
    sent = await send(bot, general)
    await edit(bot, sent)
    await edit(bot, sent)

    assert discord.calls - before == {EDIT: 2, "POST /channels/{channel}/messages": 1}


async def test_old_messages_are_edited_only_so_often() -> None:
    rules = Rules(rates={}, default_rate=Rate(1000, 1.0), old_edit_rate=Rate(2, 3600.0))
    async with Simulator(rules=rules) as discord, client(discord) as bot:
        general = discord.channel("general").id
        old = await send(bot, general)
        discord.clock.advance(3601)
        young = await send(bot, general)

        answers = [(await edit(bot, old)).json() for _ in range(3)]
        still = await edit(bot, young)

    assert [answer.get("code") for answer in answers] == [None, None, 30046]
    assert answers[2]["retry_after"] > 3000
    assert still.status_code == 200


async def test_an_edit_too_soon_after_another_is_held_against_the_bot_where_the_house_says_so() -> None:
    async with Simulator(rules=Rules(rates=None, edit_seconds=1.2)) as discord, client(discord) as bot:
        sent = await send(bot, discord.channel("general").id)
        await edit(bot, sent)
        discord.clock.advance(1.3)
        await edit(bot, sent)
        in_time = list(discord.violations)
        await edit(bot, sent)

    assert in_time == []
    assert ["edited again after" in violation for violation in discord.violations] == [True]


@pytest.mark.parametrize(("change", "edited_as"), [({"archived": True}, 50083), ({"name": "u"}, None)])
async def test_an_archived_thread_is_woken_by_a_message_and_not_by_an_edit(
    bot: httpx.AsyncClient, general: str, change: Json, edited_as: int | None
) -> None:
    thread = (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 11})).json()["id"]
    sent = await send(bot, thread)
    await bot.patch(f"/channels/{thread}", json=change)

    edited = await edit(bot, sent)
    posted = await bot.post(f"/channels/{thread}/messages", json={"content": "x", "allowed_mentions": QUIET})

    assert edited.json().get("code") == edited_as
    assert posted.status_code == 200


async def test_a_locked_thread_takes_no_message(discord: Simulator, bot: httpx.AsyncClient, general: str) -> None:
    moderator = discord.add_person("Mia", permissions=1 << 34)
    thread = (await bot.post(f"/channels/{general}/threads", json={"name": "t", "type": 11})).json()["id"]
    sent = await send(bot, thread)
    await moderator.change_thread(thread, locked=True, archived=True)

    posted = await bot.post(f"/channels/{thread}/messages", json={"content": "x", "allowed_mentions": QUIET})
    edited = await edit(bot, sent)

    assert (posted.json()["code"], edited.json()["code"]) == (160005, 50083)
