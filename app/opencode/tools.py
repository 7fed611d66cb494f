"""What a use of a tool looks like to a person: a part of a message, read as a `Tool`. Also what such parts tell of the
todo list, of files, and of sub-agents. Pure.

All that is known of OpenCode's own tools is in one table, `KINDS`. Tools that are not in it, of MCP servers for
instance, describe themselves by their title. What else is read of a part than is now has to be kept by `slimming`.

https://opencode.ai/v1/docs/tools
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from app.turns.progress import Doing, Todo, Tool

Part = Mapping[str, Any]
State = Mapping[str, Any]
Subject = Callable[[State, str], str]  # of a use, and where the workspace is

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


# --- what they are used on


def _field(key: str) -> Subject:
    """The one thing of its input that says it."""
    return lambda state, root: str(_given(state).get(key) or "")


def _path(key: str) -> Subject:
    return lambda state, root: relative(str(_given(state).get(key) or ""), root)


def _title(state: State, root: str) -> str:
    return str(state.get("title") or "")


def _nothing(state: State, root: str) -> str:
    return ""


def _question(state: State, root: str) -> str:
    asked = _given(state).get("questions") or [{}]
    return str(asked[0].get("question", "")) if isinstance(asked[0], dict) else ""


def _patched(state: State, root: str) -> str:
    return ", ".join(str(row.get("relativePath", "")) for row in _files(state))


def _given(state: State) -> Mapping[str, Any]:
    return state.get("input") or {}


def _known(state: State) -> Mapping[str, Any]:
    return state.get("metadata") or {}


def _files(state: State) -> list[Mapping[str, Any]]:
    rows = _known(state).get("files")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


# --- the tools


@dataclass(frozen=True, slots=True)
class Kind:
    """`writes`: the file that it is used on."""

    subject: Subject
    writes: bool = False


KINDS: Mapping[str, Kind] = {
    "apply_patch": Kind(_patched),
    "bash": Kind(_field("command")),
    "edit": Kind(_path("filePath"), writes=True),
    "glob": Kind(_field("pattern")),
    "grep": Kind(_field("pattern")),
    # How OpenCode calls a tool that it does not have, or that is called wrongly.
    "invalid": Kind(_field("tool")),
    "list": Kind(_path("path")),
    "question": Kind(_question),
    "read": Kind(_path("filePath")),
    "skill": Kind(_field("name")),
    "task": Kind(_field("description")),
    "todoread": Kind(_nothing),
    "todowrite": Kind(_nothing),
    "webfetch": Kind(_field("url")),
    "websearch": Kind(_field("query")),
    "write": Kind(_path("filePath"), writes=True),
}
OTHER = Kind(_title)


def kind_of(part: Part) -> Kind:
    """Of a part that is a use of a tool."""
    return KINDS.get(part["tool"], OTHER)


def tools_in(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if part["type"] == "tool"]


def uses(messages: Sequence[Mapping[str, Any]]) -> list[Part]:
    """All of them in several messages, in their order."""
    return [part for message in messages for part in tools_in(message["parts"])]


def tool_of(part: Part, root: str, *, over: bool) -> Tool:
    """`part` is slim, `root` is where the workspace is. What is not finished in a message that is `over` never will
    be."""
    state = part["state"]
    doing = STATUSES.get(state["status"], Doing.RUNNING)
    if part["tool"] == "invalid" or (over and doing in (Doing.PENDING, Doing.RUNNING)):
        doing = Doing.FAILED
    tool = Tool(str(part["tool"]), kind_of(part).subject(state, root), doing)
    return _counted(tool, state) if doing is Doing.DONE else tool


def relative(path: str, root: str) -> str:
    """To the workspace, where it lies in it."""
    whole = PurePosixPath(path)
    return str(whole.relative_to(root)) if root and whole.is_relative_to(root) and str(whole) != root else path


def child_of(part: Part) -> str | None:
    """The session of the sub-agent that it has begun, or gone on with."""
    return _known(part["state"]).get("sessionId") or None if part["type"] == "tool" else None


# --- lines and files


def _counted(tool: Tool, state: State) -> Tool:
    """With its lines. Of a `write` OpenCode says nothing but whether there was a file already: then only the whole
    turn's diff knows what was in it."""
    if tool.name == "write":
        lines = int(_known(state).get("lines") or 0)
        return replace(tool, added=lines) if _known(state).get("exists") is False else replace(tool, rewritten=lines)
    change = _known(state).get("filediff")
    rows = [change] if isinstance(change, dict) else _files(state)
    added, removed = (sum(int(row.get(key) or 0) for row in rows) for key in ("additions", "deletions"))
    return replace(tool, added=added, removed=removed)


def written(part: Part, root: str) -> list[str]:
    """Files that this part of a message says were changed, as paths in the workspace."""
    if part["type"] == "patch":
        return [relative(str(file), root) for file in part.get("files") or ()]
    if part["type"] != "tool" or part["state"]["status"] != "completed" or not kind_of(part).writes:
        return []
    return [kind_of(part).subject(part["state"], root)]


# --- the todo list


def todos_of(parts: Sequence[Part]) -> tuple[Todo, ...] | None:
    """The list as it was last written; None when it was not."""
    for part in reversed(tools_in(parts)):
        todos = _given(part["state"]).get("todos")
        if part["tool"] == "todowrite" and part["state"]["status"] != "error" and isinstance(todos, list):
            return tuple(todo_of(one) for one in todos if isinstance(one, dict))
    return None


def todo_of(row: Mapping[str, Any]) -> Todo:
    return Todo(str(row.get("content", "")), TASKS.get(str(row.get("status")), Doing.PENDING))
