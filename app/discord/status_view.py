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
from app.discord.summary_view import NAME, SUBJECT, more
from app.discord.text import units
from app.ids import TurnId
from app.turns.progress import Doing, Progress, Todo, Tool
from app.turns.status import Outcome, Phase, Status, Summary, Verbosity

TASK = 80  # characters
TOOLS = {Verbosity.QUIET: 0, Verbosity.NORMAL: 3, Verbosity.VERBOSE: 8}
TASKS = {Verbosity.QUIET: 0, Verbosity.NORMAL: 3, Verbosity.VERBOSE: 10}

PHASES = {
    Phase.QUEUED: "🕒 **Queued** · begins when what was asked before is done",
    Phase.NEXT: "⏳ **Next** · begins as soon as the question before it is done",
    Phase.STARTING: "⏳ **Starting a machine**",
    Phase.WAKING: "⏳ **Waking the machine**",
    Phase.CLONING: "⏳ **Cloning the repository**",
    Phase.MOVING: "📦 **Moving in**",
    Phase.THINKING: "🧠 **Thinking**",
    Phase.WAITING: "✋ **Waiting for an answer**",
}
# OpenCode's own tools: glyph, what it does now, what it did. https://opencode.ai/docs/tools
WORDS = {
    "bash": ("⚙️", "Running", "Ran"),
    "read": ("📖", "Reading", "Read"),
    "list": ("📖", "Listing", "Listed"),
    "edit": ("✏️", "Editing", "Edited"),
    "multiedit": ("✏️", "Editing", "Edited"),
    "patch": ("✏️", "Editing", "Edited"),
    "apply_patch": ("✏️", "Editing", "Edited"),
    "write": ("📝", "Writing", "Wrote"),
    "grep": ("🔎", "Searching for", "Searched for"),
    "glob": ("🔎", "Looking for", "Looked for"),
    "webfetch": ("🌐", "Fetching", "Fetched"),
    "websearch": ("🌐", "Searching the web for", "Searched the web for"),
    "task": ("🤝", "Handing over", "Handed over"),
    "skill": ("🎓", "Using the skill", "Used the skill"),
    "question": ("❓", "Asking", "Asked"),
}
PATHS = frozenset({"read", "list", "edit", "multiedit", "write"})  # these are used on a file or a directory
QUEUE = frozenset({Phase.QUEUED, Phase.NEXT})
CONTINUED = frozenset({Outcome.DONE, Outcome.DENIED, Outcome.STOPPED})
RETRIED = frozenset({Outcome.FAILED, Outcome.DENIED, Outcome.EXPIRED, Outcome.STOPPED})


def status(status: Status, turn: TurnId) -> View:
    """Of a turn that is not over. It always has a button, by which the message is found again."""
    if status.phase in QUEUE:
        waiting = (  # also of what is next: somebody may put another before it
            button("Run next", f"next:{turn}"),
            button("Interrupt now", f"now:{turn}"),
            button("Cancel", f"cancel:{turn}"),
        )
        return View(_fitting([_headline(status)]), (row(*waiting),))
    lines = [_headline(status), *_inside(_at_work(status)), *_tasks(status), *_tools(status)]
    return View(_fitting(lines), (row(button("Stop", f"stop:{turn}", Style.DANGER)),))


def summary(summary: Summary, turn: TurnId) -> View:
    """Of a turn that is over."""
    changes = summary.report.changes if summary.report else ()
    return View(_fitting(summary_view.lines(summary)), closing(summary.outcome, turn, changed=bool(changes)))


def closing(outcome: Outcome, turn: TurnId, *, changed: bool, undone: bool = False) -> tuple[Payload, ...]:
    """The buttons below a summary. `changed`: whether the turn left anything to look at and to take back."""
    buttons = []
    if changed and outcome is not Outcome.RESET:
        buttons += [button("Diff", f"diff:{turn}")]
        buttons += [button("Redo", f"redo:{turn}") if undone else button("Undo", f"undo:{turn}")]
    if outcome in CONTINUED:
        buttons += [button("Continue", f"continue:{turn}")]
    if outcome in RETRIED:
        buttons += [button("Retry", f"retry:{turn}")]
    return (row(*buttons),) if buttons else ()


def _headline(status: Status) -> str:
    """What it is at, and since when there has been work: a tool may have begun much later."""
    if status.phase is Phase.WAITING and status.expires_at is not None:
        until = timestamp(status.expires_at, "t")
        return f"{PHASES[status.phase]} until {until}"  # and what is asked says what happens then
    if status.phase is Phase.THINKING and status.progress.retry_at is not None:
        again = timestamp(status.progress.retry_at, "R")
        return f"🔁 **The model's provider is busy or in trouble**: trying again {again}"
    at_work = _at_work(status)
    headline = f"{_glyph(at_work)} {_now(at_work)}" if at_work else PHASES[status.phase]
    return f"{headline} · {'asked' if status.phase in QUEUE else 'work begun'} {timestamp(status.since, 'R')}"


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
        return f" ({tool.rewritten:,} line{'s' * (tool.rewritten != 1)})"
    return summary_view.counted(tool.added, tool.removed)


def _use(tool: Tool) -> str:
    if tool.doing is Doing.RUNNING:
        return f"{_glyph(tool)} {_now(tool)}"
    return f"❌ {_did(tool)}: failed" if tool.doing is Doing.FAILED else f"{_glyph(tool)} {_did(tool)}"


def _glyph(tool: Tool) -> str:
    return WORDS[tool.name][0] if tool.name in WORDS else "🔧"


def _now(tool: Tool) -> str:
    doing = WORDS[tool.name][1] if tool.name in WORDS else "Using"
    return f"**{doing}**{_subject(tool)}"


def _did(tool: Tool) -> str:
    did = WORDS[tool.name][2] if tool.name in WORDS else "Used"
    return f"{did}{_subject(tool)}"


def _subject(tool: Tool) -> str:
    known = "" if tool.name in WORDS else f" {code(tool.name, NAME)}"
    shown = path if tool.name in PATHS else code
    return known + (f" {shown(tool.subject, SUBJECT)}" if tool.subject.strip() else "")


def _tasks(status: Status) -> Iterator[str]:
    """How many of them are done, those around the current one, and how many there are beside these."""
    todos, most = status.progress.todos, TASKS[status.verbosity]
    if not (todos and most):
        return
    done = sum(todo.doing is Doing.DONE for todo in todos)
    yield f"📋 **Tasks {done} of {len(todos)}**"
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
    marks = {
        Doing.DONE: "☑ done",
        Doing.RUNNING: "▶ now",
        Doing.PENDING: "☐ to do",
        Doing.FAILED: "✖ given up",
    }
    return f"{marks[todo.doing]}: {prose(todo.task, TASK)}"


def _fitting(lines: Iterable[str]) -> str:
    """As many of them as a message holds, from the first."""
    content = ""
    for line in lines:
        longer = f"{content}\n{SUBTEXT}{line}" if content else f"{SUBTEXT}{line}"
        if units(longer) > CONTENT:
            break
        content = longer
    return content
