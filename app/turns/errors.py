"""How a step fails: again later, or never.

Adapters translate whatever their libraries raise into one of these two and nothing else; the runner is the one place
that catches them. Anything else that escapes a step is a defect of ours, and is told as such.
"""


class Retriable(Exception):
    """It may work later: `after` seconds from now at the earliest; None leaves it to the backoff table.

    The reason is for the log. `tell` is what the person reads if it never works: what happened, and what to do.
    """

    def __init__(self, reason: str, after: float | None = None, tell: str | None = None) -> None:
        super().__init__(reason)
        self.after = after
        self.tell = tell


class Refused(Exception):
    """It will not work however often it is tried. `tell` is the sentence that the person reads: what happened, and
    what they can do about it."""

    def __init__(self, tell: str) -> None:
        super().__init__(tell)
        self.tell = tell


class Unfit(Refused):
    """This one message is not taken; others are."""


class UnfitFiles(Unfit):
    """Not with its files, that is; without them it may be. `tell` says why, and nothing more."""


class Withdrawn(Refused):
    """What was asked is not there any more: nobody waits for an answer, nor for words about it."""


class LeaseLost(Exception):
    """Somebody else works on this turn by now, or it was cancelled: drop it, change nothing."""


class Stopped(Exception):
    """Somebody does not want this turn any more: nothing of it is to be seen from here on."""
