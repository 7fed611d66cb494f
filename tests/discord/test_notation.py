"""Words that are not ours, shown so that Discord reads nothing into them."""

import re
import unicodedata

import pytest
from hypothesis import given

from app.discord.notation import NOTHING, code, fence, is_exact, legible, mention, path, prose, timestamp, visible
from app.discord.text import units
from tests.discord.oracle import texts

BIDI_CONTROLS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("npm test", "`npm test`"),
        ("one\n  two\tthree", "`one two three`"),
        ("a`b", "`` a`b ``"),
        ("", NOTHING),
        (" \n", NOTHING),
        ("x" * 30, "`" + "x" * 19 + "…`"),
        ("rm \u202ecod.txt", r"`rm \u{202e}cod.txt`"),
        ("@everyone <@1>", "`@everyone <@1>`"),
    ],
)
def test_code_in_a_line_is_one_line_and_nothing_but_code(text: str, shown: str) -> None:
    assert code(text, 20) == shown


@given(texts)
def test_code_ends_where_it_ends(text: str) -> None:
    """Discord closes it at the first run of as many backticks as opened it."""
    shown = code(text, 50)

    inside = re.fullmatch(r"(`+)(.+?)(?<!`)\1(?!`)", shown)
    assert shown == NOTHING or (inside is not None and "\n" not in shown and units(shown) <= 6 + 2 * 50)


@given(texts)
def test_a_path_ends_where_it_ends_and_fits(text: str) -> None:
    shown = path(text * 3, 50)

    inside = re.fullmatch(r"(`+)(.+?)(?<!`)\1(?!`)", shown)
    assert shown == NOTHING or (inside is not None and "\n" not in shown and units(shown) <= 6 + 2 * 50)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("src/app.py", "`src/app.py`"),
        ("deep/er/and/deeper/still/main.py", "`deep/er/and…/main.py`"),
        ("src/a-very-long-name-and-more.py", "`src/a-ver…nd-more.py`"),
        ("a-very-long-name-and-more.py", "`a-very-lo…nd-more.py`"),
        ("x/" * 5_000 + "main.py", "`x/x/x/x/x/x…/main.py`"),
        ("deep/er/and/deeper/still/", "`deep/er/and/…/still/`"),
        ("my files/of this year/a`b.txt", "`` my files/of…/a`b.txt ``"),
        ("a/" + "👩🏽" * 20, "`a/" + "👩🏽" * 2 + "…" + "👩🏽" * 2 + "`"),
        ("", NOTHING),
    ],
)
def test_of_a_path_that_is_too_long_the_middle_is_left_out(text: str, shown: str) -> None:
    assert path(text, 20) == shown


@given(texts)
def test_a_fence_ends_where_it_ends(text: str) -> None:
    shown = fence(visible(text), "sh")

    assert shown.startswith("```sh\n")
    assert shown.find("```", 3) == len(shown) - 3


def test_what_a_reader_could_not_see_is_spelt_out() -> None:
    assert visible("a\u200bb\x1b[0m\te\n") == "a\\u{200b}b\\u{1b}[0m\te\n"
    assert visible("👩\u200d👧 é") == "👩\u200d👧 é"


@pytest.mark.parametrize("text", ["a ``` b", "\u202e", "a\0", "", "a\r\nb"])
def test_what_cannot_be_copied_from_a_fence_is_known(text: str) -> None:
    assert not is_exact(text)


def test_what_can_be_copied_from_a_fence_is_known() -> None:
    assert is_exact("for f in *; do\n\techo `ls` ``\ndone")


@given(texts)
def test_prose_is_one_line_that_mentions_nobody(text: str) -> None:
    shown = prose(text, 40)

    assert "\n" not in shown
    assert not re.search(r"(?<!\\)[<@`*_|#]", shown)
    assert units(shown) <= 2 * 40


def test_times_and_people_are_discords_own() -> None:
    assert timestamp(1_700_000_000.9, "R") == "<t:1700000000:R>"
    assert mention("7") == "<@7>"


@pytest.mark.parametrize("mark", [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))])
def test_prose_is_not_turned_around(mark: str) -> None:
    assert legible(f"a{mark}b") == f"a\\u{{{ord(mark):x}}}b"


def test_prose_keeps_the_marks_that_scripts_need() -> None:
    assert legible("\u200eשלום\u200f 👩\u200d👧") == "\u200eשלום\u200f 👩\u200d👧"


def test_every_mark_that_turns_a_line_around_or_has_no_width_is_spelt_out() -> None:
    bidirectional = {chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code)) in BIDI_CONTROLS}
    controls = {chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"} - {"\n", "\t", "\r"}

    hidden = bidirectional | controls | set("\xad\u200b\u2060\ufeff\u3164\U000e0041")

    assert len(bidirectional) == 9
    assert {one for one in hidden if visible(one) == one} == set()
