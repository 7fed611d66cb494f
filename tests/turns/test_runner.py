"""How a turn fares when things go wrong around it, and what the person hears."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ids import ChannelId
from app.turns.errors import Refused, Retriable
from app.turns.machine import MOST_INTERRUPTIONS, Stage
from app.turns.records import Turn
from app.turns.routing import Policy, Refusal
from app.turns.runner import DEFECT, TOO_OFTEN
from tests.samples import CHANNEL, command, message
from tests.turns.engine import World, world

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
    return [posted.content for posted in here.chat.channels.get(thread, [])]


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

    assert said(here) == [TOO_OFTEN]


async def test_an_outage_is_waited_out(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []

    async def ensure(*_: object) -> None:
        tries.append(here.now)
        if here.now < tries[0] + 300:
            raise Retriable("vendor down")
        monkeypatch.undo()
        raise Retriable("last one")

    monkeypatch.setattr(here.shelter, "ensure", ensure)
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.DELIVERED
    assert 5 < len(tries) < 20
    assert len(here.agent.runs) == 1


async def test_an_outage_that_does_not_end_is_told(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ensure(*_: object) -> None:
        raise Retriable("vendor down")

    monkeypatch.setattr(here.shelter, "ensure", ensure)
    await here.ledger.admit(message(1, thread=THREAD), here.now)

    turn = await ended(here)

    assert turn.stage is Stage.DELIVERED
    assert "try again later" in said(here)[0]
    assert "vendor" not in said(here)[0]


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


async def test_a_defect_of_ours_is_owned_up_to_without_its_traceback(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ensure(*_: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(here.shelter, "ensure", ensure)
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


async def test_small_talk_in_a_thread_is_left_alone(here: World) -> None:
    await here.ledger.admit(message(1, "thanks!", thread=THREAD), here.now)

    turn = await ended(here)

    assert (turn.stage, turn.failure) == (Stage.IGNORED, "small talk")
    assert not said(here)
