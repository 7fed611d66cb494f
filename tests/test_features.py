"""`docs/features.md` says only what a test shows."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "features.md").read_text()
FIRST, LAST = 12, 49


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    here: str
    tests: tuple[str, ...]


def row_of(line: str) -> Row:
    number, _, here, _, shown_by = (cell.strip() for cell in line.strip("|").split("|"))
    return Row(int(number), here, tuple(re.findall(r"`([^`]+)`", shown_by)))


ROWS = [row_of(line) for line in PAGE.splitlines() if re.match(r"\| \d", line)]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds) and node.name.startswith("test_"))


def test_every_row_is_there_once_and_in_its_order() -> None:
    assert [row.number for row in ROWS] == list(range(FIRST, LAST + 1))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_what_is_there_is_shown_by_tests_that_exist(row: Row) -> None:
    assert row.here in {"yes", "partly", "no"}
    assert bool(row.tests) == (row.here != "no")
    for test in row.tests:
        path, _, name = test.partition("::")
        assert name in names_in(path), test
