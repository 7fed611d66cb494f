"""What a turn changed, file by file, as one patch that people can read. Pure.

OpenCode lists a diff per message, each patch with the whole file around what was changed. A turn may have several such
lists, for OpenCode goes on behind a message of its own when it has compacted the session: what they say about one file
is put together here, and only the lines around a change are shown. Patches that do not fit together follow each other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Line = tuple[str, str]  # one of " -+", and the text with the end of the line that it has

CONTEXT = 3  # lines
HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
UNENDED = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class Hunk:
    """`old` and `new` are the places of its first line, from 1."""

    old: int
    new: int
    lines: tuple[Line, ...]

    def side(self, mark: str) -> list[str]:
        """What it says of the file before ("-") or after ("+")."""
        return [text for kind, text in self.lines if kind in (" ", mark)]


@dataclass(frozen=True, slots=True)
class Patch:
    """Of one file. `added` and `removed` are lines. What is no text has no hunks and is not `told`; an empty file has
    no hunks either, and is."""

    file: str
    status: str  # added, deleted or modified
    hunks: tuple[Hunk, ...]
    added: int
    removed: int
    told: bool


def patches_of(rows: Iterable[Row]) -> list[Patch]:
    """One per file, where what the rows say of it fits together. `rows` are in the order of time."""
    found: dict[str, list[Patch]] = {}
    for row in rows:
        patch = _patch(row)
        known = found.setdefault(patch.file, [])
        joined = _joined(known[-1], patch) if known else None
        known[-1:] = [joined] if joined else [*known[-1:], patch]
    return [patch for known in found.values() for patch in known if not _is_void(patch)]


def patch_of(rows: Iterable[Row]) -> str:
    """One text that `git apply` and `patch -p1` take."""
    return "".join(_written(patch) for patch in patches_of(rows) if patch.told)


# --- reading


def _patch(row: Row) -> Patch:
    status, text = str(row.get("status") or "modified"), str(row.get("patch") or "")
    counts = (int(row.get("additions") or 0), int(row.get("deletions") or 0))
    hunks = tuple(_hunks(text))
    return Patch(str(row.get("file", "")), status, hunks, *counts, bool(hunks or (text and status != "modified")))


def _hunks(text: str) -> Iterator[Hunk]:
    places, lines = (0, 0), list[Line]()
    # Not splitlines: a form feed or a lone carriage return ends no line of a patch.
    for line in text.split("\n"):
        if head := HEAD.match(line):
            if lines:
                yield Hunk(*places, tuple(lines))
            places, lines = (_place(head[1], head[2]), _place(head[3], head[4])), []
        elif places != (0, 0) and line[:1] in (" ", "-", "+") and line:
            lines.append((line[0], f"{line[1:]}\n"))
        elif line.startswith("\\") and lines:
            kind, ended = lines[-1]
            lines[-1] = (kind, ended.removesuffix("\n"))
    if lines:
        yield Hunk(*places, tuple(lines))


def _place(start: str, count: str | None) -> int:
    """A side without lines names the line before it."""
    return int(start) + (count == "0")


# --- one behind the other


def _joined(first: Patch, second: Patch) -> Patch | None:
    """Both as one; None when they do not fit."""
    status = _status(first.status, second.status)
    if len(first.hunks) != 1 or len(second.hunks) != 1:
        return None if first.hunks and second.hunks else _summed(first, second, status)
    (before,), (after,) = first.hunks, second.hunks
    if before.new != after.old or before.side("+") != after.side("-"):
        return None
    lines = tuple(_tidy(_composed(before.lines, after.lines)))
    added, removed = (sum(kind == mark for kind, _ in lines) for mark in "+-")
    hunks = (Hunk(before.old, after.new, lines),) if lines else ()
    return Patch(first.file, status, hunks, added, removed, told=True)


def _summed(first: Patch, second: Patch, status: str) -> Patch:
    hunks = first.hunks or second.hunks
    added, removed = first.added + second.added, first.removed + second.removed
    return Patch(first.file, status, hunks, added, removed, first.told and second.told)


def _status(first: str, second: str) -> str:
    match first, second:
        case "added", "deleted":
            return "void"
        case "added", _:
            return "added"
        case "deleted", "added":
            return "modified"
    return second


def _is_void(patch: Patch) -> bool:
    """It was made and is gone again, or is what it was before."""
    differs = any(kind != " " for hunk in patch.hunks for kind, _ in hunk.lines)
    return patch.status == "void" or (patch.status == "modified" and patch.told and not differs)


def _composed(first: Sequence[Line], second: Sequence[Line]) -> Iterator[Line]:
    """`second` changes what `first` has left."""
    later = iter(second)
    for kind, text in first:
        if kind == "-":
            yield kind, text
            continue
        for then, new in later:
            if then == "+":
                yield then, new
                continue
            if (kind, then) != ("+", "-"):  # else it came and went
                yield (then if kind == " " else kind), text
            break
    yield from later


def _tidy(lines: Iterable[Line]) -> Iterator[Line]:
    """In every change first what went, then what came; what went and came back at its edges is no change."""
    gone, come = list[str](), list[str]()
    for kind, text in lines:
        if kind == " ":
            yield from _change(gone, come)
            gone, come = [], []
            yield kind, text
        else:
            (gone if kind == "-" else come).append(text)
    yield from _change(gone, come)


def _change(gone: Sequence[str], come: Sequence[str]) -> Iterator[Line]:
    least = min(len(gone), len(come))
    head = next((at for at in range(least) if gone[at] != come[at]), least)
    tail = next((at for at in range(least - head) if gone[-1 - at] != come[-1 - at]), least - head)
    yield from ((" ", text) for text in gone[:head])
    yield from (("-", text) for text in gone[head : len(gone) - tail])
    yield from (("+", text) for text in come[head : len(come) - tail])
    yield from ((" ", text) for text in gone[len(gone) - tail :])


# --- writing


def _written(patch: Patch) -> str:
    head = [f"diff --git a/{patch.file} b/{patch.file}\n"]
    if patch.status in ("added", "deleted"):
        head.append(f"{'new' if patch.status == 'added' else 'deleted'} file mode 100644\n")
    if patch.hunks:
        head.append(f"--- {'/dev/null' if patch.status == 'added' else f'a/{patch.file}'}\n")
        head.append(f"+++ {'/dev/null' if patch.status == 'deleted' else f'b/{patch.file}'}\n")
    return "".join([*head, *(_shown(part) for hunk in patch.hunks for part in _regrouped(hunk))])


def _regrouped(hunk: Hunk) -> Iterator[Hunk]:
    """With only so much around each change; changes whose surroundings touch stay together."""
    spans: list[list[int]] = []
    for at, (kind, _) in enumerate(hunk.lines):
        if kind == " ":
            continue
        begin, end = max(0, at - CONTEXT), min(len(hunk.lines), at + CONTEXT + 1)
        if spans and begin <= spans[-1][1]:
            spans[-1][1] = end
        else:
            spans.append([begin, end])
    old, new, done = hunk.old, hunk.new, 0
    for begin, end in spans:
        skipped, lines = hunk.lines[done:begin], hunk.lines[begin:end]
        old, new = old + _count(skipped, "-"), new + _count(skipped, "+")
        yield Hunk(old, new, lines)
        old, new, done = old + _count(lines, "-"), new + _count(lines, "+"), end


def _count(lines: Sequence[Line], mark: str) -> int:
    return sum(kind in (" ", mark) for kind, _ in lines)


def _shown(hunk: Hunk) -> str:
    old, new = _count(hunk.lines, "-"), _count(hunk.lines, "+")
    body = (f"{kind}{text}" if text.endswith("\n") else f"{kind}{text}\n{UNENDED}" for kind, text in hunk.lines)
    return f"@@ -{hunk.old - (not old)},{old} +{hunk.new - (not new)},{new} @@\n{''.join(body)}"
