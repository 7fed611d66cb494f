"""What a reader sees of a text in several messages: three backticks or more make a block, as in Discord."""

import re
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.discord.markdown import split
from app.discord.notation import escape, quote
from app.discord.text import shorten, shows, units

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
FLAG = "\U0001f1e9\U0001f1ea"


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as a reader sees it: its text, and the opening line of the block it is in."""

    text: str
    block: str | None


def read(messages: list[str]) -> list[Seen]:
    """The visible lines of messages whose blocks begin at the beginning of a line."""
    seen = []
    for message in messages:
        block: str | None = None
        for line in message.split("\n"):
            bare = line.strip()
            if block is None and re.match(r"`{3,}[^`]*$", bare):
                block = bare
            elif block is not None and len(bare) >= 3 and not bare.strip(block[0]):
                block = None
            elif bare:
                seen.append(Seen(line if block else bare, block))
        assert block is None, "a message leaves its block open"
    return seen


# --- short texts -------------------------------------------------------------------------------------------------


def test_a_short_text_is_one_message_as_it_is() -> None:
    text = "Done.\n\n```python\nprint(1)\n```\n\nSee `hello.py`."
    assert split(text) == [text]


@pytest.mark.parametrize("begin", ["", "> ", "- ", "# ", "```\n"])
def test_a_text_of_exactly_the_limit_is_one_message(begin: str) -> None:
    end = "\n```" if begin == "```\n" else ""
    text = begin + "x" * (2000 - len(begin) - len(end)) + end
    assert split(text) == [text]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\n", "\u200b\u200b", "\u00a0", "\r\n"])
def test_nothing_to_see_makes_no_message(text: str) -> None:
    assert split(text) == []


def test_a_block_that_is_never_closed_is_closed() -> None:
    assert split("Look:\n```py\nprint(1)") == ["Look:\n```py\nprint(1)\n```"]


# --- where it is cut ---------------------------------------------------------------------------------------------


def test_it_is_cut_between_paragraphs_first() -> None:
    first, second, third = "a" * 900 + "\n" + "b" * 300, "c" * 500, "d" * 900
    assert split(f"{first}\n\n{second}\n\n{third}") == [f"{first}\n\n{second}", third]


def test_it_is_cut_between_lines_next() -> None:
    lines = [f"line {number} " + "x" * 90 for number in range(40)]
    messages = split("\n".join(lines))
    assert len(messages) == 2
    assert "\n".join(messages).split("\n") == lines


def test_it_is_cut_between_words_next() -> None:
    words = [f"word{number}" for number in range(1000)]
    messages = split(" ".join(words))
    assert " ".join(messages).split() == words
    assert len(messages) == 4


def test_a_heading_stays_with_its_text() -> None:
    text = "a" * 1500 + "\n\n" + "b" * 300 + "\n\n## Next\n\n" + "c" * 900
    assert split(text) == ["a" * 1500 + "\n\n" + "b" * 300, "## Next\n\n" + "c" * 900]


def test_a_block_that_fits_into_the_next_message_is_not_cut() -> None:
    prose, code = "a" * 1200, "```sh\n" + "\n".join(["make test"] * 120) + "\n```"
    assert split(f"{prose}\n{code}") == [prose, code]


# --- code blocks -------------------------------------------------------------------------------------------------

CODE = [f"    value_{number} = compute({number})" for number in range(200)]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("```python", "```"),
        ("```", "```"),
        ("```c++", "```"),
        ("````md", "````"),
        ('```rust title="x.rs"', "```"),
        ("   ```js", "   ```"),
    ],
)
def test_a_block_goes_on_with_its_language(opening: str, closing: str) -> None:
    text = "\n".join(["Here:", opening, *CODE, closing, "That is all."])
    messages = split(text)
    assert read(messages) == [
        Seen("Here:", None),
        *(Seen(line, opening.strip()) for line in CODE),
        Seen("That is all.", None),
    ]
    assert len(messages) == 3


def test_a_block_in_a_list_keeps_its_indentation() -> None:
    text = "\n".join(["1. First:", "   ```py", *(f"   {line}" for line in CODE), "   ```", "2. Second"])
    messages = split(text)
    assert all("\n   ```" in message for message in messages)
    assert messages[1].startswith("```py\n       value_")
    assert [line.text for line in read(messages) if line.block] == [f"   {line}" for line in CODE]


def test_a_block_that_begins_at_a_list_marker_goes_on_without_the_marker() -> None:
    messages = split("\n".join(["- ```py", *(f"  {line}" for line in CODE), "  ```"]))
    assert messages[0].startswith("- ```py\n")
    assert all(message.startswith("```py\n") for message in messages[1:])
    assert all(message.endswith("\n  ```") for message in messages)


def test_a_block_in_a_quote_goes_on_in_a_quote() -> None:
    messages = split("\n".join(["> ```py", *(f"> {line}" for line in CODE), "> ```", "Who said that?"]))
    assert all(message.startswith("> ```py\n> ") for message in messages)
    assert messages[-1].endswith("\n> ```\nWho said that?")


def test_a_quote_ends_the_block_in_it() -> None:
    text = "> ```py\n> x = 1\n" + "\n".join(["prose " * 60] * 10)
    assert all("```" not in message for message in split(text)[1:])


def test_a_longer_fence_holds_a_shorter_one() -> None:
    text = "\n".join(["````md", *["```py", "x = 1", "```"] * 300, "````"])
    messages = split(text)
    assert all(message.startswith("````md\n") and message.endswith("\n````") for message in messages)
    assert sum(message.count("x = 1") for message in messages) == 300


def test_tildes_make_no_block() -> None:
    assert split("~~~\nx") == ["~~~\nx"]


def test_code_in_a_line_is_no_block() -> None:
    messages = split("```not a block``` it is\n" + "word " * 1000)
    assert not any(message.endswith("\n```") for message in messages)


@pytest.mark.parametrize("closing", ["```", "`" * 20, "``` " + " " * 20])
def test_a_cut_before_the_end_of_a_block_leaves_no_empty_block(closing: str) -> None:
    for length in range(1960, 2000):
        messages = split("```\n" + "x" * (length - 800) + "\n" + "y" * 800 + f"\n{closing}\nafter")
        assert [seen.text for seen in read(messages)].count("after") == 1
        assert not any(re.search(r"```\n+```", message) for message in messages)


def test_a_cut_is_never_right_behind_the_opening_line() -> None:
    for length in range(1900, 2000):
        messages = split("x" * length + "\n```py\n" + "y" * 1500 + "\n```")
        assert not any("```py\n```" in message for message in messages)


def test_a_block_that_is_cut_stays_within_the_limit() -> None:
    for width in range(1, 60):
        messages = split("```python\n" + "\n".join(["x" * width] * (4000 // width)) + "\n```")
        assert max(map(len, messages)) <= 2000
        assert sum(message.count("x") for message in messages) == 4000 // width * width


def test_a_long_line_of_code_is_cut_inside_its_block() -> None:
    line = "x" * 5000
    messages = split(f"```py\n{line}\n```")
    assert all(message.startswith("```py\n") and message.endswith("\n```") for message in messages)
    assert "".join(seen.text for seen in read(messages)) == line


def test_a_long_line_of_a_quote_stays_a_quote() -> None:
    messages = split("> " + "word " * 1000)
    assert all(message.startswith("> word") for message in messages)
    assert sum(message.count("word") for message in messages) == 1000


def test_a_long_word_of_a_quote_leaves_room_for_the_quote_mark() -> None:
    messages = split("> " + "x" * 5000)
    assert [len(message) for message in messages] == [1998, 2000, 1008]


@pytest.mark.parametrize(
    "text",
    [
        "```" + "a" * 3000 + "\ncode\n```",
        "```py\n" + "code\n" * 100 + "`" * 3000,
        " " * 3000 + "```py\ncode\n```",
        ">" * 3000 + " ```py\ncode",
        "> " * 400 + "```py\n" + ("> " * 400 + "code\n") * 5,
    ],
)
def test_fences_that_nobody_writes_do_no_harm(text: str) -> None:
    messages = split(text)
    assert all(0 < units(message) <= 2000 for message in messages)
    assert "".join(messages).count("code") == text.count("code")


# --- characters --------------------------------------------------------------------------------------------------


def test_characters_beyond_the_basic_plane_count_twice() -> None:
    assert [len(message) for message in split("\U0001f600" * 1500)] == [1000, 500]


@pytest.mark.parametrize("grapheme", [FAMILY, THUMB, FLAG, "e\u0301", "\u2764\ufe0f"])
def test_a_grapheme_stays_whole(grapheme: str) -> None:
    messages = split("x" + grapheme * 2000)
    assert "".join(messages) == "x" + grapheme * 2000
    assert all(len(message.removeprefix("x")) % len(grapheme) == 0 for message in messages)


def test_a_heap_of_combining_marks_is_cut_all_the_same() -> None:
    text = "e" + "\u0301" * 5000
    assert "".join(split(text)) == text


def test_half_a_surrogate_pair_can_be_sent() -> None:
    assert split("a\ud83d b \ud83d\ude00") == ["a\ufffd b \U0001f600"]


@pytest.mark.parametrize(
    "line", ["x" * 100_000, "word " * 20_000, "`" * 100_000, "> " * 50_000, "\U0001f600" * 100_000]
)
def test_a_line_of_a_hundred_thousand_characters_is_no_trouble(line: str) -> None:
    begun = time.process_time()
    messages = split(line)
    assert time.process_time() - begun < 2
    assert "".join(line.split()) in "".join("".join(messages).split())


# --- properties --------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(
    st.sampled_from("ab `~>-\n\t#1.\u200d\u0301\U0001f600\U0001f1e9\ud800") | st.characters(), max_size=1500
)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, st.integers(60, 300))
def test_any_text_makes_messages_that_discord_takes(text: str, limit: int) -> None:
    messages = split(text, limit)
    for message in messages:
        assert 0 < units(message) <= limit
        assert message == message.strip()
        assert shows(message)
        message.encode()


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT.map(lambda text: text.encode("utf-16", "replace").decode("utf-16")), st.integers(60, 300))
def test_nothing_visible_of_any_text_is_lost(text: str, limit: int) -> None:
    """What the reader sees contains the text in order; there may be fences and quote marks more."""
    seen = iter(character for message in split(text, limit) for character in message)
    missing = [character for character in text if shows(character) and character not in "`~" and character not in seen]
    assert missing == []


WORDS = st.text("abcxyz,.*_()=", min_size=1, max_size=30)
PROSE = st.lists(WORDS, min_size=1, max_size=12).map(" ".join).map(lambda line: [Seen(line, None)])
OPENING = st.sampled_from(["```", "```py", "```sh", "````md"])
LINES_OF_CODE = st.lists(st.text(" abc=(`~):#", max_size=30).map(lambda line: f"{line}|"), min_size=1, max_size=25)
BLOCK = st.tuples(OPENING, LINES_OF_CODE).map(lambda block: [Seen(line, block[0]) for line in block[1]])
DOCUMENT = st.lists(st.tuples(PROSE | BLOCK, st.sampled_from(["\n", "\n\n"])), min_size=1, max_size=12)


def written(part: list[Seen]) -> str:
    lines = [seen.text for seen in part]
    opening = part[0].block
    if opening is None:
        return "\n".join(lines)
    marker = opening.rstrip("abcdefghijklmnopqrstuvwxyz")
    return "\n".join([opening, *lines, marker])


@settings(max_examples=200, deadline=None)
@given(DOCUMENT, st.integers(200, 600))
def test_the_reader_sees_every_line_once_in_order_and_in_its_block(
    document: list[tuple[list[Seen], str]], limit: int
) -> None:
    text = "".join(written(part) + gap for part, gap in document)
    messages = split(text, limit)
    seen = read(messages)
    assert all(units(message) <= limit for message in messages)
    meant = [line for part, _ in document for line in part]
    assert letters(seen) == letters(meant)
    if limit >= 400:  # no line is longer than a message here
        assert [line for line in seen if line.block] == [line for line in meant if line.block]


def letters(lines: list[Seen]) -> list[tuple[str, str | None]]:
    return [(letter, line.block) for line in lines for letter in line.text if not letter.isspace()]


# --- one line ----------------------------------------------------------------------------------------------------


def test_shortening_leaves_a_text_that_fits_alone() -> None:
    assert shorten(" hello ", 5) == "hello"


def test_shortening_cuts_between_words() -> None:
    assert shorten("one two three four", 12) == "one two…"


@given(st.text(max_size=200), st.integers(3, 100))
def test_shortening_fits(text: str, limit: int) -> None:
    assert units(shorten(text, limit)) <= limit


def test_every_line_of_a_quote_is_quoted() -> None:
    assert quote("a\n\nb") == "> a\n> \n> b"


def test_a_name_loses_its_formatting() -> None:
    assert escape("**bold**\n`x` <@1>") == r"\*\*bold\*\* \`x\` \<\@1\>"
