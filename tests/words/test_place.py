"""Every sentence that a person can get lies in `app/words`."""

import pytest

from app.turns.belongings import HERE, NOT_HERE, PARTLY, TRANSCRIPT
from app.turns.surroundings import UNSAID
from tests.words.said import SOURCES
from tests.words.search import found_in

FOR_A_MODEL = "what a model is told; no person reads it"
EXEMPT = {
    "app/__main__.py": "what the process says to whoever starts it",
    "app/opencode/briefing.py": FOR_A_MODEL,
    "app/opencode/router.py": FOR_A_MODEL,
    "app/turns/history.py": FOR_A_MODEL,
}
FOR_A_MODEL_THERE = {
    ("app/turns/attachments.py", "(Attached, in the workspace: {}.)"),
    ("app/turns/surroundings.py", UNSAID),
    *(("app/turns/belongings.py", words) for words in (HERE, NOT_HERE, PARTLY, TRANSCRIPT)),
}
ELSEWHERE = sorted(where for where in SOURCES.keys() - EXEMPT.keys() if not where.startswith("app/words/"))


@pytest.mark.parametrize("where", ELSEWHERE)
def test_nothing_is_said_to_people_but_in_words_from_there(where: str) -> None:
    found = found_in(SOURCES[where])

    assert [text for text in found if (where, text) not in FOR_A_MODEL_THERE] == []


@pytest.mark.parametrize(
    "source",
    [
        'GONE = "The machine is gone. Ask again."',
        'def f(n):\n    return f"There are {n} questions."',
        'async def f(x="Please try again in a moment."):\n    """Says it."""',
        'ENDINGS = {Outcome.DONE: "✅ **Done**"}',
        'line = f"✏️ Changed {path}"',
        "lines = ['-# **Deny** ends it']",
        'raise TurnedAway("no")',
        'raise Refused(f"not {this}") from error',
        'raise Retriable("a reason", tell="try later")',
        'button("Stop", key)',
        'Result("gone" if gone else "kept")',
        'Result(DONE, aloud=MARK + "undone")',
        "self.chat.announce(turn, 'sorry')",
        'x = ("Sorry, this is long, "\n     "and in two pieces.")',
    ],
)
def test_the_search_finds_what_is_said(source: str) -> None:
    assert list(found_in(source))


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring. It has sentences."""',
        'log.warning("turn.lost", why="Nobody knows. Or does not say.")',
        'REGISTRATION: Payload = {"description": "Stop what OpenCode is doing. Now."}',
        'raise Retriable("OpenCode was not ready within 3 s")',
        'raise Retriable(f"Daytona could not {what}: {why}")',
        'button(STOP, f"stop:{turn}")',
        'rest.get(f"/channels/{channel}/messages")',
        'SCRIPT = "cd $HOME || exit 1"',
    ],
)
def test_the_search_passes_over_what_nobody_reads(source: str) -> None:
    assert list(found_in(source)) == []


def test_what_is_exempt_is_there() -> None:
    assert [where for where in EXEMPT if not list(found_in(SOURCES[where]))] == []
    for where, text in FOR_A_MODEL_THERE:
        assert text in found_in(SOURCES[where])
