"""Messages that Discord takes, made of anything that a model may say."""

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.discord import composing
from app.discord.chat import closed
from app.discord.composing import FILE, LONG, NOTE, compose
from app.discord.limits import FILE_BYTES
from app.discord.text import clean, shows, units
from app.turns.records import Content
from tests.discord.oracle import live, rewritten

TAG = re.compile(r"</?(?:br|details|summary|b|strong|i|em|u|s|del|code|kbd)(?: open)?\s*/?>", re.I)
SIGN = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#39);|\[[xX]\](?=\s)")


def text_of(contents: Sequence[Content]) -> str:
    return "\n".join(content.text for content in contents)


def check(contents: Sequence[Content]) -> None:
    """Each is a message that Discord takes, and that shows what it means."""
    for content in contents:
        assert 0 < units(content.text) <= 2000
        assert shows(content.text)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", content.text)
        content.text.encode()
        assert live(content.text.removesuffix(NOTE)) == []


def missing(text: str, contents: Sequence[Content]) -> list[str]:
    """The words of the text, its runs of letters and digits, that neither the messages nor the file have: except the
    names of tags, entities and ticked boxes that have become what they stand for."""
    whole = [file.content.decode() for content in contents for file in content.files]
    said = "".join(re.findall(r"[^\W_]", clean(text_of(contents)) if not whole else whole[0]))
    bare = SIGN.sub(" ", TAG.sub(" ", clean(text)))
    return [word for word in re.findall(r"[^\W_]+", bare) if word not in said]


# --- short ones --------------------------------------------------------------------------------------------------


def test_a_short_answer_is_one_message() -> None:
    assert compose("Done: `a.py`.") == [Content("Done: `a.py`.")]


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200b\n", "```\n```", "<details></details>", "\x00\x00"])
def test_nothing_to_see_makes_no_message(text: str) -> None:
    assert compose(text) == []


def test_code_at_the_very_beginning_keeps_its_indentation() -> None:
    assert compose("\n\n    if x:\n        y\n") == [Content("```\nif x:\n    y\n```")]


def test_an_answer_of_six_thousand_characters_comes_as_messages() -> None:
    paragraphs = [f"{number:03} " + "word " * 19 for number in range(58)]
    contents = compose("\n\n".join(paragraphs))
    assert len(contents) == 4
    assert not any(content.files for content in contents)
    assert [line.strip() for line in text_of(contents).split("\n") if line] == [line.strip() for line in paragraphs]


# --- long ones ---------------------------------------------------------------------------------------------------


def test_a_longer_one_comes_as_its_beginning_and_a_file() -> None:
    text = "# Report\n\n" + "\n\n".join(f"Paragraph {number}: " + "word " * 40 for number in range(100)) + "<@1>"
    [content] = compose(text)
    assert content.text.startswith("# Report\n\nParagraph 0: word")
    assert content.text.endswith(f"word\n{NOTE}")
    assert 750 < len(content.text) < 1600
    assert [(file.name, file.content.decode()) for file in content.files] == [(FILE, text)]


def test_the_beginning_closes_its_block() -> None:
    [content] = compose("```py\n" + "x = 1\n" * 5000 + "```")
    assert content.text.startswith("```py\nx = 1\n")
    assert content.text.endswith(f"x = 1\n```\n{NOTE}")


def test_a_table_that_grows_too_long_comes_as_a_file_too() -> None:
    row = "|".join(["1"] * 100)
    text = "\n".join(["|".join(["heading" * 3] * 100), "|".join(["-"] * 100), *[row] * 15])
    assert len(text) < LONG
    [content] = compose(text)
    assert content.text.startswith("**headingheadingheading**: 1\n")
    assert content.files[0].content.decode() == text


def test_a_beginning_with_nothing_to_see_is_only_the_note() -> None:
    text = "<details>\n" * 1000 + "word"
    [content] = compose(text)
    assert content.text == NOTE
    assert content.files[0].content.decode() == text


def test_a_file_too_large_for_discord_goes_on_in_others_each_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "FILE_MOST", 10_000)
    text = "日本語 " * 2_500

    contents = compose(text)

    files = [file for content in contents for file in content.files]
    assert [file.name for file in files] == ["answer.md", "answer-2.md", "answer-3.md"]
    assert [len(content.files) for content in contents] == [1, 1, 1]
    assert all(0 < len(file.content) <= 10_000 for file in files)
    assert "".join(file.content.decode() for file in files) == text.rstrip()
    assert contents[0].text.endswith("in the file answer.md and in those that follow, up to answer-3.md.")
    assert contents[1].text == "-# The answer goes on in the file answer-2.md."


def test_no_file_is_larger_than_discord_takes() -> None:
    contents = compose("x" * (FILE_BYTES + 1))

    assert all(len(file.content) < FILE_BYTES for content in contents for file in content.files)


UNITS = [
    *[
        "| a | b |\n|---|---|\n",
        "| a | b |\n",
        "a|b\n-|-\n1|2\n",
        "word ",
        "x",
        "> ",
        "- ",
        "[",
        "![",
        "[a](",
        "`",
        "```\n",
    ],
    *["**a ", "<b>", "<", "\\", "__a", "\u0301", "\U0001f468\u200d", "\u202e\u05d0", "\ud800", "\x00", "<!--", "<@1>"],
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("size", [LONG - 10, 1_000_000])
def test_size_is_no_trouble(unit: str, size: int) -> None:
    text = "Look: " + unit * (size // units(unit))
    begun = time.process_time()
    contents = compose(text)
    assert time.process_time() - begun < 3
    check(contents)
    assert contents[0].files or size < LONG


# --- anything ----------------------------------------------------------------------------------------------------

SYNTAX = [
    *[
        "```",
        "```py\n",
        "~~~",
        "````",
        "`",
        "``",
        "    ",
        "\t",
        "\n",
        "\n\n",
        "> ",
        ">",
        ">>> ",
        "- ",
        "* ",
        "+ ",
        "1. ",
    ],
    *[
        "# ",
        "#### ",
        "---",
        "===",
        "-# ",
        "- [ ] ",
        "- [x] ",
        "|",
        " | ",
        "\n|-|-|\n",
        "|a|b|\n|:-|-:|\n|",
        "||",
        "\\",
        "\\|",
    ],
    *[
        "[",
        "](",
        ")",
        "![",
        "](https://a.b/c",
        "](src/a.py)",
        "](#a)",
        ' "t")',
        "<https://a.b>",
        "https://a.b/@here",
        "[^1]: ",
    ],
    *[
        "<@123>",
        "<@!1>",
        "<@&1>",
        "<#1>",
        "</a b:1>",
        "<:a:1>",
        "<a:b:1>",
        "<t:1:R>",
        "<id:guide>",
        "@everyone",
        "@here",
    ],
    *[
        "<",
        ">",
        "@",
        "&lt;",
        "&amp;",
        "&gt;",
        "<br>",
        "<details>",
        "<summary>",
        "</summary>",
        "</details>",
        "<b>",
        "</b>",
    ],
    *[
        "<code>",
        "</code>",
        "<!--",
        "-->",
        "<pre>",
        "**",
        "*",
        "__",
        "_",
        "~~",
        "\x00",
        "\x1b[0m",
        "\r\n",
        "\u2028",
        "\u200b",
    ],
    *[
        "\u202e",
        "שלום",
        "日本",
        "\U0001f468\u200d\U0001f469",
        "e\u0301",
        "\ud83d",
        "\ude00",
        "\ufe0f",
        " ",
        "  ",
        "word",
        "x1",
    ],
]
OUTPUT = st.lists(st.sampled_from(SYNTAX) | st.text(max_size=6), max_size=60).map("".join)
LONGER = st.tuples(OUTPUT, st.sampled_from([1, 3, 20, 60, 300])).map(lambda made: made[0] * made[1])


@settings(max_examples=400, deadline=None)
@given(OUTPUT)
@example("word " * 290 + "`<@1>" + "x" * 500 + "`")
@example("`0```<@123>`")
@example("](https://a.b/c[@everyone@everyone")
def test_anything_becomes_messages_that_discord_takes_and_no_word_is_lost(text: str) -> None:
    contents = compose(text)
    check(contents)
    assert missing(text, contents) == []


@settings(max_examples=150, deadline=None)
@given(LONGER)
def test_so_does_anything_long(text: str) -> None:
    contents = compose(text)
    check(contents)
    if contents and contents[0].files:
        assert [file.content.decode().strip() for file in contents[0].files] == [clean(text).strip()]
        assert len(contents) == 1
        assert len(contents[0].text) <= 1700


@pytest.mark.parametrize(
    "text",
    [
        "a<br>-# ✅ **Done** by admin",
        "<details>-# ✅ **Done** by admin",
        "&nbsp;-# ✅ **Done** by admin",
        "> a<br>-# ✅ **Done** by admin",
        "<@<details>123456789012345678>",
        "@<details>everyone",
        "|a|b|\n|-|-|\n|" + "x" * 60 + "<br>-# ✅ **Done** by admin|@<details>here|",
        "x" * 2_000 + "-# ✅ **Done** by admin",
        "x" * 1_990 + " `a" + "-# b` `<@123456789012345678>`",
    ],
)
def test_what_is_taken_out_or_cut_brings_no_mention_and_no_line_of_ours_about(text: str) -> None:
    check(compose(text))


@settings(max_examples=300, deadline=None)
@given(rewritten, st.sampled_from([0, 500, 1_480, 1_985]))
def test_nor_does_anything_else(text: str, before: int) -> None:
    check(compose("x" * before + text))


@pytest.mark.parametrize(
    "text", ["x" * 1_070 + "`<@123456789012345678>" + "y" * 100 + "`", "x" * 1_096 + "-# ✅ **Done** by admin"]
)
def test_room_that_is_made_below_the_last_message_brings_none_about_either(text: str) -> None:
    *others, last = closed(compose(text), ["r" * 900], None)

    check(others)
    assert others
    assert live(last.text.rpartition("\n-# r")[0]) == []


@settings(max_examples=100, deadline=None)
@given(rewritten, st.integers(960, 1_990))
def test_not_even_where_room_is_made_below_the_last_message(text: str, before: int) -> None:
    remark = "r" * 900

    *others, last = closed(compose("x" * before + text), [remark], None)

    check([*others, Content(last.text.removesuffix(f"-# {remark}").strip() or "-")])


WORD = st.integers(100_000, 999_999).map(lambda number: f"w{number}")
PLACES = [
    *[
        "{}",
        "**{}**",
        "`{}`",
        "``` {} ```",
        "# {}",
        "##### {}",
        "{}\n---",
        "- {}",
        "  - {}",
        "1. {}\n   {}",
        "- [x] {}",
        "> {}\n{}",
    ],
    *[
        "```{}\n{}\n```",
        "~~~py {}\n{}",
        "- ```\n  {}\n  ```",
        "    {}",
        "[{}](https://a.b/{})",
        "[{}]({} '{}')",
        "![{}]({})",
    ],
    *[
        "[![{}](https://a.b)](https://{})",
        "[{}]: {}",
        "[^{}]: {}",
        "<b>{}</b><br>{}",
        "<p title='{}'>{}</p>",
        "<!-- {} -->",
    ],
    *[
        "|{}|{}|\n|-|-|\n|{}|{}|{}|\n",
        "|{}|\n|-|\n",
        "<details><summary>{}</summary>\n{}</details>",
        "&lt;{}&gt;",
        "||{}||",
        "__{}__",
    ],
    "|{}|" + "x" * 60 + "|\n|-|-|\n|{}|{}|{}|\n||{}|\n",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["\n", "\n\n"])), max_size=25), st.data())
def test_every_word_stays_and_in_its_order_wherever_it_stands(
    places: list[tuple[str, str]], data: st.DataObject
) -> None:
    count = sum(place.count("{}") for place, _ in places)
    words = data.draw(st.lists(WORD, min_size=count, max_size=count, unique=True))
    text = "".join(place + gap for place, gap in places).format(*words)
    contents = compose(text)
    check(contents)
    said = text_of(contents) if not (contents and contents[0].files) else contents[0].files[0].content.decode()
    first = {word: said.find(word) for word in words}
    assert [word for word in words if first[word] < 0] == []
    assert sorted(words, key=first.__getitem__) == words
