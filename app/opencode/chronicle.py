"""What happened in one turn, gathered from pages of its session's messages without reading any twice that cannot change
any more. Pure.

Messages only ever come at the end, and of those that are there only the newest changes: a step of the model is
completed before the next begins. So a look reads the newest message, and goes back page by page until it meets one that
is known, or the prompt itself; pages are read backwards, so an older one is never older than what was read before it.
Messages are slim when they come here (see `slimming`): a long turn prints and writes megabytes. And what a message
tells is read out of it once, not at every look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.opencode.tools import Part, child_of, todos_of, tool_of, tools_in, written
from app.opencode.transcript import Message, Outcome, answers_to, fields, is_prompt, is_whole, outcome_of
from app.turns.progress import Doing, Text, Todo, Tool

NOBODY: Mapping[str, Tool] = MappingProxyType({})


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
        """Slim messages. Those that do not join are all that the session has, and say that the prompt is not there any
        more."""
        places = self._places or {self.prompt: 0}
        first = next((place for place, one in enumerate(page) if one["info"]["id"] in places), len(page))
        known = places[page[first]["info"]["id"]] if first < len(page) else 0
        news = list(page[first:])
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
    def model(self) -> str | None:
        """The one that the prompt is for, as "provider/model"."""
        asked = fields(self.messages[0]["info"].get("model")) if self.messages else {}
        return f"{asked['providerID']}/{asked['modelID']}" if asked.keys() >= {"providerID", "modelID"} else None

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

    @property
    def unfinished(self) -> Sequence[Part]:
        """The parts of the answer that is being written."""
        return self.answers[-1]["parts"] if self.answers and not is_whole(self.answers[-1]) else ()

    @property
    def at_work(self) -> list[str]:
        """The sessions of the sub-agents that work in a turn that is not over, in the order in which they began."""
        running = [part for part in tools_in(self.unfinished) if part["state"]["status"] == "running"]
        return list(dict.fromkeys(child for part in running if (child := child_of(part))))

    def tools(self, *, over: bool, inside: Mapping[str, Tool] = NOBODY) -> tuple[Tool, ...]:
        """`over`: nothing of it runs any more. `inside`: what sub-agents do, by their sessions."""
        steps = self._told()
        if over or not self.unfinished:
            return tuple(tool for step in steps for tool in step.tools)
        last = [_with_inside(part, tool_of(part, self.root, over=False), inside) for part in tools_in(self.unfinished)]
        return (*(tool for step in steps[:-1] for tool in step.tools), *last)

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
                known[answer["info"]["id"]] = _step(answer, root)
        return [known[answer["info"]["id"]] for answer in self.answers]


@dataclass(frozen=True, slots=True)
class Step:
    """What one answer of the model tells. `todos` is None where it does not write them."""

    tools: tuple[Tool, ...]
    todos: tuple[Todo, ...] | None
    made: tuple[str, ...]


def _step(answer: Message, root: str) -> Step:
    """As if nothing of it ran any more."""
    parts = answer["parts"]
    tools = tuple(tool_of(part, root, over=True) for part in tools_in(parts))
    return Step(tools, todos_of(parts), tuple(file for part in parts for file in written(part, root)))


def _with_inside(part: Part, tool: Tool, inside: Mapping[str, Tool]) -> Tool:
    newest = inside.get(child_of(part) or "") if tool.doing is Doing.RUNNING else None
    return tool if newest is None else replace(tool, inside=newest)
