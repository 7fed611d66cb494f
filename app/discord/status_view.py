"""The one message of a turn that says how far it is, and in the end how it went. Pure.

Every line of it is small print, so that nobody takes it for the model's words; every glyph stands beside a word that
says the same. Times are Discord's own timestamps: a turn that is only waiting for time to pass needs no edit. However
much an agent does, what is said of it fits: the first lines are worth most, and what does not fit behind them is left
out.
"""

from collections.abc import Iterable, Iterator, Sequence

from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT, code, prose, timestamp
from app.discord.payloads import Payload, Style, View, button, row
from app.discord.text import units
from app.ids import TurnId
from app.turns.progress import Change, Doing, Progress, Report, Todo, Tool
from app.turns.status import Outcome, Phase, Status, Summary, Verbosity

SUBJECT = 80  # characters of a command or a path; the whole of it is in the answer's own words, or in a diff
TASK = 80
NAME = 60
TOOLS = {Verbosity.QUIET: 0, Verbosity.NORMAL: 3, Verbosity.VERBOSE: 8}
TASKS = {Verbosity.QUIET: 0, Verbosity.NORMAL: 3, Verbosity.VERBOSE: 10}
FILES = 5

PHASES = {
    Phase.QUEUED: "🕒 **Queued**: begins when what was asked before is done",
    Phase.STARTING: "⏳ **Starting a machine**",
    Phase.WAKING: "⏳ **Waking the machine**",
    Phase.CLONING: "⏳ **Cloning the repository**",
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
SILENT = frozenset({"todowrite", "todoread"})  # the list itself is shown
ENDINGS = {
    Outcome.DONE: "✅ **Done**",
    Outcome.FAILED: "❌ **Failed**",
    Outcome.DENIED: "🚫 **Denied**",
    Outcome.STOPPED: "⏹️ **Stopped**",
    Outcome.EXPIRED: "⌛ **Expired**",
    Outcome.WITHDRAWN: "🗑️ **Withdrawn**",
    Outcome.RESET: "♻️ **Ended**",
}
REASONS = {
    Outcome.EXPIRED: ": nobody answered in time",
    Outcome.WITHDRAWN: " before it began",
    Outcome.RESET: ": the machine was reset",
}
BY_SOMEBODY = frozenset({Outcome.DENIED, Outcome.STOPPED, Outcome.WITHDRAWN, Outcome.RESET})
CONTINUED = frozenset({Outcome.DONE, Outcome.DENIED, Outcome.STOPPED})
RETRIED = frozenset({Outcome.FAILED, Outcome.DENIED, Outcome.EXPIRED, Outcome.STOPPED})


def status(status: Status, turn: TurnId) -> View:
    """Of a turn that is not over. It always has a button, by which the message is found again."""
    if status.phase is Phase.QUEUED:
        waiting = (
            button("Run next", f"next:{turn}"),
            button("Interrupt now", f"now:{turn}"),
            button("Cancel", f"cancel:{turn}"),
        )
        return View(_fitting([f"{PHASES[Phase.QUEUED]} · {timestamp(status.since, 'R')}"]), (row(*waiting),))
    lines = [_headline(status), *_inside(_at_work(status)), *_tasks(status), *_tools(status)]
    return View(_fitting(lines), (row(button("Stop", f"stop:{turn}", Style.DANGER)),))


def summary(summary: Summary, turn: TurnId) -> View:
    """Of a turn that is over."""
    changes = summary.report.changes if summary.report else ()
    lines = [_outcome(summary), *(() if summary.verbosity is Verbosity.QUIET else _files(changes))]
    return View(_fitting(lines), closing(summary.outcome, turn, changed=bool(changes)))


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
    """What it is at, and since when."""
    if status.phase is Phase.WAITING and status.expires_at is not None:
        until = timestamp(status.expires_at, "t")
        return f"{PHASES[status.phase]} until {until}"  # and what is asked says what happens then
    if status.phase is Phase.THINKING and status.progress.retry_at is not None:
        return f"🔁 **The model's provider is busy**: trying again {timestamp(status.progress.retry_at, 'R')}"
    at_work = _at_work(status)
    headline = f"{_glyph(at_work)} {_now(at_work)}" if at_work else PHASES[status.phase]
    return f"{headline} · {timestamp(status.since, 'R')}"


def _at_work(status: Status) -> Tool | None:
    """The tool that is worth the first line."""
    if status.phase is not Phase.THINKING or not TOOLS[status.verbosity]:
        return None
    return next((tool for tool in reversed(_shown(status.progress)) if tool.doing is Doing.RUNNING), None)


def _shown(progress: Progress) -> Sequence[Tool]:
    return [tool for tool in progress.tools if tool.name not in SILENT]


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
    return _lines(tool.added, tool.removed)


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
    return known + (f" {code(tool.subject, SUBJECT)}" if tool.subject.strip() else "")


def _tasks(status: Status) -> Iterator[str]:
    """How many of them are done, and those around the current one."""
    todos, most = status.progress.todos, TASKS[status.verbosity]
    if not (todos and most):
        return
    done = sum(todo.doing is Doing.DONE for todo in todos)
    yield f"📋 **Tasks {done} of {len(todos)}**"
    current = next((n for n, todo in enumerate(todos) if todo.doing in (Doing.RUNNING, Doing.PENDING)), len(todos))
    start = max(0, min(current, len(todos) - most) if status.verbosity is Verbosity.VERBOSE else current)
    yield from (_task(todo) for todo in todos[start : start + most])


def _task(todo: Todo) -> str:
    marks = {
        Doing.DONE: "☑ done",
        Doing.RUNNING: "▶ now",
        Doing.PENDING: "☐ to do",
        Doing.FAILED: "✖ given up",
    }
    return f"{marks[todo.doing]}: {prose(todo.task, TASK)}"


def _outcome(summary: Summary) -> str:
    """The first line: how it ended, by whom, after how long, and what it cost."""
    by = f" by {prose(summary.by, NAME)}" if summary.by and summary.outcome in BY_SOMEBODY else ""
    lasted = ""
    if summary.seconds is not None:
        lasted = (" in " if summary.outcome is Outcome.DONE else " after ") + duration(summary.seconds)
    line = ENDINGS[summary.outcome] + by + lasted + REASONS.get(summary.outcome, "")
    return " · ".join([line, *(_costs(summary.report) if summary.report else ())])


def _costs(report: Report) -> Iterator[str]:
    if report.tokens:
        yield f"{report.tokens:,} token{'s' * (report.tokens != 1)}"
    if report.cost > 0:
        yield price(report.cost)
    if report.changes:
        added, removed = sum(change.added for change in report.changes), sum(one.removed for one in report.changes)
        many = len(report.changes)
        yield f"{many:,} file{'s' * (many != 1)} changed{_lines(added, removed)}"


def _files(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes[:FILES]:
        yield f"✏️ Changed {code(change.file, SUBJECT)}{_lines(change.added, change.removed)}"
    if len(changes) > FILES:
        yield f"… and {len(changes) - FILES:,} more"


def _lines(added: int, removed: int) -> str:
    return f" (+{added:,} −{removed:,})" if added or removed else ""


def duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 1:
        return "less than a second"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole // 60 % 60} min"


def price(dollars: float) -> str:
    """As exact as such a sum deserves."""
    if dollars >= 1:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else "less than $0.0001"


def _fitting(lines: Iterable[str]) -> str:
    """As many of them as a message holds, from the first."""
    content = ""
    for line in lines:
        longer = f"{content}\n{SUBTEXT}{line}" if content else f"{SUBTEXT}{line}"
        if units(longer) > CONTENT:
            break
        content = longer
    return content
