"""The Markdown that models write (CommonMark with GFM's tables and task lists) as Markdown that Discord shows well.

Discord's own is no CommonMark: https://support.discord.com/hc/en-us/articles/210298617. It knows headings of three
levels, lists, quotes of one level, code blocks in three backticks and links to the web; all else it shows as it was
typed. markdown-it finds the blocks; each is written anew from its own lines, and whatever needs no change stays as it
was, to the character. Lines that belong to no block (blank ones, definitions, what is nested absurdly deep) are kept.

    heading of level 4 to 6    bold line                 tildes, indented code     three backticks
    code block in a list       at the margin             + item                    - item
    table                      see `tables`              - [ ] and - [x]           - ☐ and - ☑
    ---                        a drawn line              >>> and lazy quotes       > on every line
    inside lines               see `spans`               control characters        their pictures, as ␀

The result has no length that the caller could rely on: a table told row by row is much longer than its source.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.discord import spans
from app.discord.markdown import CONTAINERS, QUOTE, leading, split
from app.discord.notation import unfence
from app.discord.tables import table
from app.discord.text import clean, units

PARSER = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])
UNCUT = 900  # a line up to here is cut by nobody but `cut`: who makes room below a message leaves more to it
HEADINGS = 3
RULE = "─" * 16
LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]+")  # anything else in its place Discord shows as a line of the code
TASK = re.compile(r"\[([ xX])\](?=\s)")
PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    **dict.fromkeys((0x2028, 0x2029), "\n"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """A block that holds no others, and its lines as they are written."""

    token: Token
    content: str
    lines: Sequence[str]
    quotes: int  # how many it stands in
    lists: int

    @property
    def margin(self) -> str:
        return "> " * self.quotes


def render(text: str) -> str:
    source = clean(text).translate(PICTURES)
    lines = source.split("\n")
    rendered: list[str] = []
    position = 0
    for block, start, end in _blocks(source, lines):
        rendered += map(_loose, lines[position:start])
        rendered += _WRITERS[block.token.type](block)
        position = end
    rendered += map(_loose, lines[position:])
    whole = spans.harmless("\n".join(rendered))
    return "\n".join(line if units(line) <= UNCUT else spans.defuse(line) for line in whole.split("\n"))


def cut(rendered: str, limit: int) -> list[str]:
    """The messages that say it, as of `markdown.split`; each is harmless by itself, for cutting brings code to light
    and new lines about."""
    messages = []
    for message in split(rendered, limit):
        safe = spans.harmless(message)
        messages += [safe] if units(safe) <= limit else cut(safe, limit)
    return messages


def _blocks(source: str, lines: Sequence[str]) -> Iterator[tuple[Block, int, int]]:
    """Each with its first line and the line behind its last, in order."""
    quotes = lists = 0
    tokens = PARSER.parse(source)
    for index, token in enumerate(tokens):
        quotes += token.nesting * (token.type in ("blockquote_open", "blockquote_close"))
        lists += token.nesting * (token.type in ("list_item_open", "list_item_close"))
        if token.type in _WRITERS and token.map:
            start, end = token.map
            content = tokens[index + 1].content if token.nesting else token.content
            yield Block(token, content, lines[start:end], quotes, lists), start, end


def _loose(line: str) -> str:
    prefix = leading(QUOTE, line)
    return _lead(prefix, 0) + spans.fit(line[len(prefix) :])


def _paragraph(block: Block) -> list[str]:
    prefixes, texts = _apart(block.lines)
    if block.lists and re.search(r"(?:[-*+]|\d[.)])[ \t]+$", prefixes[0]):
        texts[0] = TASK.sub(lambda box: "☐" if box[1] == " " else "☑", texts[0], count=1)
    return _joined(block, prefixes, texts)


def _joined(block: Block, prefixes: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The texts as they are to be shown, each behind its own prefix, or, if there are more or fewer of them by then,
    indented like the first."""
    leads = [_lead(prefix, block.quotes) for prefix in prefixes]
    shown = spans.fit("\n".join(texts)).split("\n")
    if len(shown) != len(texts):
        leads[1:] = [_hanging(leads[0])] * (len(shown) - 1)
    return [lead + text for lead, text in zip(leads, shown, strict=True)]


def _heading(block: Block) -> list[str]:
    prefix = leading(CONTAINERS, block.lines[0])
    lead = _lead(prefix, block.quotes) if prefix.strip() or block.lists else ""
    level = int(block.token.tag[1:])
    title = " ".join(block.content.split("\n"))
    if level > HEADINGS:
        return [lead + spans.bold(title)]
    return [f"{lead}{'#' * level} {spans.fit(title)}".replace("\n", " ")]


def _fence(block: Block) -> list[str]:
    info = block.token.info.strip()
    first = info.split(maxsplit=1)[0] if info else ""
    language = first if LANGUAGE.fullmatch(first) and len(first) <= 40 else ""
    has_code = bool(block.content.strip())
    label = [spans.code(info)] if info and (info != language or not has_code) else []
    return _aside(block, label + (_code(block.content, language) if has_code else []))


def _indented(block: Block) -> list[str]:
    return _aside(block, _code(block.content, ""))


def _code(content: str, language: str) -> list[str]:
    content = re.sub(r"\A(?:[ \t]*\n)+", "", content).rstrip()
    return [f"```{language}", *unfence(content).split("\n"), "```"]


def _table(block: Block) -> list[str]:
    return _aside(block, table([line[len(leading(CONTAINERS, line)) :] for line in block.lines]))


def _rule(block: Block) -> list[str]:
    return [block.margin + RULE]


def _html(block: Block) -> list[str]:
    return _joined(block, *_apart(block.lines))


def _aside(block: Block, lines: Sequence[str]) -> list[str]:
    """At the margin, or the quote's: code in a list would show the list's indentation. The number of an item that it
    begins stands above it."""
    number = re.search(r"\d+[.)](?=[ \t]+$)", leading(CONTAINERS, block.lines[0]))
    return [block.margin + line for line in ([number.group()] if number else []) + list(lines)]


def _apart(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of every line of a block what it stands in (quotes, indentation, on the first line list markers) and its text."""
    patterns = [CONTAINERS] + [QUOTE] * (len(lines) - 1)
    prefixes = [leading(pattern, line) for pattern, line in zip(patterns, lines, strict=True)]
    return prefixes, [line[len(prefix) :] for prefix, line in zip(prefixes, lines, strict=True)]


def _lead(prefix: str, quotes: int) -> str:
    """The prefix as Discord takes it, which wants a space behind the mark of a quote, and that on every line of it; and
    knows no items that begin with a plus."""
    if prefix.count(">") < quotes:
        return "> " * quotes
    lead = re.sub(r">[ \t]?", "> ", prefix).expandtabs(4)
    return re.sub(r"\+(?= )", "-", lead)


def _hanging(lead: str) -> str:
    return re.sub(r"[^>\s]", " ", lead)


_WRITERS = {
    "paragraph_open": _paragraph,
    "heading_open": _heading,
    "fence": _fence,
    "code_block": _indented,
    "table_open": _table,
    "hr": _rule,
    "html_block": _html,
}
