"""What a thread is called."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.turns.titles import LONGEST, LONGEST_GIVEN, headline_of, title_of


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("list the files", "list the files"),
        ("<@99>  fix `main.py`\nplease", "fix main.py please"),
        ("<:wave:123> hello <#456> <@&7>", "hello"),
        ("<@99>", "OpenCord"),
        ("", "OpenCord"),
        ("\u200b", "OpenCord"),
        ("a\u202eb\x7fc\ud800", "ab c"),
    ],
)
def test_a_thread_is_named_after_its_first_words(prompt: str, title: str) -> None:
    assert title_of(prompt) == title


@pytest.mark.parametrize("prompt", ["word " * 60, "x" * 500])
def test_a_long_prompt_is_cut_for_the_name(prompt: str) -> None:
    title = title_of(prompt)

    assert len(title) <= LONGEST
    assert title.endswith("…")


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Fix the failing import", "Fix the failing import"),
        ("  “Fix the failing import.”\n", "Fix the failing import"),
        ("Title: Fix the import", "Fix the import"),
        ('**"Fix the import"**', "Fix the import"),
        ("# Fix the import", "Fix the import"),
        ("\nFix the import\n\n", "Fix the import"),
        ("Help @everyone and <@123> now", "Help everyone and now"),
        ("Fix a@b.c", "Fix a@b.c"),
        ("修复导入错误", "修复导入错误"),
        ("[WIP] parser", "[WIP] parser"),
        ("A" * 30 + " " + "B" * 40, "A" * 30 + "…"),
    ],
)
def test_a_models_title_is_cleaned(answer: str, title: str) -> None:
    assert headline_of(answer) == title


@pytest.mark.parametrize(
    "answer",
    ["", " \n", "…", '""', "\u200b", '{"title": "x"}', '["x"]', "```\nx\n```", "Sure! Here is one:\n\nFix the import"],
)
def test_what_is_no_title_is_none(answer: str) -> None:
    assert headline_of(answer) is None


@given(st.text())
@example("A title \x1b.")
def test_a_models_title_is_one_short_line_that_names_nobody(answer: str) -> None:
    title = headline_of(answer)

    if title is not None:
        assert 0 < len(title) <= LONGEST_GIVEN
        assert title.splitlines() == [title] == [title.strip()]
        assert "@everyone" not in title
        assert not any(one < " " for one in title)
