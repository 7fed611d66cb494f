"""`/opencord queue`: list, clear, move."""

from typing import Any

import pytest

from app.commands.access import Who
from app.discord.limits import CONTENT
from app.discord.permissions import MANAGE_CHANNELS
from app.discord.text import units
from app.ids import TurnId, UserId
from app.turns.books import Facts
from app.turns.machine import OPENING, Event, Stage
from app.turns.records import Asker, Request, Source
from app.turns.routing import Policy, Refusal
from app.words.door import NO_THREAD
from app.words.queue import NO_NUMBER, NO_SUCH_QUESTION, NONE_OF_YOURS, NOTHING_WAITS, STANDS_THERE
from tests.commands.groups import by, used_of
from tests.commands.rooms import IN_THREAD, PLACE, THREAD, wait, work_on
from tests.web.door import Door, spoken

pytestmark = pytest.mark.anyio
BOB = Asker(UserId("301"), "bob_*")


async def queued(door: Door, number: int, prompt: str = "go", asker: Asker = BOB) -> TurnId:
    turn = TurnId(str(number))
    await door.ledger.admit(Request(turn, Source.MESSAGE, PLACE, asker, prompt), door.now)
    await door.ledger.claim("opening", door.now, door.now + 15, OPENING)
    await door.ledger.record(turn, "opening", Event.ACCEPTED, Facts())
    await door.ledger.record(turn, "opening", Event.THREAD_OPENED, Facts())
    return turn


async def order(door: Door) -> list[str]:
    return [turn.id for turn in await door.ledger.queue(THREAD)]


async def stage(door: Door, turn: TurnId) -> Stage:
    found = await door.ledger.turn(turn)
    assert found is not None
    return found.stage


def moved(number: object, to: object) -> dict[str, Any]:
    return used_of("queue", "move", IN_THREAD, number=number, to=to)


async def test_the_list_numbers_what_waits_and_says_who_asked_what(door: Door) -> None:
    await work_on(door, 501)
    await queued(door, 502, "list *all* the\nfiles")

    answer = await door.send(used_of("queue", "list", IN_THREAD))

    text, is_ephemeral = spoken(answer)
    assert is_ephemeral
    assert text.split("\n") == [
        "At work: **alice**: [go](https://discord.com/channels/100/210)",
        r"1. **bob\_\***: [list \*all\* the files](https://discord.com/channels/100/210)",
    ]


async def test_a_long_list_fits_into_a_message(door: Door) -> None:
    for number in range(502, 532):
        await queued(door, number, "*" * 500)

    text, _ = spoken(await door.send(used_of("queue", "list", IN_THREAD)))

    assert units(text) <= CONTENT
    shown = sum(line.startswith(tuple("123456789")) for line in text.split("\n"))
    assert text.endswith(f"…and {30 - shown} more.")


@pytest.mark.parametrize(
    ("number", "to", "expected"),
    [
        (3, 1, ["503", "501", "502", "504"]),
        (1, 3, ["502", "503", "501", "504"]),
        (1, 99, ["502", "503", "504", "501"]),
        (2, 3, ["501", "503", "502", "504"]),
    ],
)
async def test_a_question_is_moved_and_begins_where_it_stands_now(
    door: Door, number: int, to: int, expected: list[str]
) -> None:
    for turn in range(501, 505):
        await queued(door, turn)

    await door.send(moved(number, to))

    assert await order(door) == expected
    first = await door.ledger.claim("worker", door.now, door.now + 15)
    assert first is not None
    assert first.id == expected[0]


async def test_everybody_hears_what_was_moved(door: Door) -> None:
    await queued(door, 501)
    await queued(door, 502, "second")

    text = (await door.send(moved(2, 1)))["data"]

    assert text["content"].startswith("-# **alice** moved the question of **bob\\_\\***, “second”, to place 1")
    assert not text.get("flags", 0) & 64


async def test_what_is_asked_later_comes_behind_what_was_moved(door: Door) -> None:
    await queued(door, 501)
    await queued(door, 502)
    await door.send(moved(2, 1))

    await queued(door, 503)

    assert await order(door) == ["502", "501", "503"]


async def test_what_was_begun_and_is_tried_again_stays_before_all_that_is_moved(door: Door) -> None:
    begun = await queued(door, 501)
    await door.ledger.claim("worker", door.now, door.now + 15)
    await queued(door, 502)
    await queued(door, 503)
    door.now += 20  # whoever had it was not heard of again

    await door.send(moved(2, 1))

    again = await door.ledger.claim("another", door.now, door.now + 15)
    assert again is not None
    assert again.id == begun


@pytest.mark.parametrize(
    ("number", "to", "words"),
    [
        (3, 1, NO_SUCH_QUESTION.format(number=3, most=2)),
        (0, 1, NO_NUMBER),
        (1, -1, NO_NUMBER),
        (True, 1, NO_NUMBER),
        ("one", 1, NO_NUMBER),
        (2, 2, STANDS_THERE),
        (2, 7, STANDS_THERE),
    ],
)
async def test_a_move_that_makes_no_sense_changes_nothing(door: Door, number: Any, to: Any, words: str) -> None:
    await queued(door, 501)
    await queued(door, 502)

    answer = await door.send(moved(number, to))

    assert spoken(answer) == (words, True)
    assert await order(door) == ["501", "502"]


@pytest.mark.parametrize("subcommand", ["clear", "move"])
async def test_nothing_that_waits_is_said_so(door: Door, subcommand: str) -> None:
    await work_on(door, 501)
    options: dict[str, Any] = {"number": 1, "to": 1} if subcommand == "move" else {}

    answer = await door.send(used_of("queue", subcommand, IN_THREAD, **options))

    assert spoken(answer) == (NOTHING_WAITS, True)


async def test_everybody_clears_their_own(door: Door) -> None:
    mine = await wait(door, 501)
    theirs = await queued(door, 502)

    answer = await door.send(used_of("queue", "clear", IN_THREAD))

    assert spoken(answer) == ("Withdrawn: 1 question of yours.", True)
    assert await stage(door, mine) is Stage.CANCELLED
    assert await stage(door, theirs) is Stage.THREADED


async def test_what_others_asked_is_cleared_by_who_may_manage_the_channel(door: Door) -> None:
    theirs = await queued(door, 501)
    everything = used_of("queue", "clear", IN_THREAD, everybody=True)

    alone = await door.send(used_of("queue", "clear", IN_THREAD))
    refused = await door.send(everything)
    before = await stage(door, theirs)
    allowed = await door.send(by(everything, permissions=MANAGE_CHANNELS))

    assert spoken(alone) == (NONE_OF_YOURS, True)
    assert spoken(refused) == (Who.CHANNEL_MANAGER.value, True)
    assert before is Stage.THREADED
    assert allowed["data"]["content"] == "-# **alice** withdrew 1 question that waited in this thread."
    assert not allowed["data"].get("flags", 0) & 64
    assert await stage(door, theirs) is Stage.CANCELLED


@pytest.mark.parametrize("subcommand", ["list", "clear", "move"])
async def test_it_is_about_a_thread_and_for_those_who_may_ask_in_it(door: Door, subcommand: str) -> None:
    turn = await wait(door, 501)
    options: dict[str, Any] = {"number": 1, "to": 1} if subcommand == "move" else {}

    outside = await door.send(used_of("queue", subcommand, **options))
    door.policy = Policy(required_role="91")
    stranger = await door.send(used_of("queue", subcommand, IN_THREAD, **options))

    assert spoken(outside) == (NO_THREAD, True)
    assert spoken(stranger) == (Refusal.ROLE.value, True)
    assert await stage(door, turn) is Stage.THREADED
