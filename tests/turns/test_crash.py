"""The engine dies at arbitrary points and is started again: every thread, every prompt and every message exactly once,
and in order."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ids import AskId
from app.turns.machine import Stage
from app.turns.progress import Ask, Permission
from app.turns.records import Request, Turn
from app.turns.status import Summary
from tests.samples import CHANNEL, command, message
from tests.turns.engine import Fate, World, world

THREADS = ("400000000000000001", "400000000000000002")


def permission(request: Request) -> Ask:
    return Ask(AskId(f"per_{request.id}"), Permission("bash", "make"))


requests = st.lists(
    st.builds(
        lambda build, thread: (build, thread),
        st.sampled_from((command, message)),
        st.sampled_from((*THREADS, None)),
    ),
    min_size=1,
    max_size=5,
).map(lambda drawn: [build(number, f"make thing {number}", thread) for number, (build, thread) in enumerate(drawn)])

deaths = st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=5)


@settings(max_examples=60)
@given(requests, deaths)
def test_whatever_the_moment_of_death_everything_happens_exactly_once_and_in_order(
    asked: list[Request], fates: list[tuple[int, bool]]
) -> None:
    async def story(folder: Path) -> None:
        async with world(folder) as here:
            here.patience = 1_000_000.0
            for number, request in enumerate(asked):
                await here.ledger.admit(request, here.now)
                here.agent.texts[request.id] = [f"text {text} of {request.id}" for text in range(number % 3)]
                here.agent.asks[request.id] = [permission(request)] * (number % 2)

            for fatal, after_effect in fates:
                await here.live(Fate(fatal, after_effect))
            await here.live()

            await assert_exactly_once(here, asked)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder)))


async def assert_exactly_once(here: World, asked: list[Request]) -> None:
    turns = [await here.ledger.turn(request.id) for request in asked]
    assert [turn.stage for turn in turns if turn] == [Stage.DELIVERED] * len(asked)
    assert sorted(run for _, run in here.agent.runs) == sorted(request.id for request in asked)
    assert len(here.provider.held) == len({turn.thread for turn in turns if turn})
    assert len(here.chat.threads) == sum(request.place.thread is None for request in asked)
    for thread in {turn.thread for turn in turns if turn and turn.thread}:
        of_thread = [turn for turn in turns if turn and turn.thread == thread]
        said = [posted.content for posted in here.chat.channels[thread] if not posted.content.startswith("**")]
        expected = [line for turn in of_thread for line in (*here.agent.texts[turn.id], *answer_to(turn))]
        assert said == expected
    assert all(isinstance(shown[-1], Summary) for shown in here.chat.statuses.values())
    assert len(here.chat.statuses) == len(asked)
    assert len(here.agent.replies) == len({*here.agent.replies})
    openers = [posted for posted in here.chat.channels.get(CHANNEL, []) if posted.content.startswith("**")]
    assert len(openers) == sum(r.place.thread is None and r.source == "command" for r in asked)


def answer_to(turn: Turn) -> tuple[str, str]:
    return f"answer to {turn.id}", f"and its end\n-# <@{turn.asker.id}>"


@pytest.mark.anyio
async def test_an_engine_that_is_stopped_in_good_order_hands_its_turns_back_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.ledger.admit(message(1, thread=THREADS[0]), here.now)
        here.agent.speak = asyncio.Event()
        engine = asyncio.create_task(here.engine().run())
        await here.agent.thinking.wait()

        engine.cancel()
        await asyncio.wait([engine])

        assert await here.ledger.claim("next", here.now, here.now + 15) is not None
