"""What an agent asks the people of a thread, and what they answer: permissions and questions. Each test is a
conversation, and what its people see is kept in `threads/`."""

import json
from pathlib import Path

import pytest

from tests.conversation.acting import Scene, scene
from tests.conversation.company import company

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


def question(text: str, header: str, *options: str, many: bool = False) -> dict[str, object]:
    """An option may be described behind a colon."""
    pairs = [option.partition(": ") for option in options]
    choices = [{"label": label, "description": description or label} for label, _, description in pairs]
    return {"question": text, "header": header, "options": choices, "multiple": many}


def asking(*questions: dict[str, object]) -> str:
    return f"!tool question {json.dumps({'questions': questions})}"


ASKS = ("asks for permission", "Waiting for an answer")
QUESTION = ("The agent asks", "Waiting for an answer")
PUBLISH = "!bash npm publish\n!say Version 1.4.0 is out."
SETTINGS = "!write .env PORT=8080\\nDEBUG=false\\n\n!say The settings are in .env now."
DATABASE = asking(question("Which database shall I use?", "Database", "Postgres", "SQLite"))
WITHIN = str(10 / 60)  # minutes that somebody has for an answer


async def test_a_command_is_allowed_once_and_then_for_good(thread: Scene) -> None:
    await thread.mention("publish it", means=PUBLISH)
    await thread.look(*ASKS)
    await thread.press("Allow once")
    await thread.over()
    await thread.write("publish it again please", means=PUBLISH)
    await thread.look(*ASKS)
    await thread.press("Always allow", who=thread.people.bob)
    await thread.over()
    await thread.write("and publish it once more", means=PUBLISH)
    await thread.over()

    thread.end()


async def test_a_denial_ends_the_turn_unless_it_has_a_reason(thread: Scene) -> None:
    await thread.mention("publish it", means=PUBLISH)
    await thread.look(*ASKS)
    await thread.press("Deny", writes={})
    await thread.over()
    await thread.write("publish it again please", means="!bash npm publish\n!say Then I leave it to you.")
    await thread.look(*ASKS)
    await thread.press("Deny", writes={"Reason": "Not on a Friday."})
    await thread.over()

    thread.end()


async def test_a_change_is_shown_before_it_is_allowed(thread: Scene) -> None:
    await thread.mention("write the settings", means=SETTINGS)
    await thread.look(*ASKS)
    await thread.press("Allow once")
    await thread.over()

    thread.end()


async def test_a_long_command_is_enclosed_whole(thread: Scene) -> None:
    command = "npm publish " + " ".join(f"--tag release-{number}" for number in range(150))
    await thread.mention("publish it under many names", means=f"!bash {command}\n!say Done.")
    await thread.look(*ASKS)
    await thread.press("Deny", writes={"Reason": "That is too many."})
    await thread.over()

    thread.end()


async def test_a_question_is_answered_with_a_button(thread: Scene) -> None:
    asked = question("Which database shall I use?", "Database", "Postgres: a server of its own", "SQLite: a file")
    await thread.mention("set up the database", means=asking(asked))
    await thread.look(*QUESTION)
    await thread.press("SQLite")
    await thread.over()

    thread.end()


async def test_several_options_are_chosen_from_a_list(thread: Scene) -> None:
    asked = question("Which modules shall I test?", "Modules", "cart", "checkout", "search", "login", many=True)
    await thread.mention("test the shop", means=asking(asked))
    await thread.look(*QUESTION)
    await thread.press("Choose one or more", "cart", "login")
    await thread.over()

    thread.end()


async def test_several_questions_are_asked_one_after_the_other(thread: Scene) -> None:
    language = question("Which language?", "Language", "Python", "Go")
    licence = question("Which licence?", "Licence", "MIT", "GPL: whoever changes it shares it", "Apache")
    name = question("What is it called?", "Name")
    await thread.mention("begin a project", means=asking(language, licence, name))
    await thread.look(*QUESTION)
    await thread.press("Python")
    await thread.look("Question 2 of 3")
    await thread.press("MIT", who=thread.people.bob)
    await thread.look("Question 3 of 3")
    await thread.press("Answer…", writes={"Answer": "Pantry"})
    await thread.over()

    thread.end()


async def test_a_question_is_answered_in_ones_own_words(thread: Scene) -> None:
    await thread.mention("set up the database", means=DATABASE)
    await thread.look(*QUESTION)
    await thread.press("Other…", writes={"Answer": "DuckDB, please"})
    await thread.over()
    await thread.write("set up another database", means=DATABASE)
    await thread.look(*QUESTION)
    await thread.write("whatever is there already", to=thread.newest("Which database"))
    await thread.over()

    thread.end()


async def test_whoever_may_not_talk_to_the_bot_decides_nothing_and_nobody_decides_twice(thread: Scene) -> None:
    people = thread.people
    await thread.mention("publish it", means=PUBLISH)
    await thread.look(*ASKS)
    asked = thread.newest("asks for permission")
    await thread.press("Allow once", who=people.mallory)
    await thread.press("Allow once")
    await thread.over()
    await thread.press("Deny", who=people.bob, on=asked)

    thread.end()


async def test_a_stop_ends_what_the_agent_asks(thread: Scene) -> None:
    await thread.mention("publish it", means=PUBLISH)
    await thread.look(*ASKS)
    await thread.press("Stop")
    await thread.over()

    thread.end()


async def test_a_question_that_nobody_answers_expires_and_can_be_asked_again(tmp_path: Path) -> None:
    async with company(tmp_path, SANDBOX_TIMEOUT_MINUTES=WITHIN) as people:
        name = "a_question_that_nobody_answers_expires_and_can_be_asked_again"
        async with scene(people, name) as thread:
            await thread.mention("set up the database", means=DATABASE)
            await thread.look(*QUESTION)
            await thread.over()
            await thread.press("Postgres", on=thread.newest("Which database"))
            await thread.press("Retry")
            await thread.look(*QUESTION)
            await thread.press("Postgres")
            await thread.over()

            thread.end()
