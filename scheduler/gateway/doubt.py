"""Whether a session is still worth resuming. One connection cannot tell: a RESUME may be accepted and bring nothing, or
vanish without a word, and the next may go well. So what follows the connections of a shard is looked at in a row.
"""

from dataclasses import replace

from scheduler.gateway.closings import Move, Verdict
from scheduler.gateway.protocol import Conversation

IN_VAIN = 5  # RESUMEs in a row that brought nothing
SILENT = 2  # of them without a single frame in answer, until patience ended


class Doubt:
    """Of one shard."""

    def __init__(self) -> None:
        self._in_vain = self._silent = 0

    def judge(self, talk: Conversation, verdict: Verdict) -> Verdict:
        """The same, or IDENTIFY where another RESUME has no prospect."""
        in_vain = verdict.move is Move.RESUME and talk.resuming and talk.asked and not talk.progress
        self._in_vain = self._in_vain + 1 if in_vain else 0
        self._silent = self._silent + 1 if talk.silent else 0
        if self._in_vain < IN_VAIN and self._silent < SILENT:
            return verdict
        self._in_vain = self._silent = 0
        return replace(verdict, move=Move.IDENTIFY)
