"""What the agent asks people, against a Discord that keeps its rules."""

from dataclasses import replace

import pytest

from app.ids import AskId
from app.turns.asks import Asked, AskState
from app.turns.machine import Stage
from app.turns.progress import Allowed, Answered, Ask, Option, Permission, Question
from app.turns.records import Turn
from scripts.playground.discord.permissions import May
from tests.discord.stage import AT_WORK, scene

pytestmark = pytest.mark.anyio

LONG = "\n".join(f"echo {number}" for number in range(500))
QUESTIONS = (
    Question("Which? " * 400, "One", (Option("Red"), Option("Blue"))),
    Question("Sure?", "Two", (Option("Yes"), Option("No"))),
)


def asked_in(turn: Turn, about: Permission | tuple[Question, ...], id: str = "per_1") -> Asked:
    return Asked(turn.id, Ask(AskId(id), about), AskState.OPEN, 0.0, 1_700_000_000.0)


async def test_an_ask_notifies_the_asker_once_with_the_whole_command() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        turn = replace(turn, status=await here.chat.post_status(turn, AT_WORK))
        asked = asked_in(turn, Permission("bash", LONG))
        first = await here.chat.post_ask(turn, asked)
        soon = await here.chat.post_ask(turn, asked)
        here.discord.clock.advance(3_600)  # the nonce is forgotten
        late = await here.chat.post_ask(replace(turn, attempts=1), asked)
        other = await here.chat.post_ask(turn, asked_in(turn, Permission("bash", LONG), "per_12"))
        message = here.message(turn.home, first)
    assert first == soon == late != other
    assert [one["id"] for one in here.ada.notifications()] == [first, other]
    assert [here.ada.download(file).decode() for file in message["attachments"]] == [LONG]
    assert here.discord.violations == []


async def test_a_decision_takes_the_buttons_away_and_leaves_the_file() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", LONG))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        decided = replace(asked, state=AskState.DECIDED, decision=Allowed(False), by="Ada")
        await here.chat.show_ask(turn, decided)
        message = here.message(turn.home, str(asked.message))
    assert message["content"].startswith("-# ✅ **Allowed once** by Ada")
    assert message["components"] == []
    assert [file["filename"] for file in message["attachments"]] == ["command.sh"]
    assert here.discord.violations == []


async def test_the_next_question_takes_the_place_of_the_one_before_and_of_its_file() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, QUESTIONS, "que_1")
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        first = here.message(turn.home, str(asked.message))
        await here.chat.show_ask(turn, replace(asked, answers=(("Red",),)))
        second = here.message(turn.home, str(asked.message))
        over = replace(asked, state=AskState.SETTLED, decision=Answered((("Red",), ("Yes",))), by="Ada")
        await here.chat.show_ask(turn, over)
        third = here.message(turn.home, str(asked.message))
    assert [[file["filename"] for file in shown["attachments"]] for shown in (first, second, third)] == [
        ["question.md"],
        [],
        ["answers.md"],
    ]
    assert "Question 2 of 2" in second["content"]
    assert here.ada.id in first["content"]
    assert not any(here.ada.id in shown["content"] for shown in (second, third))
    assert third["components"] == []
    assert len(here.ada.notifications()) == 1
    assert here.discord.violations == []


async def test_what_was_decided_is_shown_in_an_archived_thread_too() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", "ls"))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        moderator = here.discord.add_person("Mo", permissions=int(May.MANAGE_THREADS))
        await moderator.change_thread(turn.home, archived=True)
        await here.chat.show_ask(turn, replace(asked, state=AskState.GONE))
        shown = here.message(turn.home, str(asked.message))
    assert "**Gone**" in shown["content"]


async def test_an_ask_that_was_deleted_is_posted_anew_though_discord_remembers_the_first() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", "ls"))
        first = await here.chat.post_ask(turn, asked)
        here.discord.world.channel(turn.home).messages.pop(first)
        anew = await here.chat.post_ask(turn, replace(asked, asked_at=60.0))
        message = here.message(turn.home, anew)
    assert "Allow once" in str(message["components"])
    assert [one["id"] for one in here.ada.notifications()][-1] == anew


async def test_what_is_gone_offers_another_try_only_once_its_turn_is_over() -> None:
    async with scene() as here:
        turn = replace(await here.ask_in_thread(), stage=Stage.PROMPTED)
        asked = asked_in(turn, Permission("bash", "ls"))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked), state=AskState.GONE)
        shown = []
        for stage in (Stage.PROMPTED, Stage.CANCELLED):
            await here.chat.show_ask(replace(turn, stage=stage), asked)
            shown.append(here.message(turn.home, str(asked.message))["components"])
    assert ["Retry" in str(components) for components in shown] == [False, True]


async def test_an_edit_of_an_ask_that_somebody_deleted_changes_nothing() -> None:
    async with scene() as here:
        turn = await here.ask_in_thread()
        asked = asked_in(turn, Permission("bash", "ls"))
        asked = replace(asked, message=await here.chat.post_ask(turn, asked))
        here.discord.world.channel(turn.home).messages.pop(str(asked.message))
        await here.chat.show_ask(turn, replace(asked, state=AskState.GONE))
        texts = here.texts(turn.home)
    assert texts == ["and now?"]
