"""What a turn cost and changed, from what OpenCode knows of it. Pure.

OpenCode's own diff of a turn covers the steps that were finished. A step that was aborted is missing there: the files
that it changed are added, with as many lines as its tools know of.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.opencode.chronicle import Chronicle
from app.opencode.tools import WRITERS, tool_of, written
from app.opencode.transcript import Message
from app.turns.progress import Change, Doing, Report

Row = Mapping[str, Any]


def report_of(chronicle: Chronicle, children: Sequence[Row], rows: Sequence[Row]) -> Report:
    """`children` are the sessions that the turn has begun, `rows` OpenCode's diff."""
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
    known = [part["state"].get("metadata") or {} for part in chronicle.parts if part["type"] == "tool"]
    return list(dict.fromkeys(str(one["sessionId"]) for one in known if one.get("sessionId")))


def _tokens(counts: Row) -> int:
    cache = counts.get("cache") or {}
    return sum(
        int(one or 0) for one in (*(counts.get(key) for key in ("input", "output", "reasoning")), *cache.values())
    )


def _changes(chronicle: Chronicle, rows: Sequence[Row]) -> tuple[Change, ...]:
    changes = {change.file: change for change in map(_change, rows)}
    for answer in chronicle.answers:
        if not any(part["type"] == "step-finish" for part in answer["parts"]):
            for change in _written(answer, chronicle.root):
                changes.setdefault(change.file, change)
    return tuple(changes.values())


def _written(answer: Message, root: str) -> list[Change]:
    tools = [tool_of(part, root, over=True) for part in answer["parts"] if part["type"] == "tool"]
    done = [tool for tool in tools if tool.name in WRITERS and tool.doing is Doing.DONE]
    files = [file for part in answer["parts"] if part["type"] == "patch" for file in written(part, root)]
    return [*(Change(tool.subject, tool.added, tool.removed) for tool in done), *(Change(file, 0, 0) for file in files)]


def _change(row: Row) -> Change:
    return Change(str(row.get("file", "")), int(row.get("additions") or 0), int(row.get("deletions") or 0))


# --- as a patch


def patch_of(rows: Iterable[Row]) -> str:
    """One text that `git apply` and `patch -p1` take."""
    return "".join(_file(row) for row in rows if row.get("patch"))


def _file(row: Row) -> str:
    file, status = str(row.get("file", "")), row.get("status")
    lines = str(row["patch"]).splitlines(keepends=True)
    first = next((index for index, line in enumerate(lines) if line.startswith("@@")), len(lines))
    head = [f"diff --git a/{file} b/{file}"]
    if status in ("added", "deleted"):
        head.append(f"{'new' if status == 'added' else 'deleted'} file mode 100644")
    if first < len(lines):
        old = "/dev/null" if status == "added" else f"a/{file}"
        new = "/dev/null" if status == "deleted" else f"b/{file}"
        head += [f"--- {old}", f"+++ {new}"]
    body = "".join(lines[first:])
    return "\n".join(head) + "\n" + body + ("" if body.endswith("\n") or not body else "\n")
