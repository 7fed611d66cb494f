"""How a turn went, line by line: what its status message says in the end. Pure."""

from collections.abc import Iterator, Sequence

from app.discord.notation import path, prose
from app.turns.progress import Change, Report
from app.turns.status import Outcome, Summary, Verbosity
from app.words.amounts import counted, duration, more, plural, price
from app.words.turn import AFTER, BY, ENDING_REASONS, ENDINGS, FILE_CHANGED, FILES_CHANGED, WITHIN

SUBJECT = 80  # characters of a command or a path; the whole of it is in the answer's own words, or in a diff
NAME = 60
REASON = 600
FILES = 5

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
    by = BY.format(name=prose(summary.by, NAME)) if summary.by and summary.outcome in BY_SOMEBODY else ""
    lasted = ""
    if summary.seconds is not None:
        words = WITHIN if summary.outcome is Outcome.DONE else AFTER
        lasted = words.format(duration=duration(summary.seconds))
    line = ENDINGS[summary.outcome] + by + lasted + ENDING_REASONS.get(summary.outcome, "")
    return " · ".join([line, *(_costs(summary.report) if summary.report else ())])


def _costs(report: Report) -> Iterator[str]:
    if report.tokens:
        yield plural(report.tokens, "token")
    if report.cost > 0:
        yield price(report.cost)
    if report.changes:
        added, removed = sum(change.added for change in report.changes), sum(one.removed for one in report.changes)
        yield FILES_CHANGED.format(files=plural(len(report.changes), "file"), lines=counted(added, removed))


def _files(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes[:FILES]:
        lines = counted(change.added, change.removed)
        yield FILE_CHANGED.format(path=path(change.file, SUBJECT), lines=lines)
    if len(changes) > FILES:
        yield more(len(changes) - FILES)
