"""The commands by which people reach into a machine, with the real OpenCode in a real one; the same on every
provider."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.words.workspace import PORT_ASLEEP
from scripts.playground.discord import Person
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Message
from tests.conversation.stage import PATIENCE, Stage, free_port, staged
from tests.fakes.ssh import behind_ssh

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
PORT = free_port()
SITE = f"setsid {sys.executable} -m http.server {PORT} --bind 127.0.0.1 --directory src >/dev/null 2>&1 </dev/null &"


@pytest.fixture(scope="module", params=["local", "daytona"])
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    shop = origin(tmp_path_factory.mktemp("git"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{behind_ssh(shop)}{os.pathsep}{os.environ['PATH']}")  # machines see it too
        async with staged(tmp_path_factory.mktemp("stage"), request.param) as made:
            yield made
            assert not made.discord.offences, "\n".join(made.discord.offences)
            assert "Traceback" not in made.log()


@pytest.fixture(scope="module")
async def operator(stage: Stage) -> Person:
    return stage.discord.add_person("olga", permissions=May.MANAGE_GUILD)


@pytest.fixture(scope="module")
async def thread(stage: Stage) -> str:
    """A thread with a file in its workspace, and a server that shows it."""
    thread = await stage.ask(f"!bash mkdir src && echo hello > src/index.html; {SITE}\n!say It runs.")
    await stage.until_said(thread, "It runs.")
    return thread


async def answered(stage: Stage, thread: str, options: dict[str, Any], who: Person | None = None) -> Message:
    """What the command says in the end."""
    sent = await (who or stage.person).command(thread, "opencord", options)
    await sent.wait_message(within=PATIENCE)
    assert sent.original is not None
    return sent.original


async def whispered(stage: Stage, thread: str, options: dict[str, Any], who: Person | None = None) -> Message:
    """The same, and nobody else sees it."""
    message = await answered(stage, thread, options, who)
    assert message.visible_to == (who or stage.person).id
    return message


async def test_what_the_agent_made_is_listed_and_got(stage: Stage, thread: str) -> None:
    listed = await whispered(stage, thread, {"files": {"list": {"path": "src"}}})
    got = await whispered(stage, thread, {"files": {"get": {"path": "src/index.html"}}})

    assert listed.content == "`src`: 1 file.\n```\n6 bytes  index.html\n```"
    assert [(file.upload.filename, file.upload.content) for file in got.attachments] == [("index.html", b"hello\n")]


async def test_what_runs_in_the_machine_is_seen_through_the_link(stage: Stage, thread: str) -> None:
    linked = await whispered(stage, thread, {"preview": {"port": PORT}})
    nothing = await whispered(stage, thread, {"preview": {"port": free_port()}})

    found = re.search(r"<(http://\S+)>", linked.content)
    assert found is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(f"{found[1]}/index.html")
    assert page.text == "hello\n"
    assert "Nothing listens on port" in nothing.content
    assert found[1] not in stage.log()


async def test_ssh_is_granted_or_told_to_be_missing(stage: Stage, thread: str) -> None:
    granted = await whispered(stage, thread, {"ssh": {}})

    if stage.daytona is None:
        assert granted.content.startswith("There is no ssh here")
    else:
        assert granted.content.startswith("```\nssh ")
        assert granted.content.splitlines()[1] not in stage.log()


async def test_an_operator_runs_commands_and_reads_the_log(stage: Stage, thread: str, operator: Person) -> None:
    command = 'cat src/index.html; echo "${OPENCODE_SERVER_PASSWORD-no} password"; exit 3'

    ran = await whispered(stage, thread, {"admin": {"shell": {"command": command}}}, operator)
    log = await whispered(stage, thread, {"admin": {"logs": {"lines": 5}}}, operator)
    refused = await whispered(stage, thread, {"admin": {"shell": {"command": "id"}}})

    assert ran.content == "Exit code 3.\n```\nhello\nno password\n```"
    shown = log.content + "".join(file.upload.content.decode() for file in log.attachments)
    assert "INFO" in shown or "service=" in shown
    assert refused.content.startswith("Only people with the operators' role")


async def test_a_machine_that_sleeps_is_woken_for_its_files_and_has_nothing_to_preview(
    stage: Stage, thread: str
) -> None:
    await whispered(stage, thread, {"pause": {}})

    asleep = await whispered(stage, thread, {"preview": {"port": PORT}})
    listed = await whispered(stage, thread, {"files": {"list": {}}})
    nothing = await whispered(stage, thread, {"preview": {"port": PORT}})

    assert asleep.content == PORT_ASLEEP
    assert "src/" in listed.content
    assert "Nothing listens on port" in nothing.content


def origin(folder: Path) -> Path:
    """A repository with a branch beside its own."""
    place = folder / "shop"
    place.mkdir()
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@localhost", "-C", str(place))
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("commit", "--quiet", "--allow-empty", "-m", "One"),
        ("checkout", "--quiet", "-b", "next"),
        ("commit", "--quiet", "--allow-empty", "-m", "Two"),
        ("checkout", "--quiet", "main"),
    ):
        subprocess.run([*git, *arguments], check=True)
    return place


async def test_a_branch_that_is_not_there_is_told_and_the_right_one_is_cloned(stage: Stage) -> None:
    repository = "git@example.org:shop"
    thread = await stage.ask("!say Nothing yet.")
    await stage.until_said(thread, "Nothing yet.")
    await stage.until_over(thread)
    await answered(stage, thread, {"config": {"thread": {"repository": repository, "branch": "nowhere"}}})
    await whispered(stage, thread, {"reset": {}})

    before = len(stage.statuses(thread))
    await stage.ask("!say Never said.", thread)
    await stage.discord.wait_for(lambda: len(stage.statuses(thread)) > before, within=PATIENCE)
    await stage.until_over(thread)
    looked = await whispered(stage, thread, {"files": {"list": {}}})
    await answered(stage, thread, {"config": {"thread": {"branch": "next"}}})
    await stage.ask("!bash git log -1 --format=%s%D > said.txt\n!say Cloned.", thread)
    await stage.until_said(thread, "Cloned.")
    ran = await whispered(stage, thread, {"files": {"get": {"path": "said.txt"}}})

    everything = "\n".join(str(message["content"]) for message in stage.posted(thread))
    assert "could not clone the repository: it has no such branch" in everything
    assert "/opencord config thread" in everything
    assert "Never said." not in stage.said(thread)
    assert "it has no such branch" in looked.content
    assert ran.attachments[0].upload.content.startswith(b"TwoHEAD -> next")
