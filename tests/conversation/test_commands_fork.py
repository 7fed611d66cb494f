"""Forks, with the real OpenCode and the real git: what was said and what was made goes on in another thread, on another
machine, and nothing changes in the one that it comes from."""

import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.commands import continue_here
from scripts.playground.discord import Overwrite
from scripts.playground.discord.components import walk
from scripts.playground.discord.interactions import Interaction
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, Message
from tests.conversation.acting import Scene
from tests.conversation.stage import PATIENCE, text_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

BEGIN = (
    "!write shop.py price = 12\\n\n!bash git add -A && git commit -qm 'The shop' && git checkout -qb sale && "
    "echo 'price = 10' > shop.py && head -c 5000 /dev/urandom > logo.bin\n!say The shop is open."
)


@dataclass(slots=True)
class Forked:
    """A thread that was forked from a scene's own."""

    scene: Scene
    channel: Channel

    @property
    def workspace(self) -> Path:
        return workspace_of(self.scene, self.channel.id)

    @property
    def texts(self) -> list[str]:
        return [m.content for m in self.channel.messages.values() if m.content and not m.visible_to]

    async def until_over(self) -> None:
        await self.scene.people.stage.discord.wait_for(lambda: not self.is_live, within=PATIENCE)

    @property
    def is_live(self) -> bool:
        buttons = [part for m in self.channel.messages.values() for _, part in walk(m.components)]
        return any(str(part.get("custom_id")).startswith("stop:") for part in buttons)

    async def until(self, *words: str) -> str:
        """All of them are said somewhere in the thread: everything that is."""
        discord = self.scene.people.stage.discord
        await discord.wait_for(lambda: all(word in "\n".join(self.texts) for word in words), within=PATIENCE)
        return "\n".join(self.texts)

    async def ask(self, words: str, means: str) -> list[str]:
        """What the model was shown with that question: what people said, as it knows it."""
        self.scene.plays(words, means)
        await self.scene.people.alice.write(self.channel.id, words)
        await self.until(means.partition("!say ")[2])
        asked = [
            [text_of(message) for message in body["messages"] if message["role"] != "system"]
            for body in self.scene.people.stage.model.requests
        ]
        return next(texts for texts in reversed(asked) if any(words in text for text in texts))


def workspace_of(scene: Scene, thread: str) -> Path:
    return scene.people.stage.machines / f"opencord-{thread}" / "home" / "workspace"


def git(workspace: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(workspace), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@asynccontextmanager
async def forked(scene: Scene, sent: Interaction, before: Sequence[str]) -> AsyncIterator[Forked]:
    """The thread that comes of it, until the block ends."""
    discord, channels = scene.people.stage.discord, scene.people.stage.discord.world.channels
    await sent.response()
    await discord.wait_for(lambda: len(channels) > len(before), within=PATIENCE)
    (made,) = set(channels) - set(before)
    try:
        yield Forked(scene, channels[made])
    finally:
        await Forked(scene, channels[made]).until_over()
        discord.forgive(f"/channels/{made}/messages/[0-9]+: 404 10003")  # an edit that comes too late is made good
        await scene.people.warden.delete_thread(made)
        await discord.wait_for(lambda: not workspace_of(scene, made).exists(), within=PATIENCE)


def fork(scene: Scene, **options: str) -> "Forking":
    return Forking(scene, "opencord", {"fork": options})


def continue_from(scene: Scene, message: Message) -> "Forking":
    return Forking(scene, continue_here.REGISTRATION["name"], (), message)


class Forking:
    """A command of alice's in the scene's thread."""

    def __init__(self, scene: Scene, name: str, options: object, message: Message | None = None) -> None:
        self._scene, self._name, self._options, self._message = scene, name, options, message

    async def begin(self) -> Interaction:
        assert self._scene.thread is not None
        alice, place = self._scene.people.alice, self._scene.thread.id
        if self._message is None:
            return await alice.command(place, self._name, self._options)  # type: ignore[arg-type]
        kind = continue_here.REGISTRATION["type"]
        return await alice.command(place, self._name, type=kind, target=self._message.id)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Forked, Interaction]]:
        before = list(self._scene.people.stage.discord.world.channels)
        sent = await self.begin()
        async with forked(self._scene, sent, before) as made:
            yield made, sent


async def test_a_fork_has_the_conversation_the_commits_and_what_is_not_committed(thread: Scene) -> None:
    await thread.mention("open a shop", means=BEGIN)
    await thread.over()
    assert thread.thread is not None
    old = workspace_of(thread, thread.thread.id)
    before = git(old, "status", "--porcelain"), git(old, "for-each-ref")

    async with fork(thread).opened() as (made, sent):
        said = await made.until("Files:", "**Done**")
        shown = await made.ask("what does it cost?", "!bash cat shop.py\n!say It costs that.")

        assert f"discord.com/channels/{thread.people.stage.discord.world.guild}/{thread.thread.id}" in said
        assert "alice forked this from" in said
        assert "Conversation: 1 question, as it was." in said
        assert f"Files: branch `sale` at `{git(old, 'rev-parse', '--short=7', 'HEAD')}`, 2 files uncommitted." in said
        assert any("open a shop" in text for text in shown)
        assert any("The shop is open." in text for text in shown)
        assert "price = 10" in "\n".join(shown)
        new = made.workspace
        assert git(new, "log", "--format=%s", "-n", "1") == "The shop"
        assert git(new, "symbolic-ref", "--short", "HEAD") == "sale"
        await made.ask("a dearer one please", "!edit shop.py 10 => 14\n!say It costs 14.")
        await made.until_over()
        assert (new / "shop.py").read_text() == "price = 14\n"
        undone = await thread.people.alice.command(made.channel.id, "opencord", {"undo": {}})
        await undone.response()
        await made.until("took the last question back")
        assert (new / "shop.py").read_text() == "price = 10\n"
        assert (new / "logo.bin").read_bytes() == (old / "logo.bin").read_bytes()
        assert (git(old, "status", "--porcelain"), git(old, "for-each-ref")) == before
        assert sent.original is not None
        assert f"<#{made.channel.id}>" in sent.original.content
        assert sent.original.visible_to == thread.people.alice.id
        lines = [m.content for m in thread.thread.messages.values() if "forked this thread" in m.content]
        assert lines == [f"-# 🍴 **alice** forked this thread: <#{made.channel.id}>"]

    shown = await Forked(thread, thread.thread).ask("and here?", "!say Here as well.")
    assert not any("what does it cost?" in text for text in shown)


async def test_a_fork_is_asked_something_at_once_and_has_the_settings_of_its_thread(thread: Scene) -> None:
    await thread.mention("open a shop", means=BEGIN)
    await thread.over()
    await thread.command("verbosity", level="quiet")
    await thread.command("pause")
    thread.plays("count the cakes", "!say There are three cakes.")

    async with fork(thread, prompt="count the cakes").opened() as (made, _):
        said = await made.until("There are three cakes.", "**Done**")

        assert said.index("Conversation: 1 question") < said.index("There are three cakes.")
        asked = [body for body in thread.people.stage.model.requests if "count the cakes" in str(body["messages"][-1])]
        assert "open a shop" in str(asked[-1]["messages"])
        chosen = await thread.people.alice.command(made.channel.id, "opencord", {"verbosity": {}})
        await chosen.response()
        await chosen.wait_message(within=PATIENCE)
        assert chosen.original is not None
        assert "quiet" in chosen.original.content


async def test_what_is_asked_again_in_the_fork_of_a_private_thread_stays_in_there(thread: Scene) -> None:
    people, discord = thread.people, thread.people.stage.discord
    general, before = discord.channel("general"), set(discord.world.channels)
    thread.plays("keep it quiet", "!say Not a word.")
    thread.plays("tell nobody", "!fail 401 1\n!say It stays here.")
    sent = await people.alice.command(general.id, "opencord", {"ask": {"prompt": "keep it quiet", "private": True}})
    await sent.response()
    await discord.wait_for(lambda: len(discord.world.channels) > len(before), within=PATIENCE)
    thread.thread = discord.world.channels[(set(discord.world.channels) - before).pop()]
    await thread.look("Not a word.")
    await thread.over()
    beside = list(general.messages)

    async with fork(thread, prompt="tell nobody").opened() as (made, _):
        await made.until("**Failed**")
        await Scene(people, thread.name, made.channel).press("Retry")
        said = await made.until("It stays here.")

        assert said.count("**alice** asked:\n> tell nobody") == 1
        assert said.count("Conversation: 1 question") == 1
        assert made.channel.id not in {channel["id"] for channel in people.bob.channels()}
        assert list(general.messages) == beside


async def test_what_was_asked_later_stays_behind_and_the_files_are_as_they_were_then(thread: Scene) -> None:
    await thread.mention("open a shop", means=BEGIN)
    await thread.over()
    answer = thread.newest("The shop is open.")
    await thread.write("close it please", means="!bash git add -A; git commit -qm later; rm shop.py\n!say It is shut.")
    await thread.over()

    async with continue_from(thread, answer).opened() as (made, _):
        said = await made.until("Files:", "**Done**")
        shown = await made.ask("what is open?", "!bash cat shop.py\n!say That is.")

        assert "forked this up to" in said
        assert "Conversation: 1 question, as it was." in said
        assert "uncommitted, as they were at that message." in said
        assert not any("close it please" in text for text in shown)
        assert (made.workspace / "shop.py").read_text() == "price = 10\n"
        await made.ask("and again?", "!say And again.")
        again = Scene(thread.people, thread.name, made.channel)

        async with continue_from(again, again.newest("That is.")).opened() as (second, _):
            said = await second.until("Files:", "**Done**")
            shown = await second.ask("and now?", "!say Now what.")

            assert "Conversation: 2 questions, as it was." in said
            assert any("open a shop" in text for text in shown)
            assert not any("and again?" in text for text in shown)


async def test_a_thread_whose_machine_is_gone_is_forked_with_what_stands_in_it(thread: Scene) -> None:
    await thread.mention("open a shop", means=BEGIN)
    await thread.over()
    await thread.command("reset")
    await thread.press("Reset")
    await thread.look("reset the machine")

    async with fork(thread).opened() as (made, _):
        said = await made.until("Files:", "**Done**")
        shown = await made.ask("who are you?", "!say I am new.")

        assert "Conversation: not as it was, since the machine of that thread is gone." in said
        assert "OpenCode was told what was said there lately." in said
        assert "Files: none, since the machine of that thread is gone." in said
        assert any("OpenCode: The shop is open." in text for text in shown)


async def test_what_is_at_work_is_left_out_and_goes_on(thread: Scene) -> None:
    await thread.mention("open a shop", means=BEGIN)
    await thread.over()
    thread.people.hold()
    await thread.write("run the tests", means="!bash npm test\n!say All 12 tests pass.")
    await thread.look("Running")

    async with fork(thread).opened() as (made, _):
        said = await made.until("Files:", "**Done**")
        thread.people.release()
        await thread.over()

        assert "Conversation: 1 question, as it was; without what is at work there now." in said
        assert thread.newest("All 12 tests pass.")


async def test_where_no_thread_may_be_opened_only_the_asker_hears_of_it(thread: Scene) -> None:
    discord = thread.people.stage.discord
    await thread.mention("what time is it?", means="!say Time for tea.")
    await thread.over()
    assert thread.thread is not None
    general, old = discord.channel("general"), thread.thread
    before = list(general.messages), list(old.messages), list(discord.world.channels)
    bot = discord.application_id
    general.overwrites[bot] = Overwrite(bot, 1, deny=int(May.CREATE_PUBLIC_THREADS))
    discord.forgive("/threads: 403 50013")

    try:
        sent = await fork(thread).begin()
        await sent.response()
        await discord.wait_for(lambda: sent.original is not None and sent.original.content, within=PATIENCE)
    finally:
        del general.overwrites[bot]

    assert sent.original is not None
    assert sent.original.visible_to == thread.people.alice.id
    assert "Create Public Threads" in sent.original.content
    assert [m for m in old.messages if m not in before[1]] == [sent.original.id]
    assert (list(general.messages), list(discord.world.channels)) == (before[0], before[2])


async def test_a_fork_that_the_app_dies_over_is_made_once(thread: Scene) -> None:
    stage = thread.people.stage
    await thread.mention("open a shop", means=BEGIN)
    await thread.over()

    async with fork(thread).opened() as (made, _):
        await made.until("Moving in")
        stage.kill()
        await stage.start()
        said = await made.until("Files:", "**Done**")

        assert said.count("Files: branch") == 1
        assert "Conversation: 1 question, as it was." in said
        assert thread.thread is not None
        lines = [m for m in thread.thread.messages.values() if "forked this thread" in m.content]
        assert len(lines) == 1
