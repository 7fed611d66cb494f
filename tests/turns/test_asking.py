"""An agent that waits for a person."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from app.ids import AskId, ChannelId, GuildId
from app.turns.asks import AskState
from app.turns.errors import Refused, Retriable
from app.turns.machine import Ending, Stage
from app.turns.preferences import Preference
from app.turns.progress import Allowed, Answered, Ask, Denied, Option, Permission, Question
from app.turns.status import Outcome, Phase, Status, Summary
from tests.samples import CHANNEL, GUILD, message
from tests.turns.engine import World, running, until, world
from tests.turns.test_display import THREAD, phases, shown, turn_of, until_ended

pytestmark = pytest.mark.anyio
TURN = message(1).id
RUN = Ask(AskId("per_1"), Permission("bash", "rm -r build"))
COLOUR = Question("Which colour?", "Colour", (Option("Red"), Option("Blue")))
WISHES = Ask(AskId("que_1"), (COLOUR, COLOUR))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def ask(here: World, *asks: Ask) -> None:
    here.agent.asks[TURN] = list(asks)
    await here.ledger.admit(message(1, thread=THREAD), here.now)


def states(here: World, ask: Ask) -> list[AskState]:
    return [asked.state for asked in here.chat.asks.get(ask.id, [])]


def is_over(here: World) -> bool:
    return bool(shown(here)) and isinstance(shown(here)[-1], Summary)


async def test_what_is_asked_is_shown_once_and_the_decision_is_carried_back(here: World) -> None:
    await ask(here, RUN)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))

        await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")
        await until(lambda: is_over(here))

    assert states(here, RUN) == [AskState.OPEN, AskState.SETTLED]
    assert here.agent.replies == [(RUN.id, Allowed(always=False))]
    assert (await turn_of(here)).stage is Stage.DELIVERED


async def test_a_permission_is_put_to_the_role_that_decides_and_a_question_to_everybody(here: World) -> None:
    await here.preferences.settle(GuildId(GUILD), ChannelId(CHANNEL), {Preference.APPROVER: "91"})
    await ask(here, RUN, WISHES)
    async with running(here):
        await until(lambda: {RUN.id, WISHES.id} <= here.chat.approvers.keys())

    assert here.chat.approvers == {RUN.id: "91", WISHES.id: None}


async def test_the_role_of_everybody_is_not_named(here: World) -> None:
    await here.preferences.settle(GuildId(GUILD), ChannelId(CHANNEL), {Preference.APPROVER: GUILD})
    await ask(here, RUN)
    async with running(here):
        await until(lambda: RUN.id in here.chat.approvers)

    assert here.chat.approvers == {RUN.id: None}


async def test_the_status_tells_until_when_it_waits(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))

    (waiting,) = [one for one in shown(here) if isinstance(one, Status) and one.phase is Phase.WAITING][-1:]
    assert waiting.expires_at == here.now + 600.0


async def test_of_two_things_that_are_asked_the_first_to_run_out_counts(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))
        here.now += 60.0
        here.agent.asks[TURN].append(WISHES)
        await until(lambda: bool(states(here, WISHES)))

        here.now += 541.0
        await until(lambda: is_over(here))

    assert (await turn_of(here)).ending is Ending.EXPIRED


async def test_questions_come_one_after_the_other(here: World) -> None:
    await ask(here, WISHES)
    async with running(here):
        await until(lambda: bool(states(here, WISHES)))
        await here.asks.answer(TURN, WISHES.id, 0, ("Blue",), "alice")
        await until(lambda: len(here.chat.asks[WISHES.id]) == 2)
        await here.asks.answer(TURN, WISHES.id, 1, ("a kind of green",), "bob")
        await until(lambda: is_over(here))

    assert [len(asked.answers) for asked in here.chat.asks[WISHES.id]] == [0, 1, 2]
    assert here.agent.replies == [(WISHES.id, Answered((("Blue",), ("a kind of green",))))]


async def test_a_decision_that_was_made_while_nobody_worked_is_carried_by_the_next(here: World) -> None:
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
    await here.asks.decide(TURN, RUN.id, Denied("not on a Friday"), "alice")

    await here.live()

    assert here.agent.replies == [(RUN.id, Denied("not on a Friday"))]
    assert states(here, RUN) == [AskState.OPEN, AskState.SETTLED]


async def test_what_was_answered_elsewhere_is_shown_as_gone(here: World) -> None:
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))

        here.agent.speak = asyncio.Event()
        here.agent.gone.add(RUN.id)
        await until(lambda: AskState.GONE in states(here, RUN))

    assert not await here.asks.decide(TURN, RUN.id, Allowed(always=True), "alice")


async def test_after_its_time_the_turn_is_over_and_the_queue_goes_on(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)
    await here.ledger.admit(message(2, thread=THREAD), here.now)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))

        here.now += 601.0
        await until(lambda: is_over(here) and len(here.agent.runs) == 2)

    turn, last = await turn_of(here), shown(here)[-1]
    assert (turn.stage, turn.ending) == (Stage.CANCELLED, Ending.EXPIRED)
    assert isinstance(last, Summary)
    assert last.outcome is Outcome.EXPIRED
    assert here.agent.aborted == [turn.session]
    assert states(here, RUN) == [AskState.OPEN, AskState.GONE]


async def test_nobody_is_told_that_an_answer_counts_once_the_turn_is_over(here: World) -> None:
    here.patience = 600.0
    decided: list[bool] = []

    async def decide() -> None:
        decided.append(await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice"))

    here.agent.aborting = decide
    await ask(here, RUN)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))

        here.now += 601.0
        await until(lambda: is_over(here))

    assert decided == [False]


async def test_a_turn_whose_time_is_over_ends_so_whatever_comes_between(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)

    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))
        here.agent.aborting = asyncio.Event().wait
        here.now += 601.0
        while not (await turn_of(here)).expired:  # noqa: ASYNC110 - the store has no event for it
            await asyncio.sleep(0.005)
    here.agent.aborting = None

    await here.live()

    assert (await turn_of(here)).ending is Ending.EXPIRED


async def test_whoever_decides_one_thing_in_time_is_heard_though_another_has_run_out(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
        here.now += 60.0
        here.agent.asks[TURN].append(WISHES)
        await until(lambda: bool(states(here, WISHES)))
    await here.asks.answer(TURN, WISHES.id, 0, ("Blue",), "bob")
    await here.asks.answer(TURN, WISHES.id, 1, ("Red",), "bob")
    here.now += 2_000.0

    async with running(here):
        await until(lambda: is_over(here))

    assert here.agent.replies == [(WISHES.id, Answered((("Blue",), ("Red",))))]


async def test_whoever_decides_in_time_is_heard_though_the_time_is_over_by_now(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
    await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")
    here.now += 2_000.0

    async with running(here):
        await until(lambda: is_over(here))

    assert here.agent.replies == [(RUN.id, Allowed(always=False))]
    assert (await turn_of(here)).stage is Stage.DELIVERED


async def test_a_machine_is_not_kept_awake_for_somebody_who_does_not_come(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.turns.work.TOUCH_SECONDS", 0.01)
    await ask(here, RUN)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))
        before = here.provider.count("touch")
        await asyncio.sleep(0.1)  # ten touches, if it were at work
        after = here.provider.count("touch")

    assert after <= before + 1


async def test_what_a_stopped_turn_asked_is_gone(here: World) -> None:
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))

        await here.ledger.stop(TURN, "alice")
        await until(lambda: is_over(here))

    assert states(here, RUN) == [AskState.OPEN, AskState.GONE]


async def test_a_decision_that_cannot_be_shown_just_now_is_shown_later(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
        here.chat.failures["show_ask"] = Retriable("Discord is away")
        await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")
        await until(lambda: bool(here.agent.replies))

        del here.chat.failures["show_ask"]
        await until(lambda: AskState.SETTLED in states(here, RUN))

    assert (await turn_of(here)).failing_since is None


async def test_what_the_agent_lists_again_can_be_decided_again(here: World) -> None:
    here.agent.speak = asyncio.Event()
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
        here.agent.gone.add(RUN.id)
        await until(lambda: AskState.GONE in states(here, RUN))

        here.agent.gone.clear()
        await until(lambda: states(here, RUN)[-1] is AskState.OPEN)

        assert await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")


async def test_the_next_question_is_shown_also_by_whoever_takes_the_turn_up(here: World) -> None:
    await ask(here, WISHES)
    async with running(here):
        await until(lambda: bool(states(here, WISHES)))
    await here.asks.answer(TURN, WISHES.id, 0, ("Blue",), "alice")

    async with running(here):
        await until(lambda: [len(asked.answers) for asked in here.chat.asks[WISHES.id]] == [0, 1])


async def test_a_turn_whose_time_ran_out_while_nobody_looked_is_over_and_does_not_run_again(here: World) -> None:
    here.patience = 600.0
    await ask(here, RUN)
    async with running(here):
        await until(lambda: Phase.WAITING in phases(here))

    here.now += 3_600.0
    async with running(here):
        await until(lambda: is_over(here))

    assert (await turn_of(here)).ending is Ending.EXPIRED
    assert len(here.agent.runs) == 1


async def test_a_turn_that_ends_before_its_question_could_be_shown_is_closed(here: World) -> None:
    here.chat.failures["post_ask"] = Retriable("Discord is away")
    await ask(here, RUN)
    async with running(here):
        await until_postponed(here)

        await here.ledger.stop(TURN, "alice")
        await until(lambda: is_over(here))

    assert here.chat.asks == {}


async def test_a_decision_that_cannot_be_shown_before_the_end_is_shown_after_it(here: World) -> None:
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
        here.chat.failures["show_ask"] = Retriable("Discord is away")
        await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")
        await until_ended(here)

        del here.chat.failures["show_ask"]
        await until(lambda: states(here, RUN)[-1] is AskState.SETTLED and is_over(here))


async def test_a_decision_that_can_never_be_shown_counts_all_the_same(here: World) -> None:
    here.chat.failures["show_ask"] = Refused("This thread is locked.")
    here.agent.speak = asyncio.Event()
    await ask(here, RUN)
    with structlog.testing.capture_logs() as logs:
        async with running(here):
            await until(lambda: bool(states(here, RUN)))
            await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")
            await until(lambda: bool(here.agent.replies))
            here.agent.speak.set()
            await until(lambda: is_over(here))

    turn, last = await turn_of(here), shown(here)[-1]
    assert turn.stage is Stage.DELIVERED
    assert isinstance(last, Summary)
    assert last.outcome is Outcome.DONE
    assert here.agent.aborted == []
    assert 1 <= sum(line["event"] == "ask.unseen" for line in logs) <= 2  # once for each state that is met


async def test_a_turn_is_closed_though_what_it_asked_cannot_be_edited(here: World) -> None:
    here.chat.failures["show_ask"] = Refused("This thread is locked.")
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))

        await here.ledger.stop(TURN, "alice")
        await until(lambda: is_over(here))

    assert states(here, RUN) == [AskState.OPEN]


async def test_what_is_asked_comes_back_when_its_message_is_deleted_and_can_be_decided(here: World) -> None:
    await ask(here, RUN)
    async with running(here):
        await until(lambda: bool(states(here, RUN)))
        await until_noted(here)
        deleted = here.chat.messages[RUN.id]

        await here.asks.forget([deleted], here.now + 5.0)
        await until(lambda: here.chat.messages[RUN.id] != deleted)
        await until_noted(here)
        await here.asks.decide(TURN, RUN.id, Allowed(always=False), "alice")
        await until(lambda: is_over(here))

    assert states(here, RUN) == [AskState.OPEN, AskState.OPEN, AskState.SETTLED]
    assert here.agent.replies == [(RUN.id, Allowed(always=False))]


async def until_noted(here: World) -> None:
    async with asyncio.timeout(10):
        while (await here.asks.of_turn(TURN))[0].message != here.chat.messages[RUN.id]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def until_postponed(here: World) -> None:
    async with asyncio.timeout(10):
        while (await turn_of(here)).failing_since is None:  # noqa: ASYNC110 - the store has no event for it
            await asyncio.sleep(0.005)
