"""Ways into a thread's machine, for one person each."""

from typing import Any

import pytest
import structlog

from app.commands import preview, ssh
from app.discord.permissions import MANAGE_CHANNELS, MANAGE_GUILD
from app.sandboxes.machine import State
from app.sandboxes.provider import PORT
from app.turns.errors import Refused, Retriable
from app.turns.routing import Policy, Refusal
from app.words.door import NO_THREAD, NOT_NOW
from app.words.machine import NO_MACHINE
from app.words.workspace import LOCAL_PREVIEW, NO_PORT, PORT_ASLEEP, SSH_FOR_APPROVERS, SSH_ROLE_GONE
from tests.commands.choosing import settle
from tests.commands.rooms import IN_THREAD, THREAD, state
from tests.web.door import NOW, Door, spoken, used

pytestmark = pytest.mark.anyio
THINKING = {"type": 5, "data": {"flags": 64}}
COMMANDS: list[tuple[str, dict[str, Any]]] = [("preview", {"port": 3000}), ("ssh", {})]


async def test_a_link_is_shown_to_the_asker_alone_and_says_until_when_it_works(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.listening = {3000}

    answer = await door.send(used("preview", IN_THREAD, port=3000))

    assert answer == THINKING
    assert door.log == ["answered", "preview", "edit"]
    (text,) = door.fake_replies.texts
    assert text.startswith("Port 3000: <https://3000-key.example.org>\n")
    assert f"until <t:{int(NOW) + preview.LINK_SECONDS}:t>" in text
    assert door.fake_replies.aloud == []


async def test_a_link_that_only_this_computer_can_open_says_so(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.listening, door.console.is_local = {3000}, True

    await door.send(used("preview", IN_THREAD, port=3000))

    assert door.fake_replies.texts == [LOCAL_PREVIEW.format(port=3000, url="http://127.0.0.1:3000")]


async def test_a_port_where_nothing_listens_is_told(door: Door) -> None:
    await door.machines.make(THREAD)

    await door.send(used("preview", IN_THREAD, port=3000))

    (text,) = door.fake_replies.texts
    assert text.startswith("Nothing listens on port 3000 in this thread's machine.")


@pytest.mark.parametrize("port", [0, -1, 65_536, 3.5, True, "3000", "web"])
async def test_a_port_is_a_number(door: Door, port: object) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(used("preview", IN_THREAD, port=port))

    assert spoken(answer) == (NO_PORT.format(last=65_535), True)
    assert door.log == ["answered"]


async def test_the_port_of_opencode_is_not_shown(door: Door) -> None:
    await door.machines.make(THREAD)

    answer = await door.send(used("preview", IN_THREAD, port=PORT))

    text, is_private = spoken(answer)
    assert text.startswith("Port 4096 belongs to the machine itself.")
    assert is_private


@pytest.mark.parametrize("before", [State.PAUSED, State.PAUSING, State.ERROR])
async def test_nothing_is_woken_for_a_link_since_nothing_would_run(door: Door, before: State) -> None:
    await door.machines.make(THREAD, before)

    answer = await door.send(used("preview", IN_THREAD, port=3000))

    assert spoken(answer) == (PORT_ASLEEP, True)
    assert await state(door) is before


async def test_a_shell_is_granted_to_the_asker_alone_and_says_until_when(door: Door) -> None:
    await door.machines.make(THREAD, State.PAUSED)

    answer = await door.send(used("ssh", IN_THREAD))

    assert answer == THINKING
    assert door.log == ["answered", "rouse", "ssh", "edit"]
    (text,) = door.fake_replies.texts
    assert text.startswith("```\nssh token@ssh.example.org\n```\n")
    assert f"until <t:{int(NOW) + 60 * ssh.ACCESS_MINUTES}:t>" in text
    assert door.fake_replies.aloud == []
    assert await state(door) is State.ACTIVE


async def test_where_there_is_no_ssh_that_is_said(door: Door) -> None:
    await door.machines.make(THREAD)
    door.console.failure = Refused("There is no ssh here.")

    await door.send(used("ssh", IN_THREAD))

    assert door.fake_replies.texts == ["There is no ssh here."]


@pytest.mark.parametrize("place", ["200", "210"])
async def test_where_an_approver_is_settled_nobody_else_gets_round_them_by_a_shell(door: Door, place: str) -> None:
    await door.machines.make(THREAD, State.PAUSED)
    await settle(door, place, approver="91")
    door.sights.roles = frozenset({"91"})

    answer = await door.send(used("ssh", IN_THREAD))

    assert spoken(answer) == (SSH_FOR_APPROVERS.format(role="91"), True)
    assert door.log == ["answered", "has_role", "edit"]
    assert door.fake_replies.texts == [SSH_FOR_APPROVERS.format(role="91")]
    assert await state(door) is State.PAUSED


@pytest.mark.parametrize(
    ("approver", "permissions"), [("90", 0), ("100", 0), ("91", MANAGE_CHANNELS), ("91", MANAGE_GUILD)]
)
async def test_an_approver_and_who_may_name_one_get_a_shell(door: Door, approver: str, permissions: int) -> None:
    await door.machines.make(THREAD)
    await settle(door, "200", approver=approver)
    asked = used("ssh", IN_THREAD)
    asked["member"]["permissions"] = str(permissions)

    await door.send(asked)

    assert door.fake_replies.texts[0].startswith("```\nssh token@ssh.example.org\n```\n")


async def test_a_shell_is_not_kept_for_a_role_that_was_deleted(door: Door) -> None:
    await door.machines.make(THREAD)
    await settle(door, "200", approver="91")

    await door.send(used("ssh", IN_THREAD))
    await door.send(used("ssh", IN_THREAD))

    refused, granted = door.fake_replies.texts
    assert refused == SSH_ROLE_GONE
    assert granted.startswith("```\nssh token@ssh.example.org\n```\n")


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_a_way_in_is_never_logged(door: Door, command: str, options: dict[str, Any]) -> None:
    await door.machines.make(THREAD)
    door.console.listening = {3000}

    with structlog.testing.capture_logs() as logged:
        await door.send(used(command, IN_THREAD, **options))

    assert [line["by"] for line in logged if str(line["event"]).startswith("sandbox.")] == ["300"]
    assert "example.org" not in str(logged)


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_without_a_machine_there_is_no_way_in(door: Door, command: str, options: dict[str, Any]) -> None:
    answer = await door.send(used(command, IN_THREAD, **options))

    assert spoken(answer) == (NO_MACHINE, True)


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_outside_of_a_thread_there_is_no_machine(door: Door, command: str, options: dict[str, Any]) -> None:
    answer = await door.send(used(command, **options))

    assert spoken(answer) == (NO_THREAD, True)


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_whoever_may_not_ask_gets_no_way_in(door: Door, command: str, options: dict[str, Any]) -> None:
    await door.machines.make(THREAD)
    door.policy = Policy(required_role="91")

    answer = await door.send(used(command, IN_THREAD, **options))

    assert spoken(answer) == (Refusal.ROLE.value, True)
    assert door.log == ["answered"]


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_a_failure_is_told_in_words(door: Door, command: str, options: dict[str, Any]) -> None:
    await door.machines.make(THREAD)
    door.console.failure = Retriable("503")

    await door.send(used(command, IN_THREAD, **options))

    assert door.fake_replies.texts == [NOT_NOW]
