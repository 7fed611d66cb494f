"""All words speak with one voice: short, plain, and with what to do next."""

import ast
import re

import pytest

from app import commands
from tests.words.said import SAID, SOURCES, known_in, names_in

EACH = [pytest.param(name, text, id=f"{name}-{n}") for name, texts in SAID.items() for n, text in enumerate(texts)]
each = pytest.mark.parametrize(("name", "text"), EACH)


LONG = {
    "machine.LIMIT_REACHED": "there are two ways out, for two different people",
}
LONGEST = 200
UNENDED = {
    "status.DOING": "the rest says when it was asked",
    "session.SPENT": "a line of a list",
}


@each
def test_it_is_short(name: str, text: str) -> None:
    assert len(text) <= LONGEST or name in LONG


@each
def test_it_is_plain(name: str, text: str) -> None:
    assert "!" not in re.sub(r"\{[^}]*\}", "", text)
    assert not re.search(r"\w['’](?:t|re|ve|ll|d|m)\b|\b(?:it|that|there|what)['’]s\b", text, re.IGNORECASE)
    assert not re.search(r"\b(?:we|us|our|ours)\b", text, re.IGNORECASE)  # “I” is the bot
    assert len(re.findall(r"\bplease\b", text, re.IGNORECASE)) <= 1
    assert "  " not in text


@each
def test_a_sentence_ends_like_one(name: str, text: str) -> None:
    is_several = re.search(r"[a-z`)][.?] [A-Z`]", text) is not None

    is_sentence = is_several or bool(re.match(r"(?:Sorry|Please|There|This|It|You|I|Nothing|The) \w+ \w+", text))

    assert not is_sentence or name in UNENDED or re.search(r"[.?…:}](?:\*\*)?$", text)


@each
def test_an_address_that_is_only_an_example_is_no_link(name: str, text: str) -> None:
    assert not re.search(r"(?<!`)https?://", text)


PATHS = {
    f"{name} {inside['name']}" if module.REGISTRATION["type"] == commands.GROUP else name
    for name, module in commands.SUBCOMMANDS.items()
    for inside in (module.REGISTRATION["options"] if module.REGISTRATION["type"] == commands.GROUP else [{}])
}


@each
def test_a_command_is_one_that_there_is_and_looks_like_one(name: str, text: str) -> None:
    named = re.findall(r"(`?)/opencord ?([a-z ]*)(`?)", text)

    for before, path, after in named:
        assert (before, after) == ("`", "`")
        assert not path or path in PATHS


def refusals() -> set[str]:
    """What is given to those who cannot have what they want."""
    found = {name for name in SAID if name.startswith(("refusals.", "apologies."))}
    for where, source in SOURCES.items():
        tree = ast.parse(source)
        known = known_in(where, tree)
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("TurnedAway", "Refused", "Unfit"):
                found |= {name for given in call.args for name in names_in(given, known)}
    return found


NOTHING_TO_DO = {
    "queue.NOTHING_WAITS": "it is as it was wished",
    "queue.STANDS_THERE": "it is as it was wished",
    "queue.NOTHING_TO_STOP": "it is as it was wished",
    "queue.ANSWER_ON_ITS_WAY": "it ends by itself in a moment",
    "settings.ALREADY_SO": "it is as it was wished",
    "session.UNCHANGED": "it says that there is nothing",
    "decisions.ANSWERED_BEFORE": "it goes on by itself",
}
WITHIN_OTHERS = {
    "apologies.OPERATOR",
    "apologies.CLONE_FAILED",  # the two that follow it say what to do
    "apologies.NO_SUCH_BRANCH",
    "apologies.NO_HOST",
    "apologies.NOT_LET_IN",
    "apologies.NO_SUCH_REPOSITORY",
    "apologies.NO_SPACE",
    "apologies.UNREADABLE",
    "refusals._GONE",
    "refusals.NO_ATTACHING",
    "refusals.TOO_LARGE_HERE",
    "refusals.FILES_REFUSED",
}
WAYS_ON = re.compile(
    r"\b(?:please|ask|use|type|say|choose|press|write|tell|give|stop)\b|`/opencord|next question", re.IGNORECASE
)


@pytest.mark.parametrize("name", sorted(refusals() - NOTHING_TO_DO.keys() - WITHIN_OTHERS))
def test_a_refusal_says_what_to_do_next(name: str) -> None:
    assert [text for text in SAID[name] if not WAYS_ON.search(text)] == []


def test_no_exception_is_out_of_date() -> None:
    assert {*NOTHING_TO_DO, *WITHIN_OTHERS, *LONG, *UNENDED} <= SAID.keys()
    assert NOTHING_TO_DO.keys() <= refusals()
    assert [name for name in LONG if max(map(len, SAID[name])) <= LONGEST] == []
