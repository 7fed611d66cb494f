"""Turns whose thread does not hang on what their asker wrote: private ones, and those about somebody's message."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.ids import MessageId, ThreadId
from app.turns.errors import Refused
from app.turns.machine import Stage
from app.turns.records import About, Turn
from tests.samples import command
from tests.turns.engine import Fate, World, world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def over(here: World, number: int) -> Turn:
    turn = await here.ledger.turn(command(number).id)
    assert turn is not None
    assert turn.stage is Stage.DELIVERED
    return turn


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("fatal", range(1, 13))
async def test_whoever_dies_on_the_way_leaves_one_private_thread(here: World, fatal: int, after_effect: bool) -> None:
    await here.ledger.admit(replace(command(1), private=True), here.now)

    await here.live(Fate(fatal, after_effect))
    await here.live()

    turn = await over(here, 1)
    assert list(here.chat.private) == [turn.thread]
    assert here.chat.private[turn.home] == {turn.asker.id}


async def test_two_who_ask_the_same_get_a_private_thread_each(here: World) -> None:
    for number in (1, 2):
        await here.ledger.admit(replace(command(number), private=True), here.now)

    await here.live()

    threads = {(await over(here, number)).thread for number in (1, 2)}
    assert len(threads) == 2
    assert set(here.chat.private) == threads


async def test_a_private_question_that_nobody_can_be_let_in_for_has_no_machine_and_its_asker_hears(here: World) -> None:
    here.chat.failures["invite"] = Refused("I may not add anybody.")
    await here.ledger.admit(replace(command(1), private=True), here.now)

    await here.live()

    (thread,) = here.chat.private
    assert here.chat.told == [(command(1).id, "I may not add anybody.")]
    assert await here.shelf.sandbox_of(ThreadId(thread)) is None


async def test_a_question_that_gets_no_thread_leaves_the_machine_to_another_about_the_same_message(here: World) -> None:
    about = About(command(1).place.channel, MessageId("399999999999999999"), "bob", "it is broken")
    await here.ledger.admit(replace(command(1), about=about), here.now)
    await here.live()
    here.chat.failures["start_thread"] = Refused("I may not begin threads.")
    await here.ledger.admit(replace(command(2), about=about), here.now)

    await here.live()

    assert here.chat.told == [(command(2).id, "I may not begin threads.")]
    assert (here.provider.count("create"), here.provider.count("delete")) == (1, 0)


async def test_a_question_that_alone_gets_no_thread_leaves_no_machine(here: World) -> None:
    about = About(command(1).place.channel, MessageId("399999999999999999"), "bob", "it is broken")
    here.chat.failures["start_thread"] = Refused("I may not begin threads.")
    for number in (1, 2):
        await here.ledger.admit(replace(command(number), about=about), here.now)

    await here.live()

    assert here.provider.held == {}


async def test_a_thread_about_a_message_hangs_on_it_and_says_what_was_asked(here: World) -> None:
    message = MessageId("399999999999999999")
    about = About(command(1).place.channel, message, "bob", "it is broken")
    await here.ledger.admit(replace(command(1), about=about), here.now)

    await here.live()

    turn = await over(here, 1)
    assert turn.thread == ThreadId(message)
    assert any("about this message" in text for _, text in here.chat.announced)


async def test_a_question_about_a_message_that_was_deleted_meanwhile_has_a_thread_all_the_same(here: World) -> None:
    about = About(command(1).place.channel, MessageId("399999999999999999"), "bob", "it is broken")
    here.chat.deleted.add(about.message)
    await here.ledger.admit(replace(command(1), about=about), here.now)

    await here.live()

    turn = await over(here, 1)
    assert turn.stage is Stage.DELIVERED
    assert turn.thread is not None
    assert str(turn.thread) != about.message
    assert here.chat.threads.keys() == {turn.thread}
    assert "it is broken" in here.agent.prompts[turn.id]
    assert not any("about this message" in text for _, text in here.chat.announced)
