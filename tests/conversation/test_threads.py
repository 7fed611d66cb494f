"""The record that the other conversations are kept with: it leaves out nothing but what differs from run to run."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from scripts.playground.discord import Simulator
from scripts.playground.discord.records import Message
from tests.conversation.threads import KEPT, Sight, compare, folded, moment


def test_every_thread_that_is_kept_is_one_of_a_test() -> None:
    here = Path(__file__).parent

    kept = {place.stem for place in KEPT.iterdir()}

    assert names_in(here.glob("test_threads_*.py")) <= kept <= names_in(here.glob("test_*.py"))
    assert len(kept) >= 34


def names_in(modules: Iterable[Path]) -> set[str]:
    """Of their tests."""
    return {
        name for module in modules for name in re.findall(r"^async def test_(\w+)", module.read_text(), re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-90, "{2 minutes ago}"), (-20, "{just now}"), (30, "{in a moment}"), (1_780, "{in 30 minutes}")],
)
def test_a_time_is_said_steadily(seconds: int, words: str) -> None:
    assert moment(1_000_000 + seconds, 1_000_000) == words


def test_what_differs_from_run_to_run_is_left_out_and_nothing_else() -> None:
    world = Simulator().world
    said = "-# ✅ **Done** in 1 min 3 s · 1,234 tokens · $0.0123 · 1 file changed (+2 −0)\nIt took 3 s, and 3 tokens."
    message = Message("1", "2", world.bot, 0, said, 0.0)

    seen = Sight(world).message(message)

    assert seen == [
        "-# ✅ **Done** in {so many} s · {so many} tokens · ${so much} · 1 file changed (+2 −0)",
        "It took 3 s, and 3 tokens.",
    ]


def test_a_line_that_comes_again_and_again_is_shown_once() -> None:
    assert folded(["a", "a", "b", "b", "b", "b"]) == ["a", "a", "b", "{the same line, 4 times in all}"]


def test_what_is_not_as_it_was_kept_is_told_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPDATE_THREADS", raising=False)
    kept = next(KEPT.iterdir())

    with pytest.raises(AssertionError, match=r"(?s)UPDATE_THREADS=1.*\+one line more"):
        compare(kept.stem, kept.read_text() + "one line more\n")
