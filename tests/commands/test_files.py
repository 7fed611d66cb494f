"""Looking into a machine's workspace."""

from typing import Any

import pytest

from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.text import units
from app.sandboxes.machine import State
from app.turns.errors import Retriable
from app.turns.routing import Policy, Refusal
from app.words.door import NO_THREAD, NOT_NOW
from app.words.machine import NO_MACHINE
from app.words.workspace import NO_PATH, OUTSIDE
from tests.commands.groups import used_of
from tests.commands.rooms import IN_THREAD, THREAD, state
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio
THINKING = {"type": 5, "data": {"flags": 64}}
SUBCOMMANDS: list[tuple[str, dict[str, Any]]] = [("list", {}), ("get", {"path": "a.txt"})]


async def test_a_folder_is_shown_with_its_sizes_to_the_asker_alone(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.files = {"src/main.py": b"x" * 1_234, "src/lib/util.py": b"", "README.md": b"hello"}

    answer = await door.send(used_of("files", "list", IN_THREAD))

    assert answer == THINKING
    assert door.log == ["answered", "rouse", "list", "edit"]
    assert door.fake_replies.texts == [
        "The workspace: 2 files and folders.\n```\n5 bytes  README.md\n         src/\n```"
    ]


async def test_a_folder_below_is_shown_too(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.files = {"src/main.py": b"x" * 1_234}

    await door.send(used_of("files", "list", IN_THREAD, path="./src/"))

    assert door.fake_replies.texts == ["`src`: 1 file.\n```\n1.2 kB  main.py\n```"]


async def test_a_folder_with_nothing_but_a_folder_says_so(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.files = {"src/lib/util.py": b"x"}

    await door.send(used_of("files", "list", IN_THREAD, path="src"))

    assert door.fake_replies.texts == ["`src`: 1 folder.\n```\n  lib/\n```"]


async def test_an_empty_workspace_is_told_as_that(door: Door) -> None:
    await door.machines.make(THREAD)

    await door.send(used_of("files", "list", IN_THREAD))

    assert door.fake_replies.texts == ["The workspace: nothing."]


async def test_what_does_not_fit_into_a_message_comes_as_a_file(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.files = {f"{number:04}.txt": b"x" for number in range(1_200)}

    await door.send(used_of("files", "list", IN_THREAD))

    (text,), (file,) = door.fake_replies.texts, door.fake_replies.files
    assert text == "The workspace: 1200 files and folders. These are the first 1000. The file has all of them."
    assert units(text) <= CONTENT
    assert file.content.decode().splitlines()[-1] == "1 byte  0999.txt"


async def test_a_name_is_shown_as_it_is_and_breaks_nothing(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.files = {"a```\n@everyone\u202etxt": b"x"}

    await door.send(used_of("files", "list", IN_THREAD))

    (text,) = door.fake_replies.texts
    assert text.count("```") == 2
    assert text.splitlines()[2].endswith("␊@everyone\\u{202e}txt")


async def test_a_file_is_attached(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.files = {"src/main.py": b"print()"}

    answer = await door.send(used_of("files", "get", IN_THREAD, path="src/main.py"))

    assert answer == THINKING
    assert door.log == ["answered", "rouse", "get", "edit"]
    assert door.fake_replies.texts == ["`src/main.py`, 7 bytes"]
    assert [(file.name, file.content) for file in door.fake_replies.files] == [("main.py", b"print()")]


@pytest.mark.parametrize(
    ("subcommand", "path", "words"),
    [
        ("list", "lib", "There is no folder `lib` in the workspace."),
        ("list", "src/main.py", "`src/main.py` is a file."),
        ("get", "main.py", "There is no file `main.py` in the workspace."),
        ("get", "src", "`src` is a folder."),
        ("get", "src/empty", "`src/empty` is empty: there is nothing to attach."),
        ("get", "src/film", "`src/film` is larger than what Discord takes as a file (10 MB)."),
    ],
)
async def test_what_cannot_be_shown_is_told(door: Door, subcommand: str, path: str, words: str) -> None:
    await door.machines.make(THREAD)
    door.console.files = {"src/main.py": b"print()", "src/empty": b"", "src/film": b"x" * (FILE_BYTES + 1)}

    await door.send(used_of("files", subcommand, IN_THREAD, path=path))

    (text,) = door.fake_replies.texts
    assert text.startswith(words)
    assert door.fake_replies.files == []


@pytest.mark.parametrize("subcommand", ["list", "get"])
@pytest.mark.parametrize("path", ["/etc/passwd", "../secret", "src/../../secret", "~/.ssh"])
async def test_nothing_outside_of_the_workspace_is_shown(door: Door, subcommand: str, path: str) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(used_of("files", subcommand, IN_THREAD, path=path))

    assert spoken(answer) == (OUTSIDE, True)
    assert door.log == ["answered"]


@pytest.mark.parametrize("path", [" ", ".", "./"])
async def test_the_workspace_itself_is_no_file(door: Door, path: str) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(used_of("files", "get", IN_THREAD, path=path))

    assert spoken(answer) == (NO_PATH, True)


@pytest.mark.parametrize(("subcommand", "options"), SUBCOMMANDS)
async def test_a_machine_that_sleeps_is_woken_for_it(door: Door, subcommand: str, options: dict[str, Any]) -> None:
    await door.machines.make(THREAD, State.PAUSED)
    door.console.files = {"a.txt": b"x"}

    await door.send(used_of("files", subcommand, IN_THREAD, **options))

    assert await state(door) is State.ACTIVE
    assert "a.txt" in door.fake_replies.texts[0]


@pytest.mark.parametrize(("subcommand", "options"), SUBCOMMANDS)
async def test_without_a_machine_there_is_nothing_to_show(door: Door, subcommand: str, options: dict[str, Any]) -> None:
    answer = await door.send(used_of("files", subcommand, IN_THREAD, **options))

    assert spoken(answer) == (NO_MACHINE, True)
    assert door.log == ["answered"]


@pytest.mark.parametrize(("subcommand", "options"), SUBCOMMANDS)
async def test_a_machine_that_goes_meanwhile_is_told_as_gone(
    door: Door, subcommand: str, options: dict[str, Any]
) -> None:
    await door.machines.make(THREAD)

    async def destroy(answer: object) -> None:
        await door.machines.destroy(THREAD)

    door.before_work = destroy
    await door.send(used_of("files", subcommand, IN_THREAD, **options))

    assert door.fake_replies.texts == [NO_MACHINE]


@pytest.mark.parametrize(("subcommand", "options"), SUBCOMMANDS)
async def test_a_machine_that_fails_is_told_in_words(door: Door, subcommand: str, options: dict[str, Any]) -> None:
    await door.machines.make(THREAD)
    door.console.failure = Retriable("503")

    await door.send(used_of("files", subcommand, IN_THREAD, **options))

    assert door.fake_replies.texts == [NOT_NOW]


@pytest.mark.parametrize(("subcommand", "options"), SUBCOMMANDS)
async def test_outside_of_a_thread_there_are_no_files(door: Door, subcommand: str, options: dict[str, Any]) -> None:
    answer = await door.send(used_of("files", subcommand, **options))

    assert spoken(answer) == (NO_THREAD, True)


@pytest.mark.parametrize(("subcommand", "options"), SUBCOMMANDS)
async def test_whoever_may_not_ask_sees_no_files(door: Door, subcommand: str, options: dict[str, Any]) -> None:
    await door.machines.make(THREAD)
    door.policy = Policy(required_role="91")

    answer = await door.send(used_of("files", subcommand, IN_THREAD, **options))

    assert spoken(answer) == (Refusal.ROLE.value, True)
    assert door.log == ["answered"]
