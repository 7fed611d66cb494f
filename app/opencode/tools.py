"""What a use of a tool looks like to a person: a part of a message, read as a `Tool`. Also what such parts tell of the
todo list and of files. Pure.

https://opencode.ai/v1/docs/tools
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from app.turns.progress import Doing, Todo, Tool

Part = Mapping[str, Any]

# The one thing of a tool's input that says what it is used on. Other tools describe themselves by their title.
SUBJECTS: Mapping[str, str] = {
    "bash": "command",
    "edit": "filePath",
    "glob": "pattern",
    "grep": "pattern",
    "invalid": "tool",
    "list": "path",
    "read": "filePath",
    "skill": "name",
    "task": "description",
    "webfetch": "url",
    "websearch": "query",
    "write": "filePath",
}
PATHS = frozenset({"filePath", "path"})
WRITERS = frozenset({"edit", "write"})
SILENT = frozenset({"todowrite", "todoread"})  # the list itself is shown
STATUSES: Mapping[str, Doing] = {
    "pending": Doing.PENDING,
    "running": Doing.RUNNING,
    "completed": Doing.DONE,
    "error": Doing.FAILED,
}
TASKS: Mapping[str, Doing] = {
    "pending": Doing.PENDING,
    "in_progress": Doing.RUNNING,
    "completed": Doing.DONE,
    "cancelled": Doing.FAILED,
}


def tool_of(part: Part, root: str, *, over: bool) -> Tool:
    """`root` is where the workspace is. What is not finished in a message that is `over` never will be."""
    state = part["state"]
    doing = STATUSES.get(state["status"], Doing.RUNNING)
    if over and doing in (Doing.PENDING, Doing.RUNNING):
        doing = Doing.FAILED
    added, removed = _lines(part) if doing is Doing.DONE else (0, 0)
    name = str(part["tool"])
    # OpenCode calls a tool that it does not have, or that is called wrongly, by this name.
    return Tool(name, _subject(name, state, root), Doing.FAILED if name == "invalid" else doing, added, removed)


def _subject(name: str, state: Mapping[str, Any], root: str) -> str:
    given = state.get("input") or {}
    if name in SILENT:
        return ""
    if name == "question":
        asked = given.get("questions") or [{}]
        return str(asked[0].get("question", "")) if isinstance(asked[0], dict) else ""
    key = SUBJECTS.get(name)
    if key is None:
        return str(state.get("title") or "")
    value = str(given.get(key) or "")
    return relative(value, root) if key in PATHS else value


def relative(path: str, root: str) -> str:
    """To the workspace, where it lies in it."""
    whole = PurePosixPath(path)
    return str(whole.relative_to(root)) if root and whole.is_relative_to(root) and str(whole) != root else path


def _lines(part: Part) -> tuple[int, int]:
    """Added and removed. A file that is written anew counts as added; one that is written over is only known as part of
    the whole turn's diff."""
    state = part["state"]
    known = state.get("metadata") or {}
    change = known.get("filediff")
    if isinstance(change, dict):
        return int(change.get("additions") or 0), int(change.get("deletions") or 0)
    if part["tool"] == "write" and known.get("exists") is False:
        return len(str((state.get("input") or {}).get("content", "")).splitlines()), 0
    files = known.get("files")  # of apply_patch
    if isinstance(files, list):
        rows = [file for file in files if isinstance(file, dict)]
        return sum(int(row.get("additions") or 0) for row in rows), sum(int(row.get("deletions") or 0) for row in rows)
    return 0, 0


def written(part: Part, root: str) -> list[str]:
    """Files that this part of a message says were changed, as paths in the workspace."""
    if part["type"] == "patch":
        return [relative(str(file), root) for file in part.get("files") or ()]
    if part["type"] == "tool" and part["tool"] in WRITERS and part["state"]["status"] == "completed":
        return [relative(str(part["state"]["input"].get("filePath", "")), root)]
    return []


def todos_of(parts: Sequence[Part]) -> tuple[Todo, ...] | None:
    """The list as it was last written; None when it was not."""
    for part in reversed(parts):
        if part["type"] == "tool" and part["tool"] == "todowrite":
            given = part["state"].get("input") or {}
            if part["state"]["status"] != "error" and isinstance(given.get("todos"), list):
                return tuple(_todo(one) for one in given["todos"] if isinstance(one, dict))
    return None


def _todo(row: Mapping[str, Any]) -> Todo:
    return Todo(str(row.get("content", "")), TASKS.get(str(row.get("status")), Doing.PENDING))
