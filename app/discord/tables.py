"""Tables, of which Discord has none: drawn in a code block where they are narrow, else told row by row.

Columns are measured as a terminal measures them (https://www.unicode.org/reports/tr11/): wide characters and emoji take
two, marks that join another take none. What Discord's fonts make of it is close, not exact.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from app.discord import spans
from app.discord.notation import unfence
from app.discord.text import ZERO_WIDTH_JOINER, shows, units

WIDEST = 55  # columns; what is wider wraps, and is a table no more
LONGEST = 1800  # of one code block, in characters: beyond, the heading is said again in the next
GAP = "  "
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
EMOJI_STYLE = "\ufe0f"

Row = Sequence[str]


def table(lines: Sequence[str]) -> list[str]:
    """The lines that show it in Discord. Given are those of a GFM table, the second of which gives the alignment
    (https://github.github.com/gfm/#tables-extension-). No cell is lost, not even one that has no heading."""
    heading, marks = cells(lines[0]), cells(lines[1])
    rows = [_row(line, len(heading)) for line in lines[2:]]
    columns = max(map(len, (heading, *rows)))
    heading, *rows = [[*row, *[""] * (columns - len(row))] for row in (heading, *rows)]
    looks = [[spans.plain(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(max(map(width, cell.split("\n"))) for cell in column) for column in zip(*looks, strict=True)]
    if sum(widths) + len(GAP) * (columns - 1) > WIDEST:
        return list(_told(heading, rows))
    return list(_drawn(looks, [max(each, 1) for each in widths], marks))


def cells(line: str) -> list[str]:
    """Without the backslashes of bars that are part of a cell."""
    parts = re.split(r"(?<!\\)\|", line.strip().removeprefix("|"))
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return [part.strip().replace("\\|", "|") for part in parts]


def _row(line: str, columns: int) -> list[str]:
    """A row with more cells than there are columns has, most likely, bars in its code."""
    row = cells(line)
    if len(row) <= columns:
        return row
    return cells(CODE.sub(lambda code: re.sub(r"(?<!\\)\|", r"\\|", code.group()), line))


def width(text: str) -> int:
    """In columns."""
    total = last = 0
    joined = False
    for character in text:
        if character == EMOJI_STYLE and last == 1:
            total, last = total + 1, 2
        elif not joined and not _is_joined(character):
            last = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            total += last
        joined = character == ZERO_WIDTH_JOINER
    return total


def _is_joined(character: str) -> bool:
    """Whether it takes no room of its own. Tones of skin do not, behind what they tint."""
    return unicodedata.category(character) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= character <= "\U0001f3ff"


def _drawn(rows: Sequence[Row], widths: Sequence[int], marks: Row) -> Iterator[str]:
    heading = [*_ranks(rows[0], widths, marks), GAP.join("─" * each for each in widths)]
    for block in _blocks([list(_ranks(row, widths, marks)) for row in rows[1:]], units("\n".join(heading))):
        yield "```"
        yield from heading
        yield from block
        yield "```"


def _blocks(rows: Sequence[list[str]], heading: int) -> Iterator[list[str]]:
    """The lines of as many rows as fit into one block together with the heading."""
    block: list[str] = []
    size = heading
    for row in rows:
        grown = sum(units(line) + 1 for line in row)
        if block and size + grown > LONGEST:
            yield block
            block, size = [], heading
        block += row
        size += grown
    yield block


def _ranks(row: Row, widths: Sequence[int], marks: Row) -> Iterator[str]:
    """The lines of one row: of as many as its highest cell has."""
    for parts in zip_longest(*(cell.split("\n") for cell in row), fillvalue=""):
        aligned = map(_aligned, parts, widths, [*marks, *[""] * len(widths)])
        yield unfence(GAP.join(aligned).rstrip()) or " "


def _aligned(text: str, columns: int, mark: str) -> str:
    room = columns - width(text)
    if mark.endswith(":"):
        before = room // 2 if mark.startswith(":") else room
        return " " * before + text + " " * (room - before)
    return text + " " * room


def _told(heading: Row, rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        yield " · ".join(spans.bold(title) for title in heading if shows(title))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for title, cell in zip(heading, row, strict=True):
            yield from _entry(title, cell, needed=number == 0)


def _entry(title: str, cell: str, *, needed: bool) -> Iterator[str]:
    """One cell under its title. An empty one is left out unless it is `needed`: then nothing else says the title."""
    if not shows(title):
        if shows(cell):
            yield from spans.fit(cell).split("\n")
    elif shows(cell) or needed:
        yield from f"{spans.bold(title)}: {spans.fit(cell) if shows(cell) else '–'}".split("\n")
