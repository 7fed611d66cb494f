"""What a turn cost and changed, from what OpenCode knows of it. Pure.

OpenCode's own diff of a turn covers the steps that were finished. A step that was aborted is missing there: the files
that it changed are added, with as many lines as its tools know of.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.opencode.chronicle import Chronicle
from app.opencode.patches import patches_of
from app.opencode.tools import child_of, kind_of, tool_of, tools_in, written
from app.opencode.transcript import Message
from app.turns.progress import Change, Doing, Report

Row = Mapping[str, Any]


def report_of(chronicle: Chronicle, children: Sequence[Row], rows: Sequence[Row]) -> Report:
    """`children` are the sessions that the turn has begun, `rows` OpenCode's diffs,
    in the order of time."""
    spent = [*(answer["info"] for answer in chronicle.answers), *children]
    tools = chronicle.tools(over=True)
    return Report(
        tokens=sum(_tokens(one.get("tokens") or {}) for one in spent),
        cost=sum(float(one.get("cost") or 0) for one in spent),
        tools=len(tools),
        changes=_changes(chronicle, rows),
    )


def children_of(chronicle: Chronicle) -> list[str]:
    """The sessions that its tools have begun, or gone on with."""
    return list(dict.fromkeys(child for part in chronicle.parts if (child := child_of(part))))


def _tokens(counts: Row) -> int:
    cache = counts.get("cache") or {}
    return sum(
        int(one or 0) for one in (*(counts.get(key) for key in ("input", "output", "reasoning")), *cache.values())
    )


def _changes(chronicle: Chronicle, rows: Sequence[Row]) -> tuple[Change, ...]:
    changes: dict[str, Change] = {}
    for patch in patches_of(rows):
        known = changes.get(patch.file, Change(patch.file, 0, 0))
        changes[patch.file] = Change(patch.file, known.added + patch.added, known.removed + patch.removed)
    for answer in chronicle.answers:
        if not any(part["type"] == "step-finish" for part in answer["parts"]):
            for change in _written(answer, chronicle.root):
                changes.setdefault(change.file, change)
    return tuple(changes.values())


def _written(answer: Message, root: str) -> list[Change]:
    writing = [part for part in tools_in(answer["parts"]) if kind_of(part).writes]
    done = [tool for part in writing if (tool := tool_of(part, root, over=True)).doing is Doing.DONE]
    files = [file for part in answer["parts"] if part["type"] == "patch" for file in written(part, root)]
    return [*(Change(tool.subject, tool.added, tool.removed) for tool in done), *(Change(file, 0, 0) for file in files)]
