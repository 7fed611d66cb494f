"""How long what is put up with, and when a look at a session may be believed."""

import asyncio
from dataclasses import dataclass

from app.opencode.transcript import ENDED, Fate
from app.opencode.wire import READ_SECONDS


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. Tests are less patient."""

    poll: float = 2.0  # between two looks, at most
    pace: float = 0.7  # at least, unless something calls for one at once
    settle: float = 4.0  # for an answer that was begun
    settle_unanswered: float = 10.0  # for one that was not
    idle: float = 10.0  # for another turn of the same session to end
    stored: float = 5.0  # for a prompt that was taken to show up
    connected: float = 2.0  # for the events to flow
    lists: float = 5.0  # between two readings of what is asked, at most, where no event calls for one
    glance: float = 1.0  # for what sub-agents do, together
    retry_within: float = 90.0  # the furthest ahead that the server's next try may lie
    most_retries: int = 5
    read: float = READ_SECONDS  # for the answer to one request
    miss: float = 0.5  # after an answer that got lost


class Settling:
    """Decides when a fate may be believed. The fates that an idle server changes no more are believed at once, the
    others when they have been the same for the settle time."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._fate: Fate | None = None
        self._since = 0.0
        self.pause = min(0.5, patience.settle / 4)  # seconds before the next look

    def is_over(self, fate: Fate) -> bool:
        now = asyncio.get_running_loop().time()
        if fate is not self._fate:
            self._fate, self._since = fate, now
        if fate in ENDED:
            return True
        if fate is Fate.RUNNING:
            return False
        patience = self._patience
        enough = patience.settle if fate is Fate.UNFINISHED else patience.settle_unanswered
        return now - self._since >= enough
