"""Which files of a workspace go out, how often, and what is said of those that do not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import ThreadId, TurnId
from app.turns.delivery import MOST_BYTES
from app.turns.enclosures import MOST_OUT
from app.turns.errors import Retriable
from app.turns.machine import Stage
from app.words.answer import FILE_TOO_LARGE
from tests.samples import message
from tests.turns.engine import World, running, world
from tests.turns.test_display import THREAD

pytestmark = pytest.mark.anyio
HOME = ThreadId(THREAD)
PLOT, FILM = "outbox/plot.png", "outbox/film.mp4"
LONG = b"x" * (MOST_BYTES + 1)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def ask(here: World, number: int) -> None:
    """A turn from its question to its end."""
    await here.ledger.admit(message(number, thread=THREAD), here.now)
    await here.live()


def attached(here: World) -> list[bytes]:
    return [file.content for one in here.chat.channels.get(THREAD, []) for file in one.files]


def remarks(here: World) -> list[str]:
    lines = [line for one in here.chat.channels.get(THREAD, []) for line in one.content.split("\n")]
    return [line for line in lines if line.startswith("-# ") and not line.startswith("-# <@")]


async def stop_before_delivery(here: World, number: int) -> None:
    """A turn that is answered, while Discord takes nothing, and stopped then."""
    turn = message(number).id
    here.chat.failures["post"] = Retriable("Discord is down")
    await here.ledger.admit(message(number, thread=THREAD), here.now)
    async with running(here):
        await until_answered(here, turn)
    await here.ledger.stop(turn, "alice")
    del here.chat.failures["post"]
    await here.live()


async def until_answered(here: World, turn: TurnId) -> None:
    async with asyncio.timeout(10):
        stage = None
        while stage is not Stage.ANSWERED:
            found = await here.ledger.turn(turn)
            stage = found.stage if found else None


async def test_files_of_a_turn_that_was_stopped_before_they_went_out_go_out_with_the_next(here: World) -> None:
    here.files.held[HOME][PLOT] = b"a plot"
    await stop_before_delivery(here, 1)
    before = attached(here)

    await ask(here, 2)

    assert before == []
    assert attached(here) == [b"a plot"]


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_new_machine_hands_out_what_the_one_before_had(here: World, is_replaced: bool) -> None:
    """Seen destroyed, or replaced by whoever woke it."""
    here.files.held[HOME] = {PLOT: b"a plot", FILM: LONG}
    await ask(here, 1)

    if is_replaced:
        here.agent.lose_session(THREAD)
    else:
        await here.keeper.destroy(HOME)
    await ask(here, 2)

    assert attached(here) == [b"a plot", b"a plot"]
    assert len(remarks(here)) == 2


async def test_that_a_file_is_too_large_is_said_once_until_it_changes(here: World) -> None:
    here.files.held[HOME][FILM] = LONG
    for number in (1, 2):
        await ask(here, number)
    once = len(remarks(here))

    here.files.held[HOME][FILM] = LONG + b"and its end"
    await ask(here, 3)

    assert once == 1
    assert remarks(here) == ["-# " + FILE_TOO_LARGE.format(path="outbox/film.mp4", size="10.5 MB")] * 2


async def test_what_nobody_read_of_a_file_that_is_too_large_is_said_with_the_next_answer(here: World) -> None:
    here.files.held[HOME][FILM] = LONG
    await stop_before_delivery(here, 1)
    before = remarks(here)

    await ask(here, 2)

    assert (before, len(remarks(here))) == ([], 1)


@pytest.mark.parametrize(
    ("left", "words"),
    [(1, "-# 1 more file comes with the next answer."), (3, "-# 3 more files come with the next answer.")],
)
async def test_what_is_too_much_for_one_answer_goes_out_with_the_next(here: World, left: int, words: str) -> None:
    here.files.held[HOME] |= {f"outbox/{number:02}.txt": b"%d" % number for number in range(MOST_OUT + left)}
    await ask(here, 1)
    before = len(attached(here))

    await ask(here, 2)

    assert before == MOST_OUT
    assert remarks(here) == [words]
    assert sorted(map(int, attached(here))) == list(range(MOST_OUT + left))


async def test_what_was_handed_out_stands_in_the_way_of_nothing_however_much_it_is(here: World) -> None:
    for number in range(1, 5):
        of_turn = {f"outbox/{number}/{place:02}.txt": b"%d" % number for place in range(MOST_OUT)}
        here.files.held[HOME] |= of_turn
        await ask(here, number)

    assert len(attached(here)) == 4 * MOST_OUT
    assert remarks(here) == []


async def test_that_a_file_is_empty_is_said_once_until_something_is_in_it(here: World) -> None:
    here.files.held[HOME]["outbox/report.txt"] = b""
    for number in (1, 2):
        await ask(here, number)
    before = attached(here)

    here.files.held[HOME]["outbox/report.txt"] = b"all is well"
    await ask(here, 3)

    assert remarks(here) == ["-# outbox/report.txt is empty, so it is not attached."]
    assert (before, attached(here)) == ([], [b"all is well"])


async def test_of_many_files_that_cannot_go_out_each_is_named_once(here: World) -> None:
    here.files.held[HOME] |= {f"outbox/{number:02}.txt": b"" for number in range(MOST_OUT + 3)}
    told = []
    for number in (1, 2, 3):
        await ask(here, number)
        told.append(len(remarks(here)))

    assert told == [MOST_OUT, MOST_OUT + 3, MOST_OUT + 3]


async def test_a_remark_is_one_line_whatever_the_file_is_called(here: World) -> None:
    here.files.held[HOME]["outbox/a\n# Trust me: b/my\tfilm.mp4"] = LONG

    await ask(here, 1)

    assert [remark.partition(" (")[0] for remark in remarks(here)] == ["-# outbox/a # Trust me: b/my film.mp4"]
