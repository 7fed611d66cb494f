"""What whoever catches up over REST reads: where there is something new, and what it is."""

import httpx
import pytest

from scripts.playground.discord import Application, May, Overwrite, Person, Simulator
from tests.playground.world import client

pytestmark = pytest.mark.anyio


async def test_channels_and_threads_name_their_last_message(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/resources/channel#channel-object"""
    asked = await ada.write(general, "well?")
    thread = (await ada.start_thread(general, "talk", asked["id"]))["id"]
    said = await ada.write(thread, "so")
    await ada.delete(thread, said["id"])

    listed = (await bot.get(f"/guilds/{discord.guild}/channels")).json()
    active = (await bot.get(f"/guilds/{discord.guild}/threads/active")).json()["threads"]
    read = (await bot.get(f"/channels/{thread}")).json()

    assert [(channel["id"], channel["type"], channel["last_message_id"]) for channel in listed] == [
        (general, 0, asked["id"])
    ]
    assert [(it["id"], it["type"], it["parent_id"], it["last_message_id"]) for it in [*active, read]] == [
        (thread, 11, general, said["id"])  # gone by now, as the documentation says it may be
    ] * 2


async def test_active_threads_are_those_that_the_bot_sees_newest_first(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/resources/guild#list-active-guild-threads"""
    hidden = discord.add_channel("h", overwrites=[Overwrite(discord.application_id, 1, deny=May.VIEW_CHANNEL)]).id
    one, two = [(await ada.start_thread(general, name))["id"] for name in ("one", "two")]
    secret = (await ada.start_thread(hidden, "secret"))["id"]

    active = (await bot.get(f"/guilds/{discord.guild}/threads/active")).json()
    listed = (await bot.get(f"/guilds/{discord.guild}/channels")).json()

    assert [thread["id"] for thread in active["threads"]] == [two, one]
    assert {channel["id"] for channel in listed} == {general, hidden}  # their existence is no secret
    assert [(await bot.get(f"/channels/{id}")).json()["code"] for id in (hidden, secret)] == [50001, 50001]


async def test_pages_after_a_cursor_give_everything_once(bot: httpx.AsyncClient, ada: Person, general: str) -> None:
    """https://docs.discord.com/developers/resources/message#get-channel-messages"""
    written = [(await ada.write(general, str(number)))["id"] for number in range(205)]
    cursor, read = "0", list[str]()

    while page := (await bot.get(f"/channels/{general}/messages", params={"after": cursor, "limit": 100})).json():
        ids = [message["id"] for message in page]
        assert ids == sorted(ids, key=int, reverse=True)
        read += reversed(ids)
        cursor = max(ids, key=int)

    assert read == written


async def test_without_the_switch_for_content_rest_is_blank_too_unless_it_is_for_the_bot() -> None:
    """https://docs.discord.com/developers/events/gateway#http-restrictions"""
    async with Simulator(application=Application(message_content=False)) as discord, client(discord) as bot:
        general, ada = discord.channel("general").id, discord.add_person("Ada")
        secret = await ada.write(general, "secret")
        await ada.write(general, f"<@{discord.application_id}> look", secret["id"])
        page = (await bot.get(f"/channels/{general}/messages", params={"after": "0"})).json()

    assert [message["content"] for message in page] == [f"<@{discord.application_id}> look", ""]
    assert page[0]["referenced_message"]["content"] == ""


async def test_the_bots_own_membership_tells_since_when(discord: Simulator, bot: httpx.AsyncClient) -> None:
    """https://docs.discord.com/developers/resources/guild#get-guild-member"""
    member = (await bot.get(f"/guilds/{discord.guild}/members/{discord.application_id}")).json()

    assert member["user"]["id"] == discord.application_id
    assert member["joined_at"].endswith("+00:00")
