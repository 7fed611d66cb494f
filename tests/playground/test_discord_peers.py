"""The simulator against code that nobody here wrote: discord.py as a client, hikari as an app and as a REST client."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord as dpy
import hikari
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from scripts.playground.discord import Person, Simulator
from tests.playground.world import COMMANDS

pytestmark = pytest.mark.anyio


class Bot(dpy.Client):
    """Answers "ping" with "pong" in a thread of its own, and remembers what it heard."""

    def __init__(self) -> None:
        intents = dpy.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents, max_messages=100, guild_ready_timeout=0.2)
        self.heard: list[dpy.Message] = []

    async def on_message(self, message: dpy.Message) -> None:
        self.heard.append(message)
        if message.content == "ping":
            thread = await message.create_thread(name="ping")
            await thread.send("pong", allowed_mentions=dpy.AllowedMentions.none())


@asynccontextmanager
async def connected(discord: Simulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    monkeypatch.setattr(Route, "BASE", discord.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(f"ws://127.0.0.1:{discord.port}/gateway"))
    bot = Bot()
    async with bot, asyncio.TaskGroup() as group:
        running = group.create_task(bot.start(discord.token))
        await asyncio.wait_for(bot.wait_until_ready(), 10)
        yield bot
        await bot.close()
        await running


@pytest.fixture
async def discord() -> AsyncIterator[Simulator]:
    async with Simulator() as discord:
        yield discord


@pytest.fixture
def ada(discord: Simulator) -> Person:
    return discord.add_person("Ada")


async def test_a_discord_py_bot_hears_a_person_starts_a_thread_and_answers_in_it(
    discord: Simulator, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = discord.channel("general").id
    async with connected(discord, monkeypatch) as bot:
        asked = await ada.write(general, "ping")
        await discord.wait_for(lambda: asked["id"] in discord.world.channels and len(bot.heard) >= 3)
        thread = bot.get_channel(int(asked["id"]))
        assert isinstance(thread, dpy.Thread)
        history = [message async for message in thread.history(limit=10)]

    assert [message.content for message in history] == ["pong", ""]
    assert history[-1].type == dpy.MessageType.thread_starter_message
    assert discord.violations == []


async def test_a_discord_py_bot_edits_reacts_and_deletes(
    discord: Simulator, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = discord.channel("general").id
    async with connected(discord, monkeypatch) as bot:
        channel = bot.get_channel(int(general))
        assert isinstance(channel, dpy.TextChannel)
        sent = await channel.send("first", nonce="n1", allowed_mentions=dpy.AllowedMentions.none())
        await sent.edit(content="second", allowed_mentions=dpy.AllowedMentions.none())
        await sent.add_reaction("👍")
        seen = ada.messages(general)
        await sent.delete()

    assert seen[0]["content"] == "second"
    assert seen[0]["reactions"][0]["emoji"]["name"] == "👍"
    assert ada.messages(general) == []


async def test_a_discord_py_bot_reads_history_forward_from_a_cursor(
    discord: Simulator, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = discord.channel("general").id
    for number in range(130):
        await ada.write(general, str(number))
    async with connected(discord, monkeypatch) as bot:
        channel = bot.get_channel(int(general))
        assert isinstance(channel, dpy.TextChannel)
        oldest = [m.content async for m in channel.history(limit=None, oldest_first=True, after=dpy.Object(0))]

    assert oldest == [str(number) for number in range(130)]


async def test_a_discord_py_bot_resumes_and_misses_nothing(
    discord: Simulator, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = discord.channel("general").id
    async with connected(discord, monkeypatch) as bot:
        discord.gateway.drop(4000)
        await discord.wait_for(lambda: not discord.gateway.connections)
        await ada.write(general, "while you were away")
        await discord.wait_for(lambda: bot.heard, within=15)

    assert discord.world.identifies == 1
    assert [message.content for message in bot.heard] == ["while you were away"]


async def test_a_discord_py_bot_understands_mentions_replies_webhooks_and_edits(
    discord: Simulator, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    general, crew = discord.channel("general").id, discord.add_role("crew", mentionable=True)
    async with connected(discord, monkeypatch) as bot:
        asked = await ada.write(general, f"<@{discord.application_id}> <@&{crew.id}>")
        await ada.write(general, "and?", asked["id"])
        discord.owner.write_by_webhook(general, "pushed", "Deploys")
        await discord.wait_for(lambda: len(bot.heard) == 3)
        first, reply, hooked = bot.heard
        mentioned = [named.name for named in (*first.mentions, *first.role_mentions)]
        await ada.edit(general, asked["id"], "never mind")
        await discord.wait_for(lambda: first.content == "never mind")

    assert mentioned == ["OpenCord", "crew"]
    assert reply.type == dpy.MessageType.reply
    assert reply.reference
    assert isinstance(reply.reference.resolved, dpy.Message)
    assert [user.name for user in reply.mentions] == ["Ada"]
    assert (hooked.webhook_id, hooked.author.name) == (hooked.author.id, "Deploys")
    assert (first.edited_at is not None, first.mentions) == (True, [])


async def test_a_discord_py_bot_sees_threads_channels_and_the_server_come_and_go(
    discord: Simulator, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    general, doomed = discord.channel("general").id, discord.add_channel("doomed").id
    async with connected(discord, monkeypatch) as bot:
        kept, lost = [int((await ada.start_thread(place, "talk"))["id"]) for place in (general, doomed)]
        await discord.wait_for(lambda: bot.get_channel(lost))
        discord.owner.delete_channel(doomed)
        await discord.wait_for(lambda: not bot.get_channel(lost))
        left = bot.get_channel(kept)
        discord.owner.begin_outage()
        await discord.wait_for(lambda: bot.guilds[0].unavailable)
        discord.owner.end_outage()
        await discord.wait_for(lambda: not bot.guilds[0].unavailable)
        discord.owner.remove_bot()
        await discord.wait_for(lambda: not bot.guilds)
        discord.owner.admit_bot()
        await discord.wait_for(lambda: bot.guilds)

        assert isinstance(left, dpy.Thread)
        assert bot.guilds[0].me.joined_at


@asynccontextmanager
async def hikari_app(discord: Simulator) -> AsyncIterator[tuple[hikari.RESTBot, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bot = hikari.RESTBot(
        discord.token,
        "Bot",
        discord.public_key,
        banner=None,
        suppress_optimization_warning=True,
        rest_url=discord.api_url,
    )
    await bot.start(host="127.0.0.1", port=port, check_for_updates=False)
    try:
        yield bot, f"http://127.0.0.1:{port}"
    finally:
        await bot.close()


async def test_a_hikari_app_is_sent_a_signed_command_defers_edits_and_follows_up(
    discord: Simulator, ada: Person
) -> None:
    general = discord.channel("general").id
    received: list[hikari.CommandInteraction] = []

    async def answer(interaction: hikari.CommandInteraction) -> Any:
        received.append(interaction)
        yield interaction.build_deferred_response()
        await interaction.edit_initial_response("done", user_mentions=False, role_mentions=False)
        await interaction.execute("and more", flags=hikari.MessageFlag.EPHEMERAL, user_mentions=False)

    async with hikari_app(discord) as (bot, url):
        bot.set_listener(hikari.CommandInteraction, answer)
        await bot.rest.set_application_commands(
            int(discord.application_id), [bot.rest.slash_command_builder("opencord", "Ask")]
        )
        discord.interactions_url = url
        sent = await ada.command(general, "opencord")
        reply = await sent.wait_message()
        await discord.wait_for(lambda: len(ada.messages(general)) == 2)

    assert reply["content"] == "done"
    assert reply["type"] == 20
    assert received[0].user.username == "Ada"
    assert ada.messages(general)[1]["flags"] & 64
    assert discord.violations == []


async def test_hikaris_endpoint_is_refused_because_it_answers_400_to_a_bad_signature(discord: Simulator) -> None:
    async with hikari_app(discord) as (_, url):
        why = await discord.courier.probe(url)

    assert why == "a bad signature got 400, not 401"


async def test_hikari_reads_everything_by_rest(discord: Simulator, ada: Person) -> None:
    general = discord.channel("general").id
    asked = await ada.write(general, "hello")
    app = hikari.RESTApp(url=discord.api_url)
    await app.start()
    try:
        async with app.acquire(discord.token, hikari.TokenType.BOT) as rest:
            me = await rest.fetch_my_user()
            guild = await rest.fetch_guild(int(discord.guild))
            channels = await rest.fetch_guild_channels(int(discord.guild))
            thread = await rest.create_message_thread(int(general), int(asked["id"]), "talk")
            await rest.create_message(thread.id, "hi", user_mentions=False)
            messages = await rest.fetch_messages(thread.id).limit(10)
            active = await rest.fetch_active_threads(int(discord.guild))
            commands = await rest.set_application_commands(
                int(discord.application_id),
                [hikari.impl.SlashCommandBuilder(c["name"], c["description"]) for c in COMMANDS],
            )
    finally:
        await app.close()

    assert str(me.id) == discord.application_id
    assert guild.name == "The Playground"
    assert [channel.name for channel in channels] == ["general"]
    assert thread.id == int(asked["id"])
    assert [message.content for message in messages] == ["hi", None]
    assert [each.id for each in active] == [thread.id]
    assert [command.name for command in commands] == ["opencord"]
