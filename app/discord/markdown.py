"""Cutting Markdown into messages: nothing is lost, and a code block that is cut goes on as one in the next message.

A message ends, in this order of preference, between paragraphs, between lines, inside a code block between its lines,
between words, between characters. Where it ends inside a code block the block is closed, and the next message opens it
again with the same line: same marker, same language. White space at the ends of a message is not kept, for Discord
strips it, and messages of nothing else are not made, for Discord refuses them (50006).

Fences are three backticks or more, at any indentation, after list markers and in quotes; one that is never closed is
closed at the end. Tildes make no block: `rendering` has replaced them, for in Discord they make none either.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.discord.limits import CONTENT
from app.discord.text import clean, pieces, shows, units

QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)*")
CONTAINERS = re.compile(r"(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t])))*[ \t]*")
HEADING = re.compile(r" {0,3}#{1,6}\s")
FENCE = re.compile(r"(?P<marker>`{3,})[ \t]*(?P<info>[^`]*)")


@dataclass(frozen=True, slots=True)
class Fence:
    marker: str
    opening: str  # the line that opens it again
    closing: str
    quotes: int  # how many quote marks every line of it begins with


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or a piece of one that was too long. `inside` and `after` are the fences open before and after it."""

    text: str
    inside: Fence | None
    after: Fence | None
    lead: str | None = None  # of a piece that continues a line: the line's quote marks, to begin a message with

    @property
    def opens(self) -> bool:
        return self.after is not None and self.after is not self.inside

    @property
    def closes(self) -> bool:
        return self.inside is not None and self.after is None


def split(text: str, limit: int = CONTENT) -> list[str]:
    """The messages that say it, in order: each of at most `limit` characters (60 or more), none of them blank. No
    message at all for a text with nothing to see in it."""
    lines = list(_lines(clean(text), limit))
    messages = []
    start = 0
    while start < len(lines):
        if lines[start].closes:
            start += 1  # the block was closed at the end of the message before
            continue
        end = _end(lines, start, limit)
        if any(shows(line.text) for line in lines[start:end]):
            messages.append(_message(lines[start:end]))
        start = end
    return messages


def leading(pattern: re.Pattern[str], text: str) -> str:
    """What the text begins with, which may be nothing."""
    found = pattern.match(text)
    return found.group() if found else ""


def _lines(text: str, limit: int) -> Iterator[Line]:
    fence = None
    for line in text.split("\n"):
        parsed = _parse(line, fence, limit)
        yield from _fit(parsed, limit)
        fence = parsed.after


def _parse(text: str, fence: Fence | None, limit: int) -> Line:
    if fence is not None and _quotes(text) < fence.quotes:
        fence = None  # a block ends with the quote that it is in
    if fence is None:
        opened = _opened(text, limit)
        return Line(text.rstrip() if opened else text, None, opened)
    return Line(text, fence, None if _is_closing(text, fence) else fence)


def _opened(text: str, limit: int) -> Fence | None:
    prefix = leading(CONTAINERS, text)
    found = FENCE.fullmatch(text, len(prefix))
    if found is None or units(text) > limit // 4:  # no language has so long a name, and it would leave no room for code
        return None
    indent = re.sub(r"[^>\s]", " ", prefix)
    return Fence(found["marker"], indent + found.group().rstrip(), indent + found["marker"], prefix.count(">"))


def _is_closing(text: str, fence: Fence) -> bool:
    rest = text[len(_marks(text, fence.quotes)) :].strip()
    return len(rest) >= len(fence.marker) and not rest.strip("`")


def _quotes(text: str) -> int:
    return leading(QUOTE, text).count(">")


def _marks(text: str, quotes: int) -> str:
    """The beginning of the text with so many quote marks, of which it has enough."""
    end = 0
    for _ in range(quotes):
        end = text.index(">", end) + 1
    return text[:end]


def _fit(line: Line, limit: int) -> Iterator[Line]:
    """The line, or its pieces, each of which fits into a message of its own with whatever opens and closes it there."""
    fence = line.inside
    if line.closes:  # if it does not fit, the message ends before it and closes the block by itself
        yield line
        return
    room = limit - (units(fence.opening) + units(fence.closing) + 2 if fence else 0)
    if units(line.text) <= room:
        yield line
        return
    lead = _marks(line.text, fence.quotes if fence else _quotes(line.text))
    lead = f"{lead} " if lead and units(lead) <= limit // 4 else ""
    for number, piece in enumerate(pieces(line.text, room - units(lead))):
        yield replace(line, text=piece, lead=lead if number else None)


def _end(lines: list[Line], start: int, limit: int) -> int:
    """The index after the last line of the message that begins at `start`: of the places where it can be cut, the best
    in the second half, else the best of all; among equals the last."""
    best, best_rank = start + 1, (False, -1)
    for end, size in _ends(lines, start):
        if size > limit:
            break
        if end == len(lines):
            return end
        rank = (size * 2 >= limit, _worth(lines, end))
        if rank >= best_rank:
            best, best_rank = end, rank
    return best


def _ends(lines: list[Line], start: int) -> Iterator[tuple[int, int]]:
    """Every index at which the message can end, with its size then (of a line in pieces, a little too much)."""
    first = lines[start].inside
    size = units(first.opening) + 1 if first else 0
    for end in range(start + 1, len(lines) + 1):
        line = lines[end - 1]
        size += units(line.text) + units(line.lead or "") + 1
        yield end, size + (units(line.after.closing) if line.after else -1)


def _worth(lines: list[Line], end: int) -> int:
    """How good a place to cut is the one before `lines[end]`."""
    before, after = lines[end - 1], lines[end]
    if after.lead is not None:
        return 0
    if after.inside is not None and not after.closes:
        return 1 if before.text.strip() else 2
    if HEADING.match(before.text) or (end > 1 and HEADING.match(lines[end - 2].text)):
        return 2  # a heading goes with what it heads
    between_paragraphs = not (before.text.strip() and after.text.strip())
    return 4 if between_paragraphs or before.closes or after.opens else 3


def _message(lines: list[Line]) -> str:
    first, last = lines[0], lines[-1]
    text = f"{first.inside.opening}\n" if first.inside else ""
    text += (first.lead or "") + first.text
    for line in lines[1:]:
        text += line.text if line.lead is not None else f"\n{line.text}"
    if last.after:
        text += f"\n{last.after.closing}"
    return text.strip()
