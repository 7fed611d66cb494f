"""What people simply write, heard by the real scheduler on the simulated Gateway and answered by the real app with the
real OpenCode."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.words.asking import HINT
from tests.conversation.stage import Stage, staged

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@asynccontextmanager
async def hearing(folder: Path, provider: str = "local", **settings: str) -> AsyncIterator[Stage]:
    settings.setdefault("RELAY_MODE", "gateway")
    async with staged(folder, provider, running=True, **settings) as stage:
        yield stage
        assert stage.discord.violations == []
        assert "Traceback" not in stage.log()


async def until(stage: Stage, thread: str, answers: int) -> list[str]:
    """What the bot said in the thread, once it is so many messages."""
    await stage.discord.wait_for(lambda: thread in stage.threads(), within=60)
    await stage.discord.wait_for(lambda: len(stage.said(thread)) >= answers, within=60)
    return stage.said(thread)


async def test_a_mention_opens_a_thread_and_there_one_just_writes(tmp_path: Path) -> None:
    async with hearing(tmp_path) as stage:
        thread = await stage.mention("write hello.txt please")
        await until(stage, thread, 1)
        await stage.person.write(thread, "thanks!")
        await stage.person.write(thread, "what did I ask before?")
        await stage.until_said(thread, "write hello.txt please")

        names = [channel["name"] for channel in stage.person.channels() if channel["id"] == thread]
        who = f"alice ({stage.person.id}): "
        prompts = stage.prompts()[-1]
        assert names == ["write hello.txt please"]
        assert [prompt for prompt in prompts if prompt.startswith(who)] == [
            f"{who}write hello.txt please",
            f"{who}what did I ask before?",
        ]


async def test_who_only_mentions_the_bot_is_told_what_to_say(tmp_path: Path) -> None:
    async with hearing(tmp_path) as stage:
        written = await stage.mention("")
        await stage.discord.wait_for(lambda: stage.said(stage.channel), within=20)

        (hint,) = [one for one in stage.person.messages(stage.channel) if one["author"]["id"] != stage.person.id]
        assert hint["content"] == HINT
        assert hint["message_reference"]["message_id"] == written
        assert stage.threads() == []


@pytest.mark.parametrize("provider", ["local", "daytona"])
async def test_a_machine_follows_its_thread(tmp_path: Path, provider: str) -> None:
    async with hearing(tmp_path, provider) as stage:
        thread = await stage.mention("say hello")
        await until(stage, thread, 1)
        moderator = stage.discord.add_person("moderator", permissions=1 << 34)
        await stage.until_over(thread)

        await moderator.change_thread(thread, archived=True)
        await paused(stage)
        await stage.person.write(thread, "what did I ask before?")
        said = await until(stage, thread, 2)
        await stage.until_over(thread)
        await moderator.delete_thread(thread)
        await stage.discord.wait_for(lambda: not stage.homes, within=30)

        assert "say hello" in said[1]


async def paused(stage: Stage) -> None:
    async with asyncio.timeout(30):
        while '"sandbox.paused"' not in stage.log():  # noqa: ASYNC110 - it is said in a file
            await asyncio.sleep(0.05)


async def test_what_waits_can_still_be_changed_and_taken_back(tmp_path: Path) -> None:
    async with hearing(tmp_path) as stage:
        thread = await stage.mention("!slow 6")
        await stage.discord.wait_for(lambda: len(stage.model.requests) > 0, within=60)
        changed = await stage.mention("make tea", thread)
        taken_back = await stage.mention("make soup", thread)
        await stage.person.edit(thread, changed, f"<@{stage.discord.application_id}> make coffee")
        await stage.person.delete(thread, taken_back)
        await until(stage, thread, 2)
        await stage.mention("what now?", thread)
        await until(stage, thread, 3)

        asked = " ".join(stage.prompts()[-1])
        assert "make coffee" in asked
        assert "make tea" not in asked
        assert "make soup" not in asked


async def test_without_a_websocket_messages_are_read_on_the_clock(tmp_path: Path) -> None:
    async with hearing(tmp_path, RELAY_MODE="poll") as stage:
        thread = await stage.mention("say hello")
        await stage.job("catch-up")
        await until(stage, thread, 1)
        await stage.person.write(thread, "what did I ask before?")
        await stage.job("catch-up")
        said = await until(stage, thread, 2)

        assert "say hello" in said[1]
        assert stage.discord.world.identifies == 0


async def test_a_quick_model_names_threads_and_says_what_is_not_for_us(tmp_path: Path) -> None:
    async with hearing(tmp_path, TURN_ROUTING_MODE="ai", OPENCODE_ZEN_API_KEY="sk-scripted") as stage:
        stage.settings["OPENCODE_ZEN_BASE_URL"] = stage.model.url
        await stage.stop()
        await stage.start()
        thread = await stage.mention("say hello to everybody who is here today")
        await until(stage, thread, 1)
        await stage.person.write(thread, "the weather on tuesday, and lunch with bob")
        await stage.person.write(thread, "the weather on wednesday, and rain")
        said = await until(stage, thread, 2)

        names = [channel["name"] for channel in stage.person.channels() if channel["id"] == thread]
        assert len(names[0].split()) == 4
        assert "wednesday" in said[1]


async def test_the_app_is_ready_only_while_somebody_listens(tmp_path: Path) -> None:
    async with staged(tmp_path, running=False, RELAY_MODE="gateway") as stage, httpx.AsyncClient() as http:
        stage.app = stage._launch("app")
        ready = f"http://127.0.0.1:{stage.port}/readyz"
        async with asyncio.timeout(60):
            while True:
                try:
                    deaf = await http.get(ready)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

        stage.listen()
        await stage.until_ready()

        assert deaf.status_code == 503
        assert "python -m scheduler" in deaf.json()["why"]
