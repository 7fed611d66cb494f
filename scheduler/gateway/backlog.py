"""What was received and the app does not have yet, in order; and up to where it has everything.

Events that are not relayed are not kept, but they count: once everything before them is committed, so are they. That is
why each entry remembers where we were before it.
"""

from collections import deque
from dataclasses import dataclass

from scheduler.gateway.session import Session

MOST_EVENTS = 1_000
MOST_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    before: Session | None
    at: Session
    name: str
    body: bytes  # as it is posted


class Backlog:
    """`at` is where the app says that it is. The bounds are for memory, and soft by the one event that reaches them:
    whoever fills it stops when it is `full`, and goes on when it is `roomy`."""

    def __init__(self, at: Session | None, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self.received = at
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._most_events, self._most_bytes = most_events, most_bytes

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def committed(self) -> Session | None:
        """The app has everything up to here."""
        return self._entries[0].before if self._entries else self.received

    @property
    def full(self) -> bool:
        return len(self) >= self._most_events or self._bytes >= self._most_bytes

    @property
    def roomy(self) -> bool:
        return len(self) <= self._most_events // 2 and self._bytes <= self._most_bytes // 2

    def take(self, at: Session, name: str, body: bytes | None) -> None:
        """`body` None: it is not relayed."""
        if body is not None:
            self._entries.append(Entry(self.received, at, name, body))
            self._bytes += len(body)
        self.received = at

    @property
    def first(self) -> Entry | None:
        return self._entries[0] if self._entries else None

    def commit(self) -> None:
        """The app has the first one, or never will."""
        self._bytes -= len(self._entries.popleft().body)
