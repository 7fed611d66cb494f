"""Turns whose thread does not hang on what their asker wrote: private ones, and those about somebody's message."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.ids import MessageId, ThreadId, UserId
from app.store.ledger import SqliteLedger
from app.store.sqlite import Sqlite
from app.turns.errors import Refused, Retriable
from app.turns.machine import Stage
from app.turns.records import About, Turn
from app.turns.titles import title_of
from app.words.asking import ASKED_TO_ANSWER
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


class Abreast(SqliteLedger):
    """Tells whether a thread is taken only when two have asked, and then both what it was before either went on."""

    def __init__(self, sqlite: Sqlite, clock: Callable[[], float]) -> None:
        super().__init__(sqlite, clock)
        self.asked = 0
        self.both = asyncio.Event()

    async def is_taken(self, thread: ThreadId) -> bool:
        found = await super().is_taken(thread)
        self.asked += 1
        if self.asked == 2:
            self.both.set()
        await self.both.wait()
        return found


async def test_of_two_who_find_the_same_thread_left_over_one_gets_another(here: World) -> None:
    here.ledger = ledger = Abreast(here.sqlite, here.time)
    here.chat.failures["start_private_thread"] = Retriable("503")
    here.chat.threads["350"] = (command(1).place.channel, title_of(command(1).prompt))
    here.chat.private["350"] = set()
    askers = {number: replace(command(number).asker, id=UserId(f"30{number}")) for number in (1, 2)}
    for number, asker in askers.items():
        await here.ledger.admit(replace(command(number), private=True, asker=asker), here.now)

    living = asyncio.create_task(here.live())
    async with asyncio.timeout(10):
        await ledger.both.wait()
        here.chat.failures.clear()
        await living

    assert "350" in {(await over(here, number)).home for number in askers}
    for number, asker in askers.items():
        assert here.chat.private[(await over(here, number)).home] == {asker.id}


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


async def test_where_nothing_is_asked_about_a_message_nobody_is_given_words_that_they_did_not_write(
    here: World,
) -> None:
    about = About(command(1).place.channel, MessageId("399999999999999999"), "bob", "it is broken")
    await here.ledger.admit(replace(command(1), prompt="", about=about), here.now)

    await here.live()

    turn = await over(here, 1)
    assert turn.stage is Stage.DELIVERED
    assert "Please answer this message" in here.agent.prompts[turn.id]
    assert [text for _, text in here.chat.announced] == [ASKED_TO_ANSWER.format(name=turn.asker.name)]


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
