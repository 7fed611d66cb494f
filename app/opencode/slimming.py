"""What is kept of a message of OpenCode: what `transcript`, `tools` and `reporting` read of it, and nothing else. Pure.

A long turn reads, prints and writes megabytes, and the model thinks as many. None of it is shown, so none of it is
kept: of what a tool was given only what it was used on, of what it wrote only how many lines, of what the model thought
nothing. Commands, and what the agent says, are kept whole.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from app.opencode.transcript import Message, fields

INFO = ("id", "role", "parentID", "time", "path", "finish", "summary", "error", "cost", "tokens")
PARTS: Mapping[str, Sequence[str]] = {
    "patch": ("type", "files"),
    "step-finish": ("type",),
    "text": ("id", "type", "text", "synthetic", "ignored"),
    "tool": ("id", "type", "tool"),
}
STATE = ("status", "title")
GIVEN = ("command", "description", "filePath", "name", "path", "pattern", "query", "tool", "url")
TODO = ("content", "status")
KNOWN = ("exists", "sessionId")
COUNTED = ("relativePath", "additions", "deletions")
WORD = 100  # characters; names, states and paths come again and again
ERROR = 200  # characters, of what a tool says went wrong: who it was can be told by the first words


def slim(message: Message) -> Message:
    """To be done with every message as soon as it is read, once."""
    info = message["info"]
    if info["role"] == "user":  # its files may be large, and so may the diff that is kept with it
        return {"info": _only(("id", "role", "time", "model"), info), "parts": []}
    return {"info": _only(INFO, info), "parts": [_part(part) for part in message["parts"] if part["type"] in PARTS]}


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = _only(PARTS[part["type"]], part)
    return {**kept, "state": _state(part["state"])} if part["type"] == "tool" else kept


def _state(state: Mapping[str, Any]) -> dict[str, Any]:
    given, known = fields(state.get("input")), fields(state.get("metadata"))
    error = {"error": str(state["error"])[:ERROR]} if state.get("error") else {}
    return {**_only(STATE, state), **error, "input": _given(given), "metadata": _known(known) | _lines(given)}


def _given(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = _only(GIVEN, given)
    for name, keys in (("questions", ("question",)), ("todos", TODO)):
        if isinstance(rows := given.get(name), list):
            kept[name] = [_only(keys, row) for row in rows if isinstance(row, dict)]
    return kept


def _known(known: Mapping[str, Any]) -> dict[str, Any]:
    """Without the patches: these hold whole files."""
    kept = _only(KNOWN, known)
    if isinstance(change := known.get("filediff"), dict):
        kept["filediff"] = _only(COUNTED, change)
    if isinstance(files := known.get("files"), list):
        kept["files"] = [_only(COUNTED, file) for file in files if isinstance(file, dict)]
    return kept


def _lines(given: Mapping[str, Any]) -> dict[str, int]:
    """Of what was written, under a name of our own."""
    return {"lines": len(given["content"].splitlines())} if isinstance(given.get("content"), str) else {}


def _only(keys: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _shared(row[key]) for key in keys if key in row}


def _shared(value: Any) -> Any:
    """The same words are held once."""
    return sys.intern(value) if isinstance(value, str) and len(value) <= WORD else value
