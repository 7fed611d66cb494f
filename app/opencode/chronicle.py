"""What happened in one turn, gathered from pages of its session's messages without reading any twice that cannot change
any more. Pure.

Messages only ever come at the end, and of those that are there only the newest changes: a step of the model is
completed before the next begins. So a look reads the newest message, and goes back page by page until it meets one that
is known, or the prompt itself; pages are read backwards, so an older one is never older than what was read before it.
What a tool printed is not kept: a long turn prints megabytes.
"""

from collections.abc import Sequence
from typing import Any

from app.opencode.tools import Part, todos_of, tool_of, written
from app.opencode.transcript import Message, Outcome, answers_to, is_whole, outcome_of
from app.turns.progress import Text, Todo, Tool


class Chronicle:
    """`messages` are those from the prompt on, as far as they were taken; none when there is no such prompt."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.messages: list[Message] = []

    def joins(self, page: Sequence[Message]) -> bool:
        """Whether nothing is missing between what is known and `page`, which ends with the newest message."""
        known = {self.prompt, *(one["info"]["id"] for one in self.messages)}
        return any(one["info"]["id"] in known for one in page)

    def take(self, page: Sequence[Message]) -> None:
        """One that does not join is all that the session has, and says that the prompt is not there any more."""
        places = {one["info"]["id"]: place for place, one in enumerate(self.messages)} or {self.prompt: 0}
        first = next((place for place, one in enumerate(page) if one["info"]["id"] in places), len(page))
        known = places[page[first]["info"]["id"]] if first < len(page) else 0
        self.messages[known:] = map(_slim, page[first:])

    def outcome(self) -> Outcome:
        """In a session that is idle."""
        return outcome_of(self.messages, self.prompt)

    @property
    def begun(self) -> int:
        """When the server took the prompt, in milliseconds by its own clock."""
        return int(self.messages[0]["info"]["time"]["created"]) if self.messages else 0

    @property
    def answers(self) -> list[Message]:
        return answers_to(self.messages, self.prompt)

    @property
    def parts(self) -> list[Part]:
        return [part for answer in self.answers for part in answer["parts"]]

    @property
    def root(self) -> str:
        """Where the workspace is; empty before there is an answer."""
        return next((str((one["info"].get("path") or {}).get("cwd", "")) for one in self.answers), "")

    def tools(self, *, over: bool) -> tuple[Tool, ...]:
        """`over`: nothing of it runs any more."""
        answers, root = self.answers, self.root
        return tuple(
            tool_of(part, root, over=over or is_whole(answer) or answer is not answers[-1])
            for answer in answers
            for part in answer["parts"]
            if part["type"] == "tool"
        )

    def todos(self) -> tuple[Todo, ...]:
        return todos_of(self.parts)

    def made(self) -> tuple[str, ...]:
        root = self.root
        return tuple(dict.fromkeys(file for part in self.parts for file in written(part, root)))

    def texts(self, *, over: bool) -> tuple[Text, ...]:
        outcome = self.outcome()
        return outcome.said if over else outcome.settled


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
