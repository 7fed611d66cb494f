"""What the status message of a turn says. Pure: what, and not in which words."""

from dataclasses import dataclass, field
from enum import StrEnum

from app.turns.progress import Progress, Report


class Verbosity(StrEnum):
    """How much of the work a thread is shown. What the agent says is always shown, all of it."""

    QUIET = "quiet"  # that there is work, and how it went
    NORMAL = "normal"  # also the last few tools, and the todo list
    VERBOSE = "verbose"  # more of the tools, and what each changed


class Phase(StrEnum):
    QUEUED = "queued"  # behind other turns of its thread
    NEXT = "next"  # behind one of them, and before all others that wait
    STARTING = "starting"  # a machine is made
    WAKING = "waking"  # or woken
    CLONING = "cloning"  # the repository
    MOVING = "moving"  # what was said, and the files, from another machine into this one
    THINKING = "thinking"  # or at a tool: see the progress
    WAITING = "waiting"  # for a person


@dataclass(frozen=True, slots=True)
class Status:
    """Of a turn that is not over."""

    phase: Phase
    since: float  # epoch seconds: when the turn began; while it waits in the queue, when it was asked
    verbosity: Verbosity = Verbosity.NORMAL
    progress: Progress = field(default_factory=Progress)
    expires_at: float | None = None  # epoch seconds until which it waits for a person


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"  # a permission, without a reason that the agent could have gone on with
    STOPPED = "stopped"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a turn that is over."""

    outcome: Outcome
    seconds: float | None = None  # at work; None: it never was
    report: Report | None = None  # None: not known
    by: str | None = None  # who stopped it, or denied it
    reason: str = ""  # why it failed, in a sentence, where nothing in the thread says so
    verbosity: Verbosity = Verbosity.NORMAL
