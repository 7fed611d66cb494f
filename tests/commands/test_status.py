"""What `/opencord status` tells."""

import pytest

from app.ids import SessionId
from app.sandboxes.machine import State
from app.turns.errors import Refused
from app.words.amounts import lasting
from app.words.machine import STATES
from tests.commands.rooms import IN_THREAD, THREAD, wait, work_on
from tests.web.door import NOW, Door, spoken, used

pytestmark = pytest.mark.anyio


async def lines(door: Door) -> list[str]:
    text, is_ephemeral = spoken(await door.send(used("status", IN_THREAD)))
    assert is_ephemeral
    return text.split("\n")


async def test_a_machine_that_is_awake_is_told_of_with_its_names(door: Door) -> None:
    await door.machines.make(THREAD)
    await door.shelf.remember_session(THREAD, SessionId("ses_1"))
    door.now += 150

    told = await lines(door)

    assert told == [
        "Nothing is being worked on.",
        f"Machine: awake for 2 minutes (since <t:{NOW:.0f}:f>)",
        "Model: opencode/claude",
        "Sandbox: `opencord-210`",
        "Session: `ses_1`",
    ]


async def test_what_is_at_work_and_what_waits_is_told_with_its_age(door: Door) -> None:
    await door.machines.make(THREAD)
    await work_on(door, 501)
    await wait(door, 502)
    door.now += 3_601

    told = await lines(door)

    assert told[0] == "OpenCode is at work on a question that was asked 1 hour ago; 1 more waits."


async def test_a_machine_out_of_order_is_told_of_with_its_trouble(door: Door) -> None:
    await door.machines.make(THREAD, State.ERROR)

    told = await lines(door)

    assert told[1].startswith("Machine: out of order for 0 seconds")
    assert told[-2:] == ["Resume failures: 1", "Last error: OpenCode is not installed there."]


async def test_a_machine_that_is_gone_is_none_and_its_session_has_ended(door: Door) -> None:
    await door.machines.make(THREAD)
    await door.shelf.remember_session(THREAD, SessionId("ses_1"))
    await door.machines.destroy(THREAD)

    told = await lines(door)

    assert told[1].startswith("Machine: gone for 0 seconds")
    assert told[1].endswith("the next question gets a new one")
    assert told[-1] == "Session: `ses_1` (ended)"


async def test_a_question_that_has_no_machine_yet_is_told_of(door: Door) -> None:
    await wait(door, 501)

    told = await lines(door)

    assert told[:2] == [
        "The machine is being made ready for a question that was asked 0 seconds ago.",
        "Machine: none yet",
    ]


async def test_a_long_error_fits_into_a_message(door: Door) -> None:
    await door.machines.make(THREAD)
    door.machines.failure = Refused("no")
    await door.shelf._sqlite.write(lambda db: db.execute("UPDATE sandboxes SET last_error = ?", ["x" * 5_000]))

    told = await lines(door)

    assert len("\n".join(told)) <= 2_000


async def test_several_that_wait_are_counted(door: Door) -> None:
    await work_on(door, 501)
    for number in (502, 503):
        await wait(door, number)

    told = await lines(door)

    assert told[0].endswith("; 2 more wait.")


def test_no_state_of_a_machine_is_without_words() -> None:
    assert set(STATES) == set(State)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3.0, "0 seconds"),
        (0.4, "0 seconds"),
        (1.0, "1 second"),
        (59.4, "59 seconds"),
        (60.0, "1 minute"),
        (3_599.0, "59 minutes"),
        (7_300.0, "2 hours"),
        (86_400.0, "1 day"),
        (8_640_000.0, "100 days"),
    ],
)
def test_a_time_is_told_in_the_unit_that_a_person_would_use(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
