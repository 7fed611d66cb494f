"""How a turn fares when things go wrong around it, and what the person hears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.ids import ChannelId, ThreadId, TurnId
from app.store.ledger import SqliteLedger
from app.turns.errors import Refused, Retriable
from app.turns.machine import MOST_INTERRUPTIONS, MOST_LOSSES, Stage
from app.turns.records import Turn
from app.turns.routing import Policy, Refusal
from app.turns.runner import Pace
from app.words.door import DEFECT
from app.words.machine import TOO_SLOW
from app.words.turn import LOST_TOO_OFTEN, WORN_OUT
from tests.fakes.agent import FakeAgent
from tests.samples import CHANNEL, command, message
from tests.turns.engine import World, running, until, world

pytestmark = pytest.mark.anyio
THREAD = "400000000000000001"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def ended(here: World, number: int = 1) -> Turn:
    await here.live()
    turn = await here.ledger.turn(message(number).id)
    assert turn is not None
    return turn


def said(here: World, thread: str = THREAD) -> list[str]:
    """Without the mention at its end that notifies whoever asked."""
    return [posted.content.partition("\n-# <@")[0] for posted in here.chat.channels.get(thread, [])]


async def test_a_command_in_a_channel_opens_a_thread_named_after_the_prompt(here: World) -> None:
    await here.ledger.admit(command(1, "write a parser"), here.now)

    turn = await ended(here)

    assert here.chat.threads == {turn.thread: (CHANNEL, "write a parser")}
    assert said(here, str(turn.thread)) == [f"answer to {turn.id}", "and its end"]


async def test_a_command_in_a_thread_stays_in_it(here: World) -> None:
    await here.ledger.admit(command(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert not here.chat.threads
    assert (turn.thread, turn.stage) == (THREAD, Stage.DELIVERED)


async def test_what_the_model_refuses_is_told_in_the_thread_and_the_next_turn_works(here: World) -> None:
    here.agent.refuse[message(1).id] = "Sorry, the model does not exist."
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    await here.ledger.admit(message(2, thread=THREAD), here.now)

    await here.live()

    assert said(here) == ["Sorry, the model does not exist.", f"answer to {message(2).id}", "and its end"]


async def test_a_prompt_that_was_cut_off_is_sent_again(here: World) -> None:
    here.agent.interrupt[message(1).id] = MOST_INTERRUPTIONS
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.DELIVERED
    assert len(here.agent.runs) == MOST_INTERRUPTIONS + 1
    assert said(here) == [f"answer to {turn.id}", "and its end"]


async def test_a_prompt_that_is_cut_off_for_ever_is_given_up_in_words(here: World) -> None:
    here.agent.interrupt[message(1).id] = 99
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await ended(here)

    assert said(here) == [LOST_TOO_OFTEN]


async def test_an_outage_is_waited_out(here: World) -> None:
    here.provider.fail("create", times=8)
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.DELIVERED
    assert here.provider.count("create") == 9
    assert len(here.agent.runs) == 1


async def test_an_outage_that_does_not_end_is_told(here: World) -> None:
    here.provider.fail("create", Retriable("vendor down"), times=float("inf"))
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.DELIVERED
    assert said(here) == [TOO_SLOW]


async def test_when_the_model_is_given_up_it_is_stopped(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise Retriable("no answer")

    monkeypatch.setattr(FakeAgent, "follow", unreachable)
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert said(here) == [WORN_OUT]
    assert here.agent.aborted == [turn.session]


async def test_a_defect_in_giving_up_does_not_keep_a_turn_alive(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FakeAgent, "follow", broken)
    monkeypatch.setattr(FakeAgent, "abort", broken)
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await ended(here)

    assert said(here) == [DEFECT]


async def test_a_thread_that_cannot_be_opened_is_told_where_it_was_asked(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start_thread(*_: object) -> None:
        raise Refused("I may not create threads here.")

    monkeypatch.setattr(type(here.chat), "start_thread", lambda *_: start_thread())
    await here.ledger.admit(command(1), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.FAILED
    assert here.chat.told == [(turn.id, "I may not create threads here.")]


async def test_a_defect_of_ours_is_owned_up_to_without_its_traceback(here: World) -> None:
    here.provider.fail("create", KeyError("secret detail"))
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    await ended(here)

    assert said(here) == [DEFECT]


async def test_whoever_asks_in_the_wrong_category_is_told_so_and_nothing_else_happens(here: World) -> None:
    here.policy = Policy(category=ChannelId("1"))
    here.chat.categories[CHANNEL] = ChannelId("2")
    await here.ledger.admit(command(1), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.IGNORED
    assert here.chat.told == [(turn.id, Refusal.CHANNEL.value)]
    assert not here.agent.runs


async def test_who_asks_in_a_busy_thread_sees_at_once_that_it_was_heard(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    await here.ledger.admit(command(2, "and then this", thread=THREAD), here.now)

    async with running(here):
        await here.agent.thinking.wait()
        await until(lambda: "and then this" in " ".join(said(here)))
        before = len(here.agent.runs)
        here.agent.speak.set()
        await until(lambda: len(here.agent.runs) == 2)

    assert before == 1


async def test_a_turn_that_takes_its_engine_down_again_and_again_is_given_up(here: World) -> None:
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    for _ in range(MOST_LOSSES + 1):
        turn = await here.ledger.claim("an engine that dies of it", here.now, here.now + 15)
        assert turn is not None
        here.now += 60

    turn = await ended(here)

    assert turn.stage is Stage.FAILED
    assert here.chat.told == [(turn.id, DEFECT)]


async def test_a_defect_beside_the_steps_harms_no_other_turn(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SqliteLedger.record

    async def record(self: SqliteLedger, turn: TurnId, *rest: Any) -> Turn:
        if turn == message(1).id:
            raise ZeroDivisionError
        return await whole(self, turn, *rest)

    monkeypatch.setattr(SqliteLedger, "record", record)
    await here.ledger.admit(message(1, thread="1"), here.now)
    await here.ledger.admit(message(2, thread="2"), here.now)

    async with running(here):
        await until(lambda: len(said(here, "2")) == 2)
        monkeypatch.undo()
        here.now += 2_000
        await until(lambda: len(said(here, "1")) == 2)


async def test_a_lease_is_kept_while_its_turn_is_at_work(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    async with running(here, Pace(lease=15, renewal=0.005, idle=0.001)):
        await here.agent.thinking.wait()
        for _ in range(10):
            here.now += 10
            renewed = await until_async(lambda: lease_of(here), lambda until: until >= here.now + 14)
        assert renewed
        assert await here.ledger.claim("rival", here.now, here.now + 15) is None
        here.agent.speak.set()
        await until(lambda: len(said(here)) == 2)

    assert len(here.agent.runs) == 1


async def test_whoever_lost_the_lease_drops_the_work(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    async with running(here, Pace(lease=15, renewal=0.05, idle=0.001)):
        await here.agent.thinking.wait()
        here.now += 20
        rival = await here.ledger.claim("rival", here.now, here.now + 10_000)
        await asyncio.sleep(0.2)  # the time in which the old holder would speak, were it still there
        here.agent.speak.set()
        await asyncio.sleep(0.1)

    assert rival is not None
    assert not said(here)


async def test_only_so_many_turns_are_at_work_at_once_and_everybody_else_is_heard_all_the_same(here: World) -> None:
    here.agent.speak = asyncio.Event()
    for number in range(6):
        await here.ledger.admit(command(number), here.now)

    async with running(here, Pace(idle=0.001, places=2)):
        await until(lambda: len(here.agent.runs) == 2 and len(here.chat.threads) == 6)
        await asyncio.sleep(0.1)
        at_once = len(here.agent.runs)
        here.agent.speak.set()
        await until(lambda: len(here.agent.runs) == 6)

    assert at_once == 2


async def test_two_engines_on_one_ledger_share_the_work_and_do_none_of_it_twice(here: World) -> None:
    for number in range(12):
        await here.ledger.admit(message(number, thread=str(number % 4 + 1)), here.now)

    async with running(here), running(here):
        await until(lambda: sum(len(said(here, str(thread))) for thread in range(1, 5)) == 24)

    assert len(here.agent.runs) == len(set(here.agent.runs)) == 12


async def until_async(ask: Callable[[], Awaitable[float]], enough: Callable[[float], bool]) -> bool:
    async with asyncio.timeout(10):
        while not enough(await ask()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return True


async def lease_of(here: World) -> float:
    rows = await here.sqlite.read(lambda db: list(db.query("SELECT lease_until FROM turns")))
    return float(rows[0]["lease_until"] or 0)


async def test_a_turn_that_is_stopped_while_its_machine_comes_up_asks_the_model_nothing(here: World) -> None:
    gate = here.provider.hold("create")
    await here.ledger.admit(message(1, thread=THREAD), here.now)
    with structlog.testing.capture_logs() as logged:
        engine = asyncio.create_task(here.engine(pace=Pace(renewal=60.0, idle=0.001)).run())
        while not here.provider.count("create"):  # noqa: ASYNC110 - the fake has no event for it
            await asyncio.sleep(0.005)

        stopped = await here.ledger.cancel(ThreadId(THREAD))
        gate.set()
        while not any(line["event"] == "turn.lease_lost" for line in logged):  # noqa: ASYNC110 - nor has a log
            await asyncio.sleep(0.005)
        engine.cancel()
        await asyncio.wait([engine])

    assert stopped == 1
    assert here.agent.runs == []
