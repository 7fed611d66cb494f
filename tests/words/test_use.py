"""Words and those who use them fit together: none is left over, every field is filled, every case has one."""

import ast
from collections.abc import Mapping
from enum import StrEnum
from string import Formatter

import pytest

from app.commands.diff import Extent
from app.commands.rewinding import Obstacle
from app.sandboxes.machine import State
from app.turns.machine import LIVE
from app.turns.preferences import Preference, Routing, Scope
from app.turns.progress import Doing
from app.turns.status import Outcome, Phase, Verbosity
from app.turns.workbench import Compacted
from app.words import machine, session, settings, status, turn
from tests.words.said import SAID, SOURCES, known_in, names_in


def test_every_word_is_used() -> None:
    used = set[str]()
    for where, source in SOURCES.items():
        tree = ast.parse(source)
        used |= set(names_in(tree, known_in(where, tree)))

    assert SAID.keys() - used == set()


@pytest.mark.parametrize("where", SOURCES)
def test_a_template_gets_all_of_its_fields(where: str) -> None:
    tree = ast.parse(SOURCES[where])
    known = known_in(where, tree)

    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            given = {keyword.arg for keyword in call.keywords}
            for name in names_in(call.func.value, known):
                assert [text for text in SAID.get(name, ()) if fields(text) - given] == []


def fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (turn.PHASES, set(Phase)),
        (turn.ENDINGS, set(Outcome)),
        (turn.TASK_MARKS, set(Doing)),
        (machine.STATES, set(State)),
        (status.DOING, LIVE),
        (settings.SOURCES, set(Scope)),
        (settings.UNSETTLED, set(Preference) - {Preference.MODEL, Preference.ROUTING}),
        (settings.ROUTING_MEANS, set(Routing)),
        (settings.VERBOSITY_MEANS, set(Verbosity)),
        (session.NOT_COMPACTED, set(Compacted) - {Compacted.DONE}),
        (session.NOT_UNDONE, set(Obstacle)),
        (session.NOT_REDONE, set(Obstacle)),
        (session.NO_CHANGES, set(Extent)),
        (session.CHANGES, set(Extent)),
    ],
)
def test_a_table_has_words_for_every_case(table: Mapping[str, str], keys: set[StrEnum]) -> None:
    assert set(table) == keys
