"""What holds for whatever can be pressed, chosen or submitted, whichever families there are: an answer in Discord's
form to whatever comes, before anything outside of the store is touched.

What each of them does is in the tests of its family.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.commands import access, reset
from app.discord.payloads import Callback
from app.presses import ACTIONS
from app.turns.routing import Policy, Refusal
from app.words.door import DEFECT
from scripts.document_commands import runnables
from scripts.playground.discord.checks import check_message
from scripts.playground.discord.modals import check_modal
from tests.commands.rooms import THREAD, wait
from tests.presses.pressing import RUN, WISHES, asking, finished, press, submit
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize("word", ACTIONS)

Scene = Callable[[Door], Awaitable[object]]
IN_CHANNEL = {"id": "200", "type": 0, "parent_id": "40"}
# What the ids of components say behind their first word, in any family; and what nobody ever wrote into one.
MEANT = (
    *("", ":501", ":501:per_1", ":501:per_1:once", ":501:per_1:always", ":501:que_1:0:1", ":501:que_1:1:0"),
    *(":mine:0", ":server:0", ":1"),
)
ODD = (":", ":nobody", ":501:nothing", ":501:que_1:x:y", ":server:99999", ":-1", ":\u0662", f":{'9' * 90}")


async def asked_for_leave(door: Door) -> None:
    await door.machines.make(THREAD)
    await asking(door, RUN)


async def asked_questions(door: Door) -> None:
    await door.machines.make(THREAD)
    await asking(door, WISHES)


async def waiting(door: Door) -> None:
    await wait(door, 501)


SCENES: dict[str, Scene] = {
    "it waits": waiting,
    "it asks for leave": asked_for_leave,
    "it asks questions": asked_questions,
    "it is over": finished,
}


async def sent(door: Door, word: str) -> list[tuple[dict[str, Any], bool]]:
    """In every way that Discord knows, and whether a form came with it."""
    sandbox = await door.shelf.sandbox_of(THREAD)
    marks = [reset.ANY] + ([reset.mark_of(sandbox)] if sandbox else [])
    meant = [*MEANT, *(f":{choice}:{THREAD}:{mark}" for choice in ("do", "keep") for mark in marks)]
    ways: list[tuple[dict[str, Any], bool]] = [(press(f"{word}:501", channel=IN_CHANNEL), False)]
    for subject in meant:
        ways += [(press(word + subject), False), (press(word + subject, values=("0", "7", "x")), False)]
        ways += [(submit(word + subject, prompt="look", question="what?", answer="blue", reason="no"), True)]
    for subject in ODD:
        ways += [(press(f"{word}{subject}"[:100]), False), (submit(f"{word}{subject}"[:100]), True)]
    return ways


def judge(answer: Any, *, is_form: bool) -> None:
    """Raises what Discord would refuse it with."""
    kind, data = Callback(answer["type"]), answer.get("data") or {}
    assert kind in (Callback.MESSAGE, Callback.DEFERRED, Callback.DEFERRED_UPDATE, Callback.UPDATE, Callback.MODAL)
    assert kind is not Callback.MODAL or not is_form
    if kind is Callback.MODAL:
        check_modal(data)
    if kind in (Callback.MESSAGE, Callback.UPDATE):
        assert "allowed_mentions" in data
        assert data["content"].strip()
        assert DEFECT not in data["content"]
        check_message(data, (), limit=1, ephemeral_allowed=True)


@each
@pytest.mark.parametrize("scene", SCENES)
async def test_whatever_is_pressed_is_answered_before_anything_else_is_touched(
    door: Door, word: str, scene: str
) -> None:
    await SCENES[scene](door)
    for payload, is_form in await sent(door, word):
        door.log.clear()

        answer = await door.send(payload)

        judge(answer, is_form=is_form)
        assert door.log[:1] == ["answered"], payload["data"]


STANDS_FOR = [word for word, one in ACTIONS.items() if one.command]


@pytest.mark.parametrize("word", STANDS_FOR)
async def test_a_button_is_for_those_who_may_run_the_command_that_it_stands_for(
    door: Door, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await finished(door)
    door.log.clear()
    monkeypatch.setattr(access, "WHO", (access.Rule(ACTIONS[word].command, access.Who.OPERATOR),))

    for payload, _ in await sent(door, word):
        assert spoken(await door.send(payload)) == (access.Who.OPERATOR.value, True)
    assert set(door.log) == {"answered"}


def test_only_what_an_agent_asked_is_answered_by_buttons_that_stand_for_no_command() -> None:
    paths = {one.path[1:] for one in runnables()}

    assert ACTIONS.keys() - STANDS_FOR == {"allow", "deny", "answer", "choose", "write"}
    assert {ACTIONS[word].command for word in STANDS_FOR} <= paths


@each
async def test_who_is_not_heard_presses_in_vain(door: Door, word: str) -> None:
    await finished(door)
    door.log.clear()
    door.policy = Policy(required_role="77")

    for payload, _ in await sent(door, word):
        assert spoken(await door.send(payload)) == (Refusal.ROLE.value, True)
    assert set(door.log) == {"answered"}
