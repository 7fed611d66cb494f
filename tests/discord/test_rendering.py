"""What a model writes, and what becomes of it in Discord. `~` stands for a space of no width."""

import re
from collections.abc import Sequence

import pytest

from app.discord.rendering import cut, render
from app.discord.tables import cells, width
from app.discord.text import units
from tests.discord.oracle import live

UNCHANGED = [
    "Done. I changed `app/main.py` and ran **all** tests, *twice*: ~~3~~ 0 fail.",
    "# One\n\n## Two\n\n### Three",
    "- a\n- b\n  - c\n    - d\n\n1. one\n2. two",
    "* a\n* b",
    "> quoted\n> on\n\nand said",
    "```python\nprint('<@1> @everyone ||x|| __init__ &lt;')\n```",
    "```c++\nint x;\n```\n```\nplain\n```",
    "See [the docs](https://example.com/a_(b)) and <https://example.com> or https://example.com/__x__?a=1&b=2.",
    '[with a title](https://example.com "Title")',
    "Two spaces at the end  \nmake a break.",
    "snake_case_name, 2 * 3 * 4, a < b > c",
    "``a `tick` inside``",
    r"\*not emphasised\* and C:\path",
    "[^1] is a footnote.\n\n[^1]: Here.",
    "日本語 👨‍👩‍👧 שלום e\u0301",
    "one\n\n\n\ntwo\n   indented",
    "[x]: https://example.com",
]

LINES = [
    # what                               written                                  shown
    ("a deep heading", "#### Deep", "**Deep**"),
    ("deeper", "###### **Very** `a**b`", "**Very `a**b`**"),
    ("closed", "## Title ##", "## Title"),
    ("underlined", "Title\n=====", "# Title"),
    ("underlined in two lines", "A\nB\n---", "## A B"),
    ("in a list", "- #### Deep", "- **Deep**"),
    ("a rule", "a\n\n***\n\nb", "a\n\n────────────────\n\nb"),
    ("another marker", "+ a\n+ b", "- a\n- b"),
    ("tasks", "- [ ] open\n- [x] done\n1. [X] also", "- ☐ open\n- ☑ done\n1. ☑ also"),
    ("no task", "[x] no, and - [ ] neither", "[x] no, and - [ ] neither"),
    ("tabs", "- a\n\t- b", "- a\n    - b"),
    ("a quote without spaces", ">a\n>\n>b", "> a\n> \n> b"),
    ("a lazy quote", "> a\nb", "> a\n> b"),
    ("a quote that Discord would not end", ">>> a\n\nb", "> > > a\n\nb"),
    ("a list in a quote", ">- a\n>- b", "> - a\n> - b"),
    ("tildes", "~~~py\nx\n~~~", "```py\nx\n```"),
    ("a block in a block", "````md\n```py\nx\n```\n````", "```md\n``~`py\nx\n``~`\n```"),
    ("a block that is not closed", "```py\nx", "```py\nx\n```"),
    ("an indented block", "So:\n\n    a\n      b", "So:\n\n```\na\n  b\n```"),
    ("a block in a list", "1. a\n   ```py\n   if x:\n       y\n   ```\n2. b", "1. a\n```py\nif x:\n    y\n```\n2. b"),
    ("an item that is a block", "- ```py\n  x\n  ```", "```py\nx\n```"),
    ("a numbered one", "1. ```py\n   x\n   ```", "1.\n```py\nx\n```"),
    ("a block in a quote", "> ~~~\n> x\n> ~~~", "> ```\n> x\n> ```"),
    ("more than a language", '```py title="a.py"\nx\n```', '`py title="a.py"`\n```py\nx\n```'),
    ("no language", "```12:34:src/a.py\nx\n```", "`12:34:src/a.py`\n```\nx\n```"),
    ("an empty block", "a\n\n```\n```\n\nb", "a\n\n\nb"),
    ("an empty block with a word", "```word\n```", "`word`"),
    ("a tick alone", "it`s and ```", r"it\`s and \`\`\`"),
    ("code in three ticks", "a ```b``` c", "a `b` c"),
    ("code with ticks", "```` a```b ````", "`` a`~`~`b ``"),
    ("three ticks in code", "`a ``` b`", "`` a `~`~` b ``"),
    ("code over two lines", "`a\nb`", "`a b`"),
    ("a relative link", "[main](src/main.py)", "main (`src/main.py`)"),
    ("one that says where it leads", "[`src/__init__.py`](src/__init__.py)", "`src/__init__.py`"),
    ("an anchor", "[below](#below)", "below (`#below`)"),
    ("mail", "[mail](mailto:a@b.c)", "mail (`mailto:a@b.c`)"),
    ("a title", "[a](b 'c')", "a (`b` 'c')"),
    ("no target", "[a]()", "a"),
    ("a link named like another", "[https://a.com](https://b.com)", "https://a.com (<https://b.com>)"),
    ("a link named like itself", "[https://a.com](https://a.com)", "<https://a.com>"),
    ("a picture", "![A cat](https://a.com/cat.png)", "[A cat](https://a.com/cat.png)"),
    ("a picture without words", "![](https://a.com/cat.png)", "<https://a.com/cat.png>"),
    ("a picture of the repository", "![A cat](cat.png)", "A cat (`cat.png`)"),
    ("a badge", "[![CI](https://a.com/b.svg)](https://a.com)", "[CI](https://a.com) (<https://a.com/b.svg>)"),
    ("a break", "a<br>b<br/>c", "a\nb\nc"),
    ("a break in a quote", "> a<br>b", "> a\n> b"),
    ("a break in a list", "- a<br>b", "- a\n  b"),
    ("a break with a backslash", "a\\\nb", "a\nb"),
    ("tags", "<b>a</b> <i>b</i> <kbd>Ctrl</kbd> <div>c</div>", "**a** *b* `Ctrl` <div>c</div>"),
    ("what folds", "<details>\n<summary>More</summary>\n\nText\n\n</details>", "**More**\n\nText\n\n"),
    ("a comment", "<!-- a -->", "<!-- a -->"),
    ("entities", "&lt;T&gt; &amp;amp; &copy;", "<~T\\> &amp; &copy;"),
    ("a spoiler", "a || b || c", r"a \|\| b \|\| c"),
    ("a name in underscores", "__init__.py, __two words__", r"\_\_init\_\_.py, __two words__"),
    ("a mention", "<@1> <@!1> <@&1> <#1>", "<~@1> <~@!1> <~@&1> <~#1>"),
    ("everyone", "@everyone, @here", "@~everyone, @~here"),
    ("a command", "</ask it:1> and </div>", "<~/ask it:1> and </div>"),
    ("an emoji and times", "<:a:1> <a:b:2> <t:1:R> <id:guide>", "<~:a:1> <~a:b:2> <~t:1:R> <~id:guide>"),
    ("mentions in code", "`<@1>` and `@here`", "`<@1>` and `@here`"),
    ("mentions in links", "https://a.com/@here [<@1>](https://a.com)", "https://a.com/@here [<~@1>](https://a.com)"),
    ("everyone behind an address", "(https://a.com)@everyone", "(https://a.com)@~everyone"),
    ("a title with ticks", '[a](https://b.c "```")', r'a (<https://b.c> "\`\`\`")'),
    ("a mention in a heading", "#### <@1>", "**<~@1>**"),
    ("a status line of ours", "-# Stopped.\n> -# Done.", "-~# Stopped.\n> -~# Done."),
    ("controls", "a\x00b\x1b[31m\x7f\x85", "a␀b␛[31m␡\ufffd"),
    ("halves of pairs", "\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
]

TABLES = [
    (
        "narrow",
        ["| Name | Size |", "|------|-----:|", "| a.py | 12 |", "| longer.py | 3 |"],
        ["```", "Name       Size", "─────────  ────", "a.py         12", "longer.py     3", "```"],
    ),
    (
        "centred, wide characters",
        ["a | b", ":-:|---", "日本語 | x", "👍🏽 | y"],
        ["```", "  a     b", "──────  ─", "日本語  x", "  👍🏽    y", "```"],
    ),
    (
        "without the signs",
        ["|**a**|`b`|", "|-|-|", r"|[x](y)|a \| b|", "|`c`<br>d|&lt;e&gt; <@1>|"],
        ["```", "a      b", "─────  ────────", "x (y)  a | b", "c      <e> <@1>", "d", "```"],
    ),
    (
        "code with bars, more cells than columns",
        ["|a|b|", "|-|-|", "|`x || y`|z|", "|1|2|3|"],
        ["```", "a       b", "──────  ─  ─", "x || y  z", "1       2  3", "```"],
    ),
    ("a fence in it", ["|a|", "|-|", "|\\`\\`\\`|"], ["```", "a", "───", "``~`", "```"]),
    ("no rows", ["|a|b|", "|-|-|"], ["```", "a  b", "─  ─", "```"]),
    ("in a quote", ["> |a|", "> |-|", "> |b|"], ["> ```", "> a", "> ─", "> b", "> ```"]),
    ("in a list", ["- |a|", "  |-|", "  |b|"], ["```", "a", "─", "b", "```"]),
    (
        "too wide",
        ["| | **Option** | What |", "|-|-|-|", f"|x|[y](z)|{'long ' * 12}|", "||<@1>|`a|b`|", "|z|||"],
        ["x", "**Option**: y (`z`)", f"**What**: {('long ' * 12).strip()}", ""]  # noqa: RUF005
        + ["**Option**: <~@1>", "**What**: `a|b`", "", "z"],
    ),
    ("too wide, no rows", [f"|{'a' * 40}|{'b' * 40}|", "|-|-|"], [f"**{'a' * 40}** · **{'b' * 40}**"]),
    (
        "too wide, an empty column",
        [f"|{'a' * 60}|b|", "|-|-|", "|1||", "|2||"],
        [f"**{'a' * 60}**: 1", "**b**: –", "", f"**{'a' * 60}**: 2"],
    ),
]


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_discord_shows_as_it_is_meant_stays_as_it_is(text: str) -> None:
    assert render(text) == text


@pytest.mark.parametrize(("written", "shown"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_markdown_becomes_discords(written: str, shown: str) -> None:
    assert render(written).replace("\u200b", "~") == shown


@pytest.mark.parametrize(("written", "shown"), [table[1:] for table in TABLES], ids=[table[0] for table in TABLES])
def test_a_table_is_drawn_or_told(written: Sequence[str], shown: Sequence[str]) -> None:
    assert render("\n".join(written)).replace("\u200b", "~").split("\n") == shown


def test_a_long_table_says_its_heading_in_every_block() -> None:
    rows = [f"| row {number} | {'x' * 30} |" for number in range(100)]
    blocks = re.findall(r"```\n(.*?)\n```", render("\n".join(["| a | b |", "|-|-|", *rows])), re.S)
    assert len(blocks) > 1
    assert all(block.startswith("a       b\n") and len(block) < 1900 for block in blocks)
    assert [line.split()[1] for block in blocks for line in block.split("\n")[2:]] == [str(n) for n in range(100)]


def test_a_mention_in_the_code_of_a_line_that_will_be_cut_is_harmless() -> None:
    written = "word " * 300 + "`<@1> @here`"
    assert render(written).endswith("`<\u200b@1> @\u200bhere`")


@pytest.mark.parametrize("text", ["`" + "<@1>" * 150 + "`", "x" * 400 + "-# Done", "https://a.b/" + "@here" * 100])
def test_what_is_cut_is_harmless_by_itself_and_still_fits(text: str) -> None:
    messages = cut(text, 400)

    assert [live(message) for message in messages] == [[]] * len(messages)
    assert max(map(units, messages)) <= 400
    assert "".join(messages).replace("\u200b", "") == text


@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_what_is_nested_absurdly_deep_is_kept(mark: str) -> None:
    assert "word" in render(mark * 200 + "word <@1>")
    assert "<@1>" not in render(mark * 200 + "word <@1>")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("日本", 4),
        ("e\u0301", 1),
        ("\U0001f44d\U0001f3fd", 2),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 2),
        ("\U0001f1e9\U0001f1ea", 2),
        ("\u2764\ufe0f", 2),
        ("\u200b", 0),
        ("שלום", 4),
    ],
)
def test_columns_are_counted_as_a_terminal_counts_them(text: str, columns: int) -> None:
    assert width(text) == columns


def test_a_bar_behind_a_backslash_is_part_of_its_cell() -> None:
    assert cells(r" | a \| b | c | ") == ["a | b", "c"]
