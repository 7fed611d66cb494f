"""What an agent does while it works on a turn, as far as a person wants to see it. Pure.

A `Progress` is all of it up to now, never only what is new: whoever missed some has missed nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.ids import AskId


class Doing(StrEnum):
    """How far a tool or a task is."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Tool:
    """One use of a tool."""

    name: str  # as OpenCode names it: bash, edit, read …
    subject: str  # what it is used on: the command, the path, the pattern; may be empty
    doing: Doing
    added: int = 0  # lines, of a file that it edits
    removed: int = 0
    rewritten: int = 0  # lines, of a file that it wrote in place of another: how many are new, nobody knows yet
    inside: "Tool | None" = None  # the newest that is used by the sub-agent which it has begun, while that works

    @property
    def is_silent(self) -> bool:
        """Whether what it does is seen elsewhere: in the list of tasks."""
        return self.name in ("todoread", "todowrite")


@dataclass(frozen=True, slots=True)
class Todo:
    task: str
    doing: Doing  # FAILED: given up


@dataclass(frozen=True, slots=True)
class Text:
    """Something the agent said, in Markdown."""

    part: str  # its id, the same for ever
    text: str


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    header: str  # very short
    options: tuple[Option, ...]
    multiple: bool = False  # several options may be chosen
    custom: bool = True  # an answer in own words is welcome


@dataclass(frozen=True, slots=True)
class Permission:
    """Leave to do something. `subject` is all of it: the whole command, the path; `diff` what an edit would change."""

    action: str  # as OpenCode names it: bash, edit, external_directory …
    subject: str
    diff: str = ""
    always: tuple[str, ...] = ()  # what “always” would allow, as patterns


@dataclass(frozen=True, slots=True)
class Ask:
    """What the agent waits for: a permission, or answers to one or more questions."""

    id: AskId
    about: Permission | tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    always: bool  # whatever is like it, until the machine's server is started again


@dataclass(frozen=True, slots=True)
class Denied:
    reason: str = ""  # the agent is told, and goes on; without one the turn ends


@dataclass(frozen=True, slots=True)
class Answered:
    answers: tuple[tuple[str, ...], ...]  # for every question, in order, what was chosen or written


Decision = Allowed | Denied | Answered


@dataclass(frozen=True, slots=True)
class Change:
    file: str  # its path in the workspace
    added: int  # lines
    removed: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a turn cost and changed."""

    tokens: int = 0  # in and out, cached ones included
    cost: float = 0.0  # US dollars, as far as the price is known
    tools: int = 0  # how often one was used
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """`texts` are those that are complete; the one that may be the answer's end is among them only once it has `ended`.
    `asks` are those that are open now, also of the sessions that this one has begun."""

    tools: tuple[Tool, ...] = ()
    todos: tuple[Todo, ...] = ()
    texts: tuple[Text, ...] = ()
    asks: tuple[Ask, ...] | None = ()  # None: not known just now
    made: tuple[str, ...] = ()  # files that it wrote, as paths in the workspace
    retry_at: float | None = None  # epoch seconds: the model failed, and is asked again then
    ended: bool = False
    remark: str = ""  # what a person should know of the end, such as that the answer is cut off
