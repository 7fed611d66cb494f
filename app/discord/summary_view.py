"""How a turn went, line by line: what its status message says in the end. Pure."""

from collections.abc import Iterator, Sequence

from app.discord.notation import path, prose
from app.turns.progress import Change, Report
from app.turns.status import Outcome, Summary, Verbosity

SUBJECT = 80  # characters of a command or a path; the whole of it is in the answer's own words, or in a diff
NAME = 60
REASON = 600
FILES = 5

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


def lines(summary: Summary) -> Iterator[str]:
    """How it ended, why, and what it changed, without the marks of small print."""
    yield _outcome(summary)
    if summary.reason:
        yield prose(summary.reason, REASON)
    if summary.report and summary.verbosity is not Verbosity.QUIET:
        yield from _files(summary.report.changes)


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
        yield f"{many:,} file{'s' * (many != 1)} changed{counted(added, removed)}"


def _files(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes[:FILES]:
        yield f"✏️ Changed {path(change.file, SUBJECT)}{counted(change.added, change.removed)}"
    if len(changes) > FILES:
        yield more(len(changes) - FILES)


def more(hidden: int) -> str:
    """The line behind a list that was cut."""
    return f"… and {hidden:,} more"


def counted(added: int, removed: int) -> str:
    """Lines, as they stand behind the name of a file."""
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
