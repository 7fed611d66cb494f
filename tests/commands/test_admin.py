"""A machine in the hands of whoever looks after the bot."""

from typing import Any

import pytest

from app.commands import admin
from app.commands.access import Who
from app.discord.permissions import ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_GUILD
from app.sandboxes.console import Ran
from app.sandboxes.machine import State
from app.sandboxes.provider import Overdue
from app.turns.errors import Retriable
from app.turns.routing import Policy, Refusal
from app.words.door import NO_THREAD, NOT_NOW, UNKNOWN_OPTION
from app.words.machine import NO_MACHINE
from app.words.workspace import NO_COMMAND_LINE, NO_LOG, SHELL_TOO_SLOW
from tests.commands.groups import by, used_of
from tests.commands.rooms import IN_THREAD, THREAD, state
from tests.web.door import OPERATORS, Door, spoken

pytestmark = pytest.mark.anyio
THINKING = {"type": 5, "data": {"flags": 64}}


def shell(command: object = "git status", channel: dict[str, Any] | None = IN_THREAD) -> dict[str, Any]:
    return by(used_of("admin", "shell", channel, command=command), roles=(OPERATORS,))


def logs(channel: dict[str, Any] | None = IN_THREAD, **options: object) -> dict[str, Any]:
    return by(used_of("admin", "logs", channel, **options), roles=(OPERATORS,))


async def test_a_command_is_run_and_what_it_says_is_shown_to_the_asker_alone(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.said = Ran(3, "one\ntwo\n", is_cut=False)

    answer = await door.send(shell("make test"))

    assert answer == THINKING
    assert door.log == ["answered", "rouse", "run", "edit"]
    assert door.console.lines == ["make test"]
    assert door.fake_replies.texts == ["Exit code 3.\n```\none\ntwo\n```"]


async def test_a_command_that_says_nothing_is_told_as_that(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.said = Ran(0, "\n", is_cut=False)

    await door.send(shell())

    assert door.fake_replies.texts == ["Exit code 0. It said nothing."]


@pytest.mark.parametrize("output", ["x" * 3_000, "a ``` b", "\x1b[31mred\x1b[0m", "\ufffd" * 2**21])
async def test_what_cannot_be_shown_as_it_is_comes_as_a_file(door: Door, output: str) -> None:
    await door.machines.make(THREAD)
    door.console.said = Ran(0, output, is_cut=False)

    await door.send(shell())

    assert door.fake_replies.texts == ["Exit code 0. See the file."]
    assert [(file.name, file.content.decode()) for file in door.fake_replies.files] == [("output.txt", output)]


async def test_what_is_too_much_to_be_kept_is_told(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.said = Ran(0, "x" * 3_000, is_cut=True)

    await door.send(shell())

    (text,) = door.fake_replies.texts
    assert text == "Exit code 0. It said too much: only the first 4 MB were kept. See the file."


async def test_a_command_that_takes_too_long_is_told(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.failure = Overdue(60)

    await door.send(shell("sleep 100"))

    assert door.fake_replies.texts == [SHELL_TOO_SLOW.format(seconds=60)]


async def test_the_last_lines_of_the_log_are_shown(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.logged = "".join(f"line {number}\n" for number in range(100))

    await door.send(logs(lines=2))
    await door.send(logs())

    first, second = door.fake_replies.texts
    assert first == "The last lines of OpenCode's log.\n```\nline 98\nline 99\n```"
    assert second.count("line ") == admin.LINES


async def test_without_a_log_that_is_said(door: Door) -> None:
    await door.machines.make(THREAD)

    await door.send(logs())

    assert door.fake_replies.texts == [NO_LOG]


@pytest.mark.parametrize("sent", [shell(), logs()])
@pytest.mark.parametrize(
    ("permissions", "roles"), [(0, (OPERATORS,)), (MANAGE_GUILD, ()), (ADMINISTRATOR, ()), (ADMINISTRATOR, ("90",))]
)
async def test_operators_and_who_may_manage_the_server_may(
    door: Door, sent: dict[str, Any], permissions: int, roles: tuple[str, ...]
) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(by(sent, permissions=permissions, roles=roles))

    assert answer == THINKING


@pytest.mark.parametrize("sent", [shell(), logs()])
@pytest.mark.parametrize("permissions", [0, MANAGE_CHANNELS])
async def test_others_may_not(door: Door, sent: dict[str, Any], permissions: int) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(by(sent, permissions=permissions, roles=("90",)))

    assert spoken(answer) == (Who.OPERATOR.value, True)
    assert door.log == ["answered"]


async def test_an_operator_who_is_not_heard_here_may_not_either(door: Door) -> None:
    await door.machines.make(THREAD)
    door.policy = Policy(required_role="91")

    answer = await door.send(shell())

    assert spoken(answer) == (Refusal.ROLE.value, True)


@pytest.mark.parametrize("command", ["", "  \n ", "\u200b", "a\0b"])
async def test_nothing_is_no_command(door: Door, command: str) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(shell(command))

    assert spoken(answer) == (NO_COMMAND_LINE, True)


@pytest.mark.parametrize("lines", [0, -1, 1_001, "ten", True, 1.5])
async def test_a_number_of_lines_is_one(door: Door, lines: object) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(logs(lines=lines))

    assert spoken(answer) == (UNKNOWN_OPTION, True)


@pytest.mark.parametrize("sent", [shell(), logs()])
async def test_a_machine_that_sleeps_is_woken_for_it(door: Door, sent: dict[str, Any]) -> None:
    await door.machines.make(THREAD, State.PAUSED)

    await door.send(sent)

    assert await state(door) is State.ACTIVE


@pytest.mark.parametrize("sent", [shell(), logs()])
async def test_without_a_machine_there_is_nothing_to_do(door: Door, sent: dict[str, Any]) -> None:
    answer = await door.send(sent)

    assert spoken(answer) == (NO_MACHINE, True)


@pytest.mark.parametrize("sent", [shell(channel=None), logs(None)])
async def test_outside_of_a_thread_there_is_no_machine(door: Door, sent: dict[str, Any]) -> None:
    answer = await door.send(sent)

    assert spoken(answer) == (NO_THREAD, True)


@pytest.mark.parametrize("sent", [shell(), logs()])
async def test_a_failure_is_told_in_words(door: Door, sent: dict[str, Any]) -> None:
    await door.machines.make(THREAD)
    door.console.failure = Retriable("503")

    await door.send(sent)

    assert door.fake_replies.texts == [NOT_NOW]
