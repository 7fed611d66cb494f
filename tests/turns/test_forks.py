"""Turns that begin with a fork: what moves in, what is said of it, and that all of it happens once."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ids import ChannelId, SessionId, ThreadId, TurnId, UserId
from app.turns.books import Facts
from app.turns.carriers import Arrival
from app.turns.errors import Refused, Withdrawn
from app.turns.machine import Event, Stage
from app.turns.records import Asker, Fork, Request, Turn
from app.turns.status import Phase, Status
from app.words.forking import OPENER_DELETED, TOO_LATE
from tests.samples import CHANNEL, command
from tests.turns.engine import Fate, World, running, until, world

pytestmark = pytest.mark.anyio
OLD = ThreadId("400000000000000001")


def fork(number: int, prompt: str = "", last: TurnId | None = None) -> Request:
    return replace(command(number, prompt), fork=Fork(OLD, "Fork of a shop", last))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        await begin(made)
        yield made


async def begin(here: World) -> None:
    """A question is answered in the old thread."""
    await here.ledger.admit(command(1, "open a shop", thread=OLD), here.now)
    await here.live()


async def done(here: World, request: Request) -> Turn:
    await here.ledger.admit(request, here.now)
    await here.live()
    return await now(here, request)


async def now(here: World, request: Request) -> Turn:
    turn = await here.ledger.turn(request.id)
    assert turn is not None
    return turn


def said(here: World, turn: Turn) -> list[str]:
    return [posted.content for posted in here.chat.channels.get(turn.home, [])]


async def test_without_a_prompt_what_came_along_is_the_answer_and_the_model_is_not_asked(here: World) -> None:
    turn = await done(here, fork(2))

    assert turn.stage is Stage.DELIVERED
    assert here.migration.carried == [(OLD, turn.home, None)]
    assert here.freight.carried == [(OLD, turn.home, turn.id)]
    (text,) = said(here, turn)
    assert text.split("\n") == [
        f"alice forked this from [that thread]({OLD}). What is done here changes nothing there.",
        "- Conversation: 2 questions, as it was.",
        "- Files: branch `main` at `abc1234`, 3 files uncommitted.",
        f"-# <@{turn.asker.id}>",
    ]
    assert here.chat.threads[turn.home] == (CHANNEL, "Fork of a shop")
    assert here.chat.forks == [(OLD, turn.home)]
    assert [run for _, run in here.agent.runs] == [command(1).id]
    shown = [status.phase for status in here.chat.statuses[turn.id] if isinstance(status, Status)]
    assert Phase.MOVING in shown


async def test_with_a_prompt_it_is_asked_behind_what_came_along(here: World) -> None:
    turn = await done(here, fork(2, "count the cakes"))

    assert here.agent.runs[-1] == (SessionId(f"ses_{turn.home}"), turn.id)
    assert "count the cakes" in here.agent.prompts[turn.id]
    first, *rest = said(here, turn)
    assert first.startswith("alice forked this")
    assert rest == [f"answer to {turn.id}", f"and its end\n-# <@{turn.asker.id}>"]


async def test_what_is_asked_there_later_goes_on_in_that_session_and_is_told_nothing_again(here: World) -> None:
    turn = await done(here, fork(2))

    later = await done(here, command(3, "and now?", thread=turn.home))

    assert here.agent.runs[-1] == (turn.session, later.id)
    assert here.agent.prompts[later.id].endswith("and now?")
    assert "forked" not in here.agent.prompts[later.id]
    assert here.migration.settlements == 1


async def test_where_the_machine_is_gone_the_model_is_told_what_stands_in_the_thread(here: World) -> None:
    await here.keeper.destroy(OLD)

    turn = await done(here, fork(2))

    (text,) = said(here, turn)
    assert "Conversation: not as it was, since the machine of that thread is gone. OpenCode was told" in text
    assert "Files: none, since the machine of that thread is gone." in text
    assert f"somebody: answer to {command(1).id}" in here.migration.remarks[turn.home]
    assert not here.freight.carried


async def test_where_the_machine_is_gone_it_still_says_up_to_where_it_was_forked(here: World) -> None:
    await here.keeper.destroy(OLD)

    turn = await done(here, fork(2, last=command(1).id))

    assert said(here, turn)[0].startswith(f"alice forked this up to [that thread]({OLD}).")


async def test_what_cannot_come_along_is_told_and_the_rest_comes(here: World) -> None:
    here.migration.unwilling[OLD] = "it is too long"
    here.freight.unwilling[OLD] = "there are too many"
    first = await done(here, fork(2))
    del here.freight.unwilling[OLD]
    second = await done(here, fork(3))

    assert "since it is too long" in said(here, first)[0]
    assert "- Files: none, since there are too many." in said(here, first)[0]
    assert "- Files: branch `main`" in said(here, second)[0]


async def test_an_old_thread_that_cannot_be_read_any_more_is_forked_all_the_same(here: World) -> None:
    await here.keeper.destroy(OLD)
    here.chat.failures["said_in_origin"] = Refused("Unknown Channel")

    turn = await done(here, fork(2))

    assert turn.stage is Stage.DELIVERED
    assert "It begins anew." in said(here, turn)[0]


async def test_a_fork_of_a_message_carries_everything_up_to_its_turn(here: World) -> None:
    turn = await done(here, fork(2, last=command(1).id))

    assert here.migration.carried == [(OLD, turn.home, command(1).id)]
    assert "forked this up to" in said(here, turn)[0]


async def test_in_a_channel_of_posts_it_is_a_post(here: World) -> None:
    here.chat.forums.add(CHANNEL)

    turn = await done(here, fork(2))

    assert here.chat.threads[turn.home] == (CHANNEL, "Fork of a shop")
    assert not here.chat.channels.get(CHANNEL)
    assert turn.stage is Stage.DELIVERED


async def test_of_a_private_thread_it_is_a_private_thread_and_nothing_stands_in_the_channel(here: World) -> None:
    turn = await done(here, replace(fork(2), private=True))

    assert here.chat.private == {turn.home: {turn.asker.id}}
    assert here.chat.threads[turn.home] == (CHANNEL, "Fork of a shop")
    assert not here.chat.channels.get(CHANNEL)
    assert any("forked this" in text for text in said(here, turn))
    assert turn.stage is Stage.DELIVERED


async def test_a_thread_that_cannot_be_opened_is_told_where_it_was_wished_for(here: World) -> None:
    here.chat.failures["start_thread"] = Refused("I lack the permission to create threads.")

    turn = await done(here, fork(2))

    assert turn.stage is Stage.FAILED
    assert here.chat.told == [(turn.id, "I lack the permission to create threads.")]
    assert not here.freight.carried
    assert not here.chat.channels[CHANNEL]
    assert {one.instance.name for one in here.provider.held.values()} == {f"opencord-{OLD}"}


async def test_whoever_wished_for_it_hears_that_its_opener_was_deleted(here: World) -> None:
    here.chat.failures["start_thread"] = Withdrawn("the message was deleted")

    turn = await done(here, fork(2))

    assert here.chat.told == [(turn.id, OPENER_DELETED)]
    assert turn.stage is Stage.FAILED
    assert {one.instance.name for one in here.provider.held.values()} == {f"opencord-{OLD}"}


async def test_one_that_was_asked_again_does_not_move_in_twice(here: World) -> None:
    first = fork(2, "count the cakes")
    here.agent.refuse[first.id] = "The model is tired."
    failed = await done(here, first)

    again = replace(command(3, "count the cakes", thread=failed.home), fork=first.fork, follows=first.id)
    turn = await done(here, again)

    assert failed.gave_up
    assert here.migration.settlements == 1
    assert len(here.freight.carried) == 1
    assert turn.stage is Stage.DELIVERED


@pytest.mark.parametrize("kind", ["text", "private", "forum"])
async def test_one_that_is_asked_again_says_so_in_its_own_thread_and_what_came_along_only_once(
    here: World, kind: str
) -> None:
    if kind == "forum":
        here.chat.forums.add(CHANNEL)
    first = replace(fork(2, "my secret plan"), private=kind == "private")
    here.agent.refuse[first.id] = "The model is tired."
    failed = await done(here, first)
    beside = list(here.chat.channels.get(CHANNEL, []))

    again = replace(command(3, first.prompt, thread=failed.home), fork=first.fork, follows=first.id)
    turn = await done(here, replace(again, interaction_token=None))

    assert turn.stage is Stage.DELIVERED
    assert here.chat.channels.get(CHANNEL, []) == beside
    assert sum(text.startswith("alice forked this") for text in said(here, turn)) == 1
    assert "**alice** asked: my secret plan" in said(here, turn)
    assert here.chat.forks == [(OLD, turn.home)]


async def test_what_came_along_is_said_by_the_second_attempt_where_the_first_could_not(here: World) -> None:
    first = fork(2, "count the cakes")
    here.chat.failures["post"] = Refused("I lack the permission to write here.")
    failed = await done(here, first)
    del here.chat.failures["post"]

    again = replace(command(3, first.prompt, thread=failed.home), fork=first.fork, follows=first.id)
    turn = await done(here, again)

    assert failed.stage is Stage.FAILED
    assert sum(text.startswith("alice forked this") for text in said(here, turn)) == 1


async def test_nothing_moves_in_on_top_of_what_was_asked_meanwhile(here: World) -> None:
    first = await done(here, fork(2))
    here.migration.settled[first.home] = Arrival(SessionId(f"ses_{first.home}"), None)

    again = await done(here, replace(command(3, "", thread=first.home), fork=first.fork, follows=first.id))

    assert again.gave_up
    assert TOO_LATE in said(here, again)[-1]
    assert len(here.freight.carried) == 1


async def test_stopping_one_leaves_nothing_of_it_running(here: World) -> None:
    request = fork(2)
    here.agent.meanwhile = asyncio.Event().wait
    here.migration.unwilling[OLD] = "it is too long"  # so that a session is opened, which takes for ever
    await here.ledger.admit(request, here.now)

    async with running(here):
        await until(lambda: bool(here.freight.carried))
        assert await here.ledger.stop(request.id, "bob")
        async with asyncio.timeout(10):
            while (await now(here, request)).stage is not Stage.CANCELLED:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert here.migration.settlements == 0
    assert not said(here, await now(here, request))


async def test_an_old_machine_that_does_not_wake_now_is_waited_for(here: World) -> None:
    here.freight.early = 2

    turn = await done(here, fork(2))

    assert (turn.stage, here.freight.early) == (Stage.DELIVERED, 0)
    assert here.migration.settlements == 1
    assert sum("forked this" in text for text in said(here, turn)) == 1


async def test_two_who_fork_it_with_the_same_words_have_a_thread_each_also_after_a_crash(here: World) -> None:
    first = await done(here, fork(2, "count the cakes"))
    request = replace(fork(3, "count the cakes"), asker=Asker(UserId("301"), first.asker.name))
    await died_over(here, request)

    await here.live()

    second = await now(here, request)
    assert second.stage is Stage.DELIVERED
    assert first.home != second.home
    assert len(here.chat.channels[CHANNEL]) == 2


async def test_what_was_called_off_leaves_its_opener_to_nobody(here: World) -> None:
    called_off = await died_over(here, fork(2))
    opener = await here.chat.post_opener(called_off)
    await here.ledger.claim("dead", here.now, here.now + 15)
    await here.ledger.note_opener(called_off.id, "dead", opener)
    await here.ledger.call_off(called_off.id, "alice")
    request = replace(fork(3), asker=Asker(UserId("301"), called_off.asker.name))
    await died_over(here, request)

    await here.live()

    second = await now(here, request)
    assert second.stage is Stage.DELIVERED
    assert str(second.home) != str(opener)


async def died_over(here: World, request: Request) -> Turn:
    """Somebody accepted it, and was not heard of again."""
    await here.ledger.admit(request, here.now)
    assert await here.ledger.claim("dead", here.now, here.now + 15) is not None
    turn = await here.ledger.record(request.id, "dead", Event.ACCEPTED, Facts())
    here.now += 2_000.0
    return turn


drawn = st.lists(st.sampled_from(("", "count the cakes", "!forum", "!private")), min_size=1, max_size=3)
deaths = st.lists(st.tuples(st.integers(1, 120), st.booleans()), max_size=5)


@settings(max_examples=40)
@given(drawn, deaths)
def test_whatever_the_moment_of_death_a_fork_is_made_once(prompts: list[str], fates: list[tuple[int, bool]]) -> None:
    async def story(folder: Path) -> None:
        async with world(folder) as here:
            await begin(here)
            asked = [fork(number, prompt.strip("!")) for number, prompt in enumerate(prompts, 2)]
            asked = [replace(one, asker=Asker(UserId(one.id), "alice")) for one in asked]
            forums = [ChannelId(f"70000000000000000{number}") for number in range(len(prompts))]
            for place, request in enumerate(asked):
                if prompts[place] == "!forum":
                    here.chat.forums.add(forums[place])
                    asked[place] = replace(request, place=replace(request.place, channel=forums[place]))
                if prompts[place] == "!private":
                    asked[place] = replace(request, private=True)
                await here.ledger.admit(asked[place], here.now)

            for fatal, after_effect in fates:
                await here.live(Fate(fatal, after_effect))
            await here.live()

            await assert_once(here, asked)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder)))


async def assert_once(here: World, asked: list[Request]) -> None:
    turns = [await now(here, request) for request in asked]
    assert [turn.stage for turn in turns] == [Stage.DELIVERED] * len(turns)
    assert len({turn.home for turn in turns}) == len(turns)
    assert here.migration.settlements == len(turns)
    assert set(here.chat.threads) == {turn.home for turn in turns}
    assert sorted(here.chat.forks) == sorted((OLD, turn.home) for turn in turns)
    assert sorted(run for _, run in here.agent.runs) == sorted(
        [command(1).id, *(turn.id for turn in turns if turn.asks)]
    )
    for turn in turns:
        texts = [text for text in said(here, turn) if not text.startswith("**")]
        assert sum("forked this" in text for text in texts) == 1
        assert len(texts) == (3 if turn.asks else 1)
    openers = [posted for posted in here.chat.channels.get(CHANNEL, []) if posted.content.startswith("**")]
    assert len(openers) == sum(turn.place.channel == CHANNEL and not turn.private for turn in turns)
    assert len(here.provider.held) == len(turns) + 1
