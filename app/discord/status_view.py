"""The one message of a turn that says how far it is, and in the end how it went. Pure.

Every line of it is small print, so that nobody takes it for the model's words; every glyph stands beside a word that
says the same. Times are Discord's own timestamps: a turn that is only waiting for time to pass needs no edit. However
much an agent does, what is said of it fits: the first lines are worth most, and what does not fit behind them is left
out. The lines of the end are in `summary_view`.
"""

from collections.abc import Iterable, Iterator, Sequence

from app.discord import summary_view
from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT, code, path, prose, timestamp
from app.discord.payloads import Payload, Style, View, button, row
from app.discord.summary_view import NAME, SUBJECT
from app.discord.text import units
from app.ids import TurnId
from app.turns.progress import Doing, Progress, Todo, Tool
from app.turns.status import Outcome, Phase, Status, Summary, Verbosity
from app.words.amounts import counted, more, plural
from app.words.turn import (
    ANY_TOOL,
    CANCEL,
    CONTINUE,
    DIFF,
    INTERRUPT,
    PHASES,
    PROVIDER_BUSY,
    REDO,
    RETRY,
    RUN_NEXT,
    SINCE_ASKED,
    SINCE_BEGUN,
    STOP,
    TASK_MARKS,
    TASKS_HEAD,
    TOOL_FAILED,
    TOOLS_AT_WORK,
    UNDO,
    UNTIL,
)

TASK = 80  # characters
TOOLS = {Verbosity.QUIET: 0, Verbosity.NORMAL: 3, Verbosity.VERBOSE: 8}
TASKS = {Verbosity.QUIET: 0, Verbosity.NORMAL: 3, Verbosity.VERBOSE: 10}

PATHS = frozenset({"read", "list", "edit", "multiedit", "write"})  # these are used on a file or a directory
QUEUE = frozenset({Phase.QUEUED, Phase.NEXT})
CONTINUED = frozenset({Outcome.DONE, Outcome.DENIED, Outcome.STOPPED})
RETRIED = frozenset({Outcome.FAILED, Outcome.DENIED, Outcome.EXPIRED, Outcome.STOPPED})


def status(status: Status, turn: TurnId) -> View:
    """Of a turn that is not over. It always has a button, by which the message is found again."""
    if status.phase in QUEUE:
        waiting = [button(INTERRUPT, f"now:{turn}"), button(CANCEL, f"cancel:{turn}")]
        if status.phase is not Phase.NEXT:
            waiting.insert(0, button(RUN_NEXT, f"next:{turn}"))
        return View(_fitting([_headline(status)]), (row(*waiting),))
    lines = [_headline(status), *_inside(_at_work(status)), *_tasks(status), *_tools(status)]
    return View(_fitting(lines), (row(button(STOP, f"stop:{turn}", Style.DANGER)),))


def summary(summary: Summary, turn: TurnId) -> View:
    """Of a turn that is over."""
    changes = summary.report.changes if summary.report else ()
    return View(_fitting(summary_view.lines(summary)), closing(summary.outcome, turn, changed=bool(changes)))


def closing(outcome: Outcome, turn: TurnId, *, changed: bool, undone: bool = False) -> tuple[Payload, ...]:
    """The buttons below a summary. `changed`: whether the turn left any file to look at and to take back. What was
    undone can be redone in any case: the conversation went with it."""
    changed = changed and outcome is not Outcome.RESET
    buttons = [button(DIFF, f"diff:{turn}")] if changed else []
    if undone:
        buttons += [button(REDO, f"redo:{turn}")]
    elif changed:
        buttons += [button(UNDO, f"undo:{turn}")]
    if outcome in CONTINUED:
        buttons += [button(CONTINUE, f"continue:{turn}")]
    if outcome in RETRIED:
        buttons += [button(RETRY, f"retry:{turn}")]
    return (row(*buttons),) if buttons else ()


def _headline(status: Status) -> str:
    """What it is at, and since when there has been work: a tool may have begun much later."""
    if status.phase is Phase.WAITING and status.expires_at is not None:
        until = timestamp(status.expires_at, "t")
        return UNTIL.format(phase=PHASES[status.phase], until=until)  # and what is asked says what happens then
    if status.phase is Phase.THINKING and status.progress.retry_at is not None:
        return PROVIDER_BUSY.format(again=timestamp(status.progress.retry_at, "R"))
    at_work = _at_work(status)
    headline = f"{_glyph(at_work)} {_now(at_work)}" if at_work else PHASES[status.phase]
    words = SINCE_ASKED if status.phase in QUEUE else SINCE_BEGUN
    return words.format(headline=headline, since=timestamp(status.since, "R"))


def _at_work(status: Status) -> Tool | None:
    """The tool that is worth the first line."""
    if status.phase is not Phase.THINKING or not TOOLS[status.verbosity]:
        return None
    return next((tool for tool in reversed(_shown(status.progress)) if tool.doing is Doing.RUNNING), None)


def _shown(progress: Progress) -> Sequence[Tool]:
    return [tool for tool in progress.tools if not tool.is_silent]


def _tools(status: Status) -> Iterator[str]:
    """The last few, oldest first. One that has to wait for a person counts as running in OpenCode, and does not run."""
    most, first = TOOLS[status.verbosity], _at_work(status)
    hidden = {Doing.PENDING, Doing.RUNNING} if status.phase is Phase.WAITING else {Doing.PENDING}
    tools = [tool for tool in _shown(status.progress) if tool is not first and tool.doing not in hidden]
    for tool in tools[max(0, len(tools) - most) :]:
        yield _use(tool) + (_changed(tool) if status.verbosity is Verbosity.VERBOSE else "")
        yield from _inside(tool)


def _inside(tool: Tool | None) -> Iterator[str]:
    """What a sub-agent is at."""
    if tool and tool.inside:
        yield f"↳ {_use(tool.inside)}"


def _changed(tool: Tool) -> str:
    """How many lines. Of a file that was written over it is only known how many there are now."""
    if tool.rewritten:
        return f" ({plural(tool.rewritten, 'line')})"
    return counted(tool.added, tool.removed)


def _use(tool: Tool) -> str:
    if tool.doing is Doing.RUNNING:
        return f"{_glyph(tool)} {_now(tool)}"
    return TOOL_FAILED.format(did=_did(tool)) if tool.doing is Doing.FAILED else f"{_glyph(tool)} {_did(tool)}"


def _glyph(tool: Tool) -> str:
    return TOOLS_AT_WORK.get(tool.name, ANY_TOOL)[0]


def _now(tool: Tool) -> str:
    return f"**{TOOLS_AT_WORK.get(tool.name, ANY_TOOL)[1]}**{_subject(tool)}"


def _did(tool: Tool) -> str:
    return f"{TOOLS_AT_WORK.get(tool.name, ANY_TOOL)[2]}{_subject(tool)}"


def _subject(tool: Tool) -> str:
    known = "" if tool.name in TOOLS_AT_WORK else f" {code(tool.name, NAME)}"
    shown = path if tool.name in PATHS else code
    return known + (f" {shown(tool.subject, SUBJECT)}" if tool.subject.strip() else "")


def _tasks(status: Status) -> Iterator[str]:
    """How many of them are done, those around the current one, and how many there are beside these."""
    todos, most = status.progress.todos, TASKS[status.verbosity]
    if not (todos and most):
        return
    done = sum(todo.doing is Doing.DONE for todo in todos)
    yield TASKS_HEAD.format(done=done, all=len(todos))
    current = next((n for n, todo in enumerate(todos) if todo.doing in (Doing.RUNNING, Doing.PENDING)), len(todos))
    start = max(0, min(current, len(todos) - most) if status.verbosity is Verbosity.VERBOSE else current)
    yield from (task(todo) for todo in todos[start : start + most])
    hidden = [*todos[:start], *todos[start + most :]]
    if status.verbosity is Verbosity.NORMAL:  # which shows none that is done: they are counted above
        hidden = [todo for todo in hidden if todo.doing is not Doing.DONE]
    if hidden:
        yield more(len(hidden))


def task(todo: Todo) -> str:
    """One of the list, in a line."""
    return f"{TASK_MARKS[todo.doing]}: {prose(todo.task, TASK)}"


def _fitting(lines: Iterable[str]) -> str:
    """As many of them as a message holds, from the first."""
    content = ""
    for line in lines:
        longer = f"{content}\n{SUBTEXT}{line}" if content else f"{SUBTEXT}{line}"
        if units(longer) > CONTENT:
            break
        content = longer
    return content
