"""SimCord over the wire, against code that nobody here wrote: discord.py as the client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord as dpy
import httpx
import pytest
import websockets
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from tests.peers.discordlike import until
from tests.peers.simcord import Member, SimCord, simcord

pytestmark = pytest.mark.anyio


class Bot(dpy.Client):
    """Answers "ping" with "pong" in a thread of its own, and remembers what it heard of others."""

    def __init__(self, *, content: bool = True) -> None:
        intents = dpy.Intents.default()
        intents.message_content = content
        super().__init__(intents=intents, max_messages=100, guild_ready_timeout=0.2)
        self.heard: list[str] = []

    async def on_message(self, message: dpy.Message) -> None:
        if message.author == self.user:
            return
        self.heard.append(message.content)
        if message.content == "ping":
            thread = await message.create_thread(name="ping")
            await thread.send("pong", allowed_mentions=dpy.AllowedMentions.none())


@asynccontextmanager
async def connected(peer: SimCord, monkeypatch: pytest.MonkeyPatch, bot: Bot) -> AsyncIterator[Bot]:
    monkeypatch.setattr(Route, "BASE", peer.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", URL(peer.gateway.url))
    async with bot, asyncio.TaskGroup() as group:
        running = group.create_task(bot.start(peer.token))
        await asyncio.wait_for(bot.wait_until_ready(), 10)
        yield bot
        await bot.close()
        await running


@pytest.fixture
async def peer() -> AsyncIterator[SimCord]:
    async with simcord() as peer:
        yield peer


@pytest.fixture
def ada(peer: SimCord) -> Member:
    return peer.add_person("Ada")


@pytest.fixture
def general(peer: SimCord) -> str:
    return peer.add_channel("general")


@pytest.fixture
async def http(peer: SimCord) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=peer.api_url, headers={"Authorization": f"Bot {peer.token}"}) as http:
        yield http


async def test_a_bot_hears_a_person_starts_a_thread_and_answers_in_it(
    peer: SimCord, ada: Member, general: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(peer, monkeypatch, Bot()):
        asked = await ada.write(general, "ping")
        await until(lambda: asked["id"] in peer.threads() and peer.messages(asked["id"]), 5)

    assert [message["content"] for message in peer.messages(asked["id"])] == ["pong"]
    assert peer.violations == []


@pytest.mark.parametrize("code", [4000, 4001, 4002, 4003, 4008, 1012, None])
async def test_a_bot_whose_connection_is_dropped_resumes_and_misses_nothing(
    peer: SimCord, ada: Member, general: str, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    monkeypatch.setattr("discord.client.ExponentialBackoff.delay", lambda self: 0.01)
    async with connected(peer, monkeypatch, Bot()) as bot:
        peer.drop(code)  # takes effect before anything that happens from now on is told
        await ada.write(general, "while you were away")
        await until(lambda: bot.heard, 5)

    assert peer.identifies == 1
    assert bot.heard == ["while you were away"]


async def test_an_invalid_session_that_may_be_resumed_is_resumed(
    peer: SimCord, ada: Member, general: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord.client.ExponentialBackoff.delay", lambda self: 0.01)
    async with connected(peer, monkeypatch, Bot()) as bot:
        peer.invalidate(resumable=True)
        await ada.write(general, "are you back?")
        await until(lambda: bot.heard, 5)

    assert peer.identifies == 1


async def test_a_session_that_was_invalidated_for_good_is_not_resumed(peer: SimCord) -> None:
    async with websockets.connect(peer.gateway.url) as socket:
        hello = json.loads(await socket.recv())
        await socket.send(json.dumps({"op": 2, "d": {"token": peer.token, "intents": 1}}))
        ready = json.loads(await socket.recv())
        peer.invalidate(resumable=False)
        session = {"token": peer.token, "session_id": ready["d"]["session_id"], "seq": 1}
        await socket.send(json.dumps({"op": 6, "d": session}))
        heard = [json.loads(await socket.recv()) for _ in range(3)]

    assert hello["op"] == 10
    assert [frame["op"] for frame in heard] == [0, 9, 9]  # the guild, what we did, and the answer to RESUME
    assert [frame["d"] for frame in heard[1:]] == [False, False]


async def test_a_bot_reads_history_forward_from_a_cursor(
    peer: SimCord, ada: Member, general: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(130):
        await ada.write(general, str(number))
    async with connected(peer, monkeypatch, Bot()) as bot:
        channel = bot.get_channel(int(general))
        assert isinstance(channel, dpy.TextChannel)
        read = [m.content async for m in channel.history(limit=None, oldest_first=True, after=dpy.Object(0))]

    assert read == [str(number) for number in range(130)]


async def test_words_are_blank_without_the_intent_for_them(
    peer: SimCord, ada: Member, general: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(peer, monkeypatch, Bot(content=False)) as bot:
        await ada.write(general, "a secret")
        await ada.write(general, f"<@{peer.bot}> not a secret")
        await until(lambda: len(bot.heard) == 2, 5)

    assert bot.heard == ["", f"<@{peer.bot}> not a secret"]


async def test_an_enforced_nonce_makes_one_message_of_two(peer: SimCord, general: str, http: httpx.AsyncClient) -> None:
    body = {"content": "once", "nonce": "n-1", "enforce_nonce": True, "allowed_mentions": {"parse": []}}

    answers = [await http.post(f"/channels/{general}/messages", json=body) for _ in range(2)]

    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert [message["content"] for message in peer.messages(general)] == ["once"]


async def test_a_second_thread_on_one_message_is_refused(
    peer: SimCord, ada: Member, general: str, http: httpx.AsyncClient
) -> None:
    asked = await ada.write(general, "hello")

    answers = [
        await http.post(f"/channels/{general}/messages/{asked['id']}/threads", json={"name": "talk"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].json()["id"] == asked["id"]
    assert answers[1].json()["code"] == 160004
    assert len(peer.violations) == 1


async def test_nobody_is_let_in_with_another_token(peer: SimCord, http: httpx.AsyncClient) -> None:
    refused = await http.get("/users/@me", headers={"Authorization": "Bot other"})

    assert refused.status_code == 401


async def test_what_simcord_refuses_is_refused_over_the_wire(
    peer: SimCord, general: str, http: httpx.AsyncClient
) -> None:
    empty = await http.post(f"/channels/{general}/messages", json={"content": ""})
    unknown = await http.get("/channels/1/messages")
    too_many = await http.get(f"/channels/{general}/messages", params={"limit": 101})

    assert (empty.status_code, empty.json()["code"]) == (400, 50035)
    assert (unknown.status_code, unknown.json()["code"]) == (404, 10003)
    assert too_many.status_code == 400


async def test_what_our_app_asks_for_is_there(
    peer: SimCord, ada: Member, general: str, http: httpx.AsyncClient
) -> None:
    thread = await ada.start_thread(general, "talk")

    me = (await http.get("/users/@me")).json()
    application = (await http.get("/applications/@me")).json()
    guilds = (await http.get("/users/@me/guilds")).json()
    guild = guilds[0]["id"]
    channels = (await http.get(f"/guilds/{guild}/channels")).json()
    active = (await http.get(f"/guilds/{guild}/threads/active")).json()["threads"]
    member = (await http.get(f"/guilds/{guild}/members/{ada.id}")).json()
    channel = (await http.get(f"/channels/{thread['id']}")).json()
    gateway = (await http.get("/gateway/bot")).json()
    typing = await http.post(f"/channels/{general}/typing")

    assert me["id"] == peer.bot != application["id"]
    assert [place["id"] for place in channels] == [general]
    assert [place["id"] for place in active] == [thread["id"]]
    assert member["user"]["id"] == ada.id
    assert (channel["type"], channel["parent_id"]) == (11, general)
    assert gateway["url"] == peer.gateway.url
    assert typing.status_code == 204
    assert peer.violations == []
