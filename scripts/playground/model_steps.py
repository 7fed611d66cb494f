"""The steps that a scripted turn is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Think:
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    status: int
    times: int | None = None  # None: always
    retry_after: int | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Hang:
    pass


@dataclass(frozen=True, slots=True)
class Cut:
    pass


Step = Say | Think | Call | Pause | Fail | Hang | Cut


def plan(tasks: Sequence[str]) -> Call:
    """A todo list whose first task has begun."""
    states = ["in_progress", *["pending"] * len(tasks)]
    todos = [
        {"content": task, "status": state, "priority": "medium"} for task, state in zip(tasks, states, strict=False)
    ]
    return Call("todowrite", {"todos": todos})


def absolute(path: str, directory: str) -> str:
    return path if path.startswith("/") else directory + path


def fenced(code: str, language: str) -> str:
    return f"```{language}\n{code}\n```"
