"""What happened in one turn, gathered from pages of its session's messages without reading any twice that cannot change
any more. Pure.

Messages only ever come at the end, and of those that are there only the newest changes: a step of the model is
completed before the next begins. So a look reads the newest message, and goes back page by page until it meets one that
is known, or the prompt itself; pages are read backwards, so an older one is never older than what was read before it.
What a tool printed is not kept: a long turn prints megabytes. And what a message tells is read out of it once, not at
every look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.opencode.tools import Part, todos_of, tool_of, written
from app.opencode.transcript import Message, Outcome, answers_to, is_prompt, is_whole, outcome_of
from app.turns.progress import Text, Todo, Tool


class Chronicle:
    """`messages` are those from the prompt on, as far as they were taken; none when there is no such prompt."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.messages: list[Message] = []
        self._places: dict[str, int] = {}  # of the messages, by their ids
        self._steps: dict[str, Step] = {}  # of the answers that were looked at, by their ids
        self._outcome: Outcome | None = None
        self._answers: list[Message] | None = None

    def joins(self, page: Sequence[Message]) -> bool:
        """Whether nothing is missing between what is known and `page`, which ends with the newest message."""
        return any(one["info"]["id"] in self._places or one["info"]["id"] == self.prompt for one in page)

    def take(self, page: Sequence[Message]) -> None:
        """One that does not join is all that the session has, and says that the prompt is not there any more."""
        places = self._places or {self.prompt: 0}
        first = next((place for place, one in enumerate(page) if one["info"]["id"] in places), len(page))
        known = places[page[first]["info"]["id"]] if first < len(page) else 0
        news = list(map(_slim, page[first:]))
        if self.messages[known:] == news:
            return
        for old in self.messages[known:]:
            self._places.pop(old["info"]["id"], None)
            self._steps.pop(old["info"]["id"], None)
        self.messages[known:] = news
        self._places |= {one["info"]["id"]: place for place, one in enumerate(news, known)}
        self._outcome = self._answers = None

    def outcome(self) -> Outcome:
        """In a session that is idle."""
        if self._outcome is None:
            self._outcome = outcome_of(self.messages, self.prompt)
        return self._outcome

    @property
    def begun(self) -> int:
        """When the server took the prompt, in milliseconds by its own clock."""
        return int(self.messages[0]["info"]["time"]["created"]) if self.messages else 0

    @property
    def asking(self) -> list[str]:
        """The prompt and what the server has written on its behalf: the ids of the messages that were answered."""
        newer = next((at for at, one in enumerate(self.messages) if at and is_prompt(one)), len(self.messages))
        return [one["info"]["id"] for one in self.messages[:newer] if one["info"]["role"] == "user"]

    @property
    def answers(self) -> Sequence[Message]:
        if self._answers is None:
            self._answers = answers_to(self.messages, self.prompt)
        return self._answers

    @property
    def parts(self) -> list[Part]:
        return [part for answer in self.answers for part in answer["parts"]]

    @property
    def root(self) -> str:
        """Where the workspace is; empty before there is an answer."""
        return next((str((one["info"].get("path") or {}).get("cwd", "")) for one in self.answers), "")

    def tools(self, *, over: bool) -> tuple[Tool, ...]:
        """`over`: nothing of it runs any more."""
        steps = self._told()
        if not steps or over or is_whole(self.answers[-1]):
            return tuple(tool for step in steps for tool in step.tools)
        last = _step(self.answers[-1], self.root, over=False)
        return tuple(tool for step in (*steps[:-1], last) for tool in step.tools)

    def todos(self) -> tuple[Todo, ...]:
        return next((step.todos for step in reversed(self._told()) if step.todos is not None), ())

    def made(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(file for step in self._told() for file in step.made))

    def texts(self, *, over: bool) -> tuple[Text, ...]:
        outcome = self.outcome()
        return outcome.said if over else outcome.settled

    def _told(self) -> "list[Step]":
        """Of every answer, as if nothing of it ran any more. Each is read once."""
        root, known = self.root, self._steps
        for answer in self.answers:
            if answer["info"]["id"] not in known:
                known[answer["info"]["id"]] = _step(answer, root, over=True)
        return [known[answer["info"]["id"]] for answer in self.answers]


@dataclass(frozen=True, slots=True)
class Step:
    """What one answer of the model tells. `todos` is None where it does not write them."""

    tools: tuple[Tool, ...]
    todos: tuple[Todo, ...] | None
    made: tuple[str, ...]


def _step(answer: Message, root: str, *, over: bool) -> Step:
    parts = answer["parts"]
    tools = tuple(tool_of(part, root, over=over) for part in parts if part["type"] == "tool")
    return Step(tools, todos_of(parts), tuple(file for part in parts for file in written(part, root)))


KEPT = ("status", "input", "title", "error")
KNOWN = ("answers", "exists", "filediff", "files", "sessionId")


def _slim(message: Message) -> Message:
    info = message["info"]
    if info["role"] == "user":  # its files may be large, and so may the diff that is kept with it
        return {"info": {key: info[key] for key in ("id", "role", "time")}, "parts": []}
    return {"info": info, "parts": [_slim_part(part) for part in message["parts"]]}


def _slim_part(part: dict[str, Any]) -> Part:
    if part["type"] != "tool":
        return part
    state = part["state"]
    known = state.get("metadata") or {}
    kept = {key: state[key] for key in KEPT if key in state}
    return {**part, "state": {**kept, "metadata": {key: known[key] for key in KNOWN if key in known}}}
