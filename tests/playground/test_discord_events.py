"""What the Gateway tells of messages, threads, channels and the server, and what people and its owner do for it."""

import httpx
import pytest

from scripts.playground.discord import Impossible, May, MessageType, Overwrite, Person, Refusal, Simulator
from tests.playground.shim import GUILDS, MESSAGES, shim
from tests.playground.world import QUIET

pytestmark = pytest.mark.anyio
MODERATOR = May.MANAGE_THREADS | May.MANAGE_MESSAGES | May.MENTION_EVERYONE


@pytest.fixture
def mod(discord: Simulator) -> Person:
    return discord.add_person("Mod", permissions=MODERATOR)


# messages: https://docs.discord.com/developers/events/gateway-events#message-create


async def test_a_message_tells_the_members_behind_those_it_mentions(
    discord: Simulator, ada: Person, general: str
) -> None:
    async with shim(discord) as client:
        await client.identify(discord)
        await ada.write(general, f"<@{discord.application_id}> please")
        heard = (await client.until("MESSAGE_CREATE"))["d"]

    (bot,) = heard["mentions"]
    assert (bot["id"], bot["bot"]) == (discord.application_id, True)
    assert bot["member"]["roles"] == discord.world.members[discord.application_id].roles
    assert "user" not in bot["member"]
    assert (heard["type"], heard["mention_roles"], heard["mention_everyone"]) == (0, [], False)
    assert heard["member"]["joined_at"]


@pytest.mark.parametrize("ping", [True, False])
async def test_a_reply_mentions_whom_it_answers_only_with_a_ping(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str, ping: bool
) -> None:
    asked = {"content": "done", "allowed_mentions": QUIET}
    said = (await bot.post(f"/channels/{general}/messages", json=asked)).json()
    async with shim(discord) as client:
        await client.identify(discord)
        await ada.write(general, "thanks", said["id"], ping=ping)
        heard = (await client.until("MESSAGE_CREATE"))["d"]

    assert (heard["type"], heard["referenced_message"]["content"]) == (19, "done")
    assert heard["message_reference"]["message_id"] == said["id"]
    assert [user["id"] for user in heard["mentions"]] == ([discord.application_id] if ping else [])


async def test_an_edit_keeps_the_ping_of_a_reply(discord: Simulator, ada: Person, mod: Person, general: str) -> None:
    asked = await mod.write(general, "well?")
    loud = await ada.write(general, "yes", asked["id"])
    quiet = await ada.write(general, "no", asked["id"], ping=False)

    edited = [await ada.edit(general, message["id"], "hm") for message in (loud, quiet)]

    assert [[user["id"] for user in message["mentions"]] for message in edited] == [[mod.id], []]


async def test_roles_are_mentioned_when_they_may_be_and_everyone_by_who_may(
    discord: Simulator, ada: Person, mod: Person, general: str
) -> None:
    open_to_all, closed = discord.add_role("crew", mentionable=True).id, discord.add_role("staff").id
    text = f"<@&{open_to_all}> <@&{closed}> @everyone"
    async with shim(discord) as client:
        await client.identify(discord)
        await ada.write(general, text)
        await mod.write(general, text)
        heard = [(await client.until("MESSAGE_CREATE"))["d"] for _ in range(2)]

    assert [each["mention_roles"] for each in heard] == [[open_to_all], [open_to_all, closed]]
    assert [each["mention_everyone"] for each in heard] == [False, True]


async def test_an_edit_arrives_as_the_whole_message_with_its_time(
    discord: Simulator, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/events/gateway-events#message-update"""
    async with shim(discord) as client:
        await client.identify(discord)
        sent = await ada.write(general, "one")
        await ada.edit(general, sent["id"], f"<@{discord.application_id}> two")
        heard = (await client.until("MESSAGE_UPDATE"))["d"]

    assert (heard["id"], heard["content"][-3:], heard["timestamp"]) == (sent["id"], "two", sent["timestamp"])
    assert heard["edited_timestamp"] > heard["timestamp"]
    assert [user["id"] for user in heard["mentions"]] == [discord.application_id]
    assert (heard["guild_id"], heard["channel_type"], heard["author"]["id"]) == (discord.guild, 0, ada.id)


async def test_messages_are_deleted_one_by_one_or_many_in_one_event(
    discord: Simulator, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/events/gateway-events#message-delete-bulk"""
    one, two, three = [(await ada.write(general, text))["id"] for text in ("1", "2", "3")]
    async with shim(discord) as client:
        await client.identify(discord)
        await ada.delete(general, one)
        discord.owner.delete_messages(general, [one, two, three])
        single = (await client.until("MESSAGE_DELETE"))["d"]
        bulk = (await client.until("MESSAGE_DELETE_BULK"))["d"]

    where = {"channel_id": general, "guild_id": discord.guild}
    assert single == {"id": one} | where
    assert bulk == {"ids": [two, three]} | where
    assert discord.channel("general").last_message == three


async def test_only_young_messages_go_in_bulk_and_two_at_least(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/resources/message#bulk-delete-messages"""
    ids = [(await ada.write(general, text))["id"] for text in ("1", "2")]
    discord.world.roles[discord.guild].permissions |= May.MANAGE_MESSAGES
    path = f"/channels/{general}/messages/bulk-delete"

    alone = await bot.post(path, json={"messages": ids[:1]})
    discord.clock.advance(15 * 86_400)
    old = await bot.post(path, json={"messages": ids})

    assert (alone.status_code, alone.json()["code"]) == (400, 50035)
    assert (old.status_code, old.json()["code"]) == (400, 50034)
    assert len(ada.messages(general)) == 2


async def test_bots_and_webhooks_say_that_they_are_none_of_us(discord: Simulator, general: str) -> None:
    """https://docs.discord.com/developers/resources/message#message-object"""
    other = discord.add_bot("Deploys")
    async with shim(discord) as client:
        await client.identify(discord)
        await other.write(general, f"<@{discord.application_id}> built")
        hooked = discord.owner.write_by_webhook(general, f"<@{discord.application_id}> pushed")
        by_bot, by_hook = [(await client.until("MESSAGE_CREATE"))["d"] for _ in range(2)]

    assert (by_bot["author"]["bot"], "webhook_id" in by_bot, "member" in by_bot) == (True, False, True)
    assert (by_hook["author"]["bot"], "member" in by_hook) == (True, False)
    assert by_hook["webhook_id"] == by_hook["author"]["id"] == hooked["webhook_id"] != discord.application_id
    assert len(by_bot["mentions"]) == len(by_hook["mentions"]) == 1


async def test_what_discord_says_itself_has_its_type_and_can_be_neither_answered_nor_edited(
    discord: Simulator, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/resources/message#message-object-message-types"""
    async with shim(discord) as client:
        await client.identify(discord)
        joined = discord.owner.show_system(general, MessageType.USER_JOIN, ada)
        heard = (await client.until("MESSAGE_CREATE"))["d"]

    assert (heard["type"], heard["author"]["id"], heard["content"]) == (7, ada.id, "")
    with pytest.raises(Refusal, match="SYSTEM_MESSAGE"):
        await ada.write(general, "welcome", joined["id"])
    with pytest.raises(Refusal, match="50021"):
        await ada.edit(general, joined["id"], "x")


async def test_the_type_of_the_channel_may_be_left_out(discord: Simulator, ada: Person, general: str) -> None:
    discord.faults.omit_channel_type = True
    async with shim(discord) as client:
        await client.identify(discord)
        sent = await ada.write(general, "where?")
        await ada.edit(general, sent["id"], "here")
        created, updated = (await client.until("MESSAGE_CREATE"))["d"], (await client.until("MESSAGE_UPDATE"))["d"]

    assert "channel_type" not in created | updated


async def test_without_the_content_intent_what_is_answered_is_blank_too(
    discord: Simulator, ada: Person, mod: Person, general: str
) -> None:
    """https://docs.discord.com/developers/events/gateway#message-content-intent"""
    secret = await mod.write(general, "secret")
    async with shim(discord) as client:
        await client.identify(discord, GUILDS | MESSAGES)
        await ada.write(general, f"<@{discord.application_id}> what is this?", secret["id"])
        heard = (await client.until("MESSAGE_CREATE"))["d"]

    assert heard["content"].endswith("what is this?")
    assert heard["referenced_message"]["content"] == ""


# threads: https://docs.discord.com/developers/topics/threads


async def test_the_life_of_a_thread_is_heard(discord: Simulator, mod: Person, general: str) -> None:
    asked = await mod.write(general, "well?")
    async with shim(discord) as client:
        await client.identify(discord)
        thread = (await mod.start_thread(general, "talk", asked["id"]))["id"]
        created = (await client.until("THREAD_CREATE"))["d"]
        starter = (await client.until("MESSAGE_CREATE"))["d"]
        await mod.change_thread(thread, archived=True)
        archived = (await client.until("THREAD_UPDATE"))["d"]["thread_metadata"]
        await mod.write(thread, "once more")
        woken = (await client.until("THREAD_UPDATE"))["d"]["thread_metadata"]
        said = (await client.until("MESSAGE_CREATE"))["d"]
        await mod.change_thread(thread, locked=True)
        locked = (await client.until("THREAD_UPDATE"))["d"]["thread_metadata"]
        await mod.delete_thread(thread)
        deleted = (await client.until("THREAD_DELETE"))["d"]

    assert (created["id"], created["parent_id"], created["newly_created"]) == (asked["id"], general, True)
    assert (starter["type"], starter["channel_type"], starter["channel_id"]) == (21, 11, thread)
    assert [state["archived"] for state in (archived, woken, locked)] == [True, False, False]
    assert (said["content"], said["channel_type"], locked["locked"]) == ("once more", 11, True)
    assert deleted == {"id": thread, "guild_id": discord.guild, "parent_id": general, "type": 11}


async def test_a_thread_is_deleted_by_moderators_only(discord: Simulator, ada: Person, general: str) -> None:
    thread = (await ada.start_thread(general, "talk"))["id"]

    with pytest.raises(Refusal, match="50013"):
        await ada.delete_thread(thread)
    with pytest.raises(Impossible):
        await ada.delete_thread(general)


async def test_a_new_name_and_a_new_member_are_told_in_the_thread(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/topics/threads#new-message-types"""
    thread = (await ada.start_thread(general, "talk"))["id"]
    async with shim(discord) as client:
        await client.identify(discord)
        await ada.change_thread(thread, name="shop talk")
        renamed = (await client.until("MESSAGE_CREATE"))["d"]
        mod = discord.add_person("Mod")
        await bot.put(f"/channels/{thread}/thread-members/{mod.id}")
        added = (await client.until("MESSAGE_CREATE"))["d"]

    assert (renamed["type"], renamed["content"], renamed["author"]["id"]) == (4, "shop talk", ada.id)
    assert (added["type"], added["author"]["id"]) == (1, discord.application_id)
    assert [user["id"] for user in added["mentions"]] == [mod.id]


async def test_a_channel_takes_its_threads_with_it_in_one_event(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person
) -> None:
    """https://docs.discord.com/developers/events/gateway-events#channel-delete"""
    channel = discord.add_channel("doomed").id
    thread = (await ada.start_thread(channel, "talk"))["id"]
    async with shim(discord) as client:
        await client.identify(discord)
        await client.until("GUILD_CREATE")
        discord.owner.delete_channel(channel)
        heard = await client.next()
        await client.say(1, None)
        after = await client.next()
    gone = [await bot.get(f"/channels/{id}") for id in (channel, thread)]

    assert (heard["t"], heard["d"]["id"], after["op"]) == ("CHANNEL_DELETE", channel, 11)
    assert [answer.json()["code"] for answer in gone] == [10003, 10003]


# the server: https://docs.discord.com/developers/events/gateway-events#guild-create


async def test_the_server_comes_with_the_channels_and_active_threads_that_the_bot_sees(
    discord: Simulator, ada: Person, general: str
) -> None:
    discord.add_channel("hidden", overwrites=[Overwrite(discord.application_id, 1, deny=May.VIEW_CHANNEL)])
    active, old = [(await ada.start_thread(general, name))["id"] for name in ("active", "old")]
    await ada.change_thread(old, archived=True)

    async with shim(discord) as client:
        await client.identify(discord)
        guild = (await client.until("GUILD_CREATE"))["d"]

    assert (guild["id"], guild["unavailable"]) == (discord.guild, False)
    assert [channel["id"] for channel in guild["channels"]] == [general]
    assert [thread["id"] for thread in guild["threads"]] == [active]


async def test_a_bot_that_is_removed_hears_so_and_nothing_more_until_it_is_back(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    before = (await bot.get(f"/guilds/{discord.guild}/members/{discord.application_id}")).json()["joined_at"]
    await ada.write(general, f"<@{discord.application_id}> hello")
    async with shim(discord) as client:
        await client.identify(discord)
        discord.owner.remove_bot()
        removed = await client.until("GUILD_DELETE")
        await ada.write(general, "unheard")
        guilds = (await bot.get("/users/@me/guilds")).json()
        shut = [await bot.get(path) for path in (f"/guilds/{discord.guild}/channels", f"/channels/{general}/messages")]
        discord.owner.admit_bot()
        back = await client.next()
        await ada.write(general, "heard")
        heard = await client.next()
    after = (await bot.get(f"/guilds/{discord.guild}/members/{discord.application_id}")).json()["joined_at"]

    assert removed["d"] == {"id": discord.guild}
    assert guilds == []
    assert [answer.json()["code"] for answer in shut] == [50001, 50001]
    assert (back["t"], back["d"]["joined_at"]) == ("GUILD_CREATE", after)
    assert heard["d"]["content"] == "heard"
    assert before < after


async def test_a_session_that_begins_without_the_server_does_not_name_it(discord: Simulator) -> None:
    discord.owner.remove_bot()
    async with shim(discord) as client:
        ready = await client.identify(discord)
        discord.owner.admit_bot()

        assert ready["d"]["guilds"] == []
        assert (await client.next())["t"] == "GUILD_CREATE"


async def test_in_an_outage_the_server_is_unavailable_but_not_gone(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    """https://docs.discord.com/developers/events/gateway-events#guild-delete"""
    async with shim(discord) as client, shim(discord) as late:
        await client.identify(discord)
        discord.owner.begin_outage()
        lost = await client.until("GUILD_DELETE")
        await ada.write(general, "unheard")
        ready = await late.identify(discord)
        guilds = (await bot.get("/users/@me/guilds")).json()
        discord.owner.end_outage()
        back = [await client.next(), await late.next()]

    assert lost["d"] == {"id": discord.guild, "unavailable": True}
    assert ready["d"]["guilds"] == [{"id": discord.guild, "unavailable": True}]
    assert [guild["id"] for guild in guilds] == [discord.guild]
    assert [frame["t"] for frame in back] == ["GUILD_CREATE", "GUILD_CREATE"]
