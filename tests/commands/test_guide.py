"""What `docs/commands.md` says of the commands beside their registrations is what happens: every example runs, where
and before whom the page says."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from app.commands import admin, preview, ssh
from app.discord.payloads import Callback, Flag
from app.sandboxes.machine import State
from app.words.door import NO_THREAD, NOT_HERE
from app.words.settings import ONLY_IN_THREADS
from scripts.command_guide import GUIDE, Guide, Seen, Where
from scripts.document_commands import Runnable, page
from tests.commands.invoking import ALL, IN_CHANNEL, asked, by_operator
from tests.commands.rooms import IN_THREAD, THREAD, wait, work_on
from tests.fakes.machines import ENSURE, ROUSE
from tests.presses.pressing import finished
from tests.web.door import Door

GUIDED = [one for one in ALL if one.guide]
SLASH = [one for one in GUIDED if not one.is_menu]
ELSEWHERE = (NO_THREAD, ONLY_IN_THREADS)
FORUM: Mapping[str, Any] = {"id": "200", "type": 15}
HOUR, MINUTE = 3_600, 60
guided = pytest.mark.parametrize("one", GUIDED, ids=lambda one: one.title)
typed = pytest.mark.parametrize("one", SLASH, ids=lambda one: one.title)


def name_of(one: Runnable) -> str:
    return " ".join(one.path[1:] or one.path)


def guide_of(one: Runnable) -> Guide:
    assert one.guide is not None
    return one.guide


def options_in(one: Runnable) -> dict[str, object]:
    """What the example gives, of the types that Discord would send: "a: x b: 2"."""
    known = {option["name"]: option for option in one.options}
    parts = re.split(rf"(?:^|\s)({'|'.join(known)}): ", guide_of(one).example) if known else [""]
    given = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {name: value_of(known[name], text) for name, text in given.items()}


def value_of(option: Mapping[str, Any], text: str) -> object:
    if choices := option.get("choices"):
        return next(choice["value"] for choice in choices if choice["name"] == text or choice["value"] == text)
    return int(text) if option["type"] == 4 else text


def content(answer: Any) -> str:
    return str(answer.get("data", {}).get("content", ""))


async def prepared(door: Door) -> None:
    """A thread in which something was asked, and whose machine sleeps."""
    await finished(door)
    await door.machines.pause(THREAD)
    door.log.clear()


def test_everything_that_can_be_run_is_guided_and_nothing_else() -> None:
    assert GUIDE.keys() == {name_of(one) for one in ALL}, "say it in scripts/command_guide.py"


@typed
def test_an_example_gives_what_is_required_and_the_page_has_it(one: Runnable) -> None:
    required = {option["name"] for option in one.options if option.get("required")}

    assert required <= options_in(one).keys()
    assert bool(one.example) == bool(guide_of(one).example)
    assert one.example in page(ALL)


@pytest.mark.anyio
@guided
async def test_a_command_is_used_where_the_page_says(door: Door, one: Runnable) -> None:
    await prepared(door)
    where, options = guide_of(one).where, {} if one.is_menu else options_in(one)

    in_thread, in_channel, in_forum = [
        content(await door.send(by_operator(asked(one, place, **options)))) for place in (IN_THREAD, IN_CHANNEL, FORUM)
    ]

    assert in_thread not in (*ELSEWHERE, NOT_HERE)
    assert (in_channel in ELSEWHERE) == (where in (Where.THREAD, Where.SETTING))
    if where is not Where.THREAD:
        assert (in_forum == NOT_HERE) == (where is Where.ASKING)


@pytest.mark.anyio
@pytest.mark.parametrize("one", [one for one in SLASH if guide_of(one).where is Where.SETTING], ids=name_of)
async def test_what_counts_is_shown_in_a_channel_too(door: Door, one: Runnable) -> None:
    answer = await door.send(asked(one, IN_CHANNEL))

    assert content(answer) not in ELSEWHERE
    assert answer["data"]["flags"] & Flag.EPHEMERAL


@pytest.mark.anyio
@typed
async def test_an_answer_is_seen_by_those_of_whom_the_page_speaks(door: Door, one: Runnable) -> None:
    await prepared(door)
    if name_of(one).startswith("queue"):
        await work_on(door, 600)
        await wait(door, 601)
        await wait(door, 602)

    answer = await door.send(by_operator(asked(one, IN_THREAD, **options_in(one))))

    is_for_all = guide_of(one).seen in (Seen.ALL, Seen.CHANGE)
    assert answer["type"] in (Callback.MESSAGE, Callback.DEFERRED)
    assert bool(answer.get("data", {}).get("flags", 0) & Flag.EPHEMERAL) != is_for_all, content(answer)


@pytest.mark.anyio
@pytest.mark.parametrize("one", [one for one in SLASH if guide_of(one).seen is Seen.TOLD], ids=name_of)
async def test_of_what_changes_a_thread_it_is_told(door: Door, one: Runnable) -> None:
    turn = await finished(door)
    door.agent.undone = turn if name_of(one) == "redo" else None

    await door.send(asked(one, IN_THREAD))

    assert [line for line in door.fake_replies.aloud if "**alice**" in line]


@pytest.mark.anyio
@typed
async def test_a_machine_that_sleeps_is_woken_where_the_page_says_so(door: Door, one: Runnable) -> None:
    await prepared(door)
    wakes = guide_of(one).wakes

    await door.send(by_operator(asked(one, IN_THREAD, **options_in(one))))

    sandbox = await door.shelf.sandbox_of(THREAD)
    assert bool({ENSURE, ROUSE} & set(door.log)) == wakes
    assert sandbox is not None
    assert (sandbox.state is State.ACTIVE) == wakes


def test_times_are_those_that_the_page_names() -> None:
    assert (preview.LINK_SECONDS, ssh.ACCESS_MINUTES * 60, admin.SHELL_SECONDS) == (HOUR, HOUR, MINUTE)
