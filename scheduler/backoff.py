"""Pauses that grow while the same thing fails again and again."""

from dataclasses import dataclass

LONGEST_WAIT_SECONDS = 60.0


@dataclass(slots=True)
class Backoff:
    """Times are seconds by any clock that only goes forward. Who waits on the spot needs none, and leaves `until`
    alone."""

    failures: int = 0  # in a row
    until: float = float("-inf")
    first: float = 1.0
    longest: float = LONGEST_WAIT_SECONDS

    def fail(self, now: float = 0.0) -> float:
        """How long to wait now."""
        seconds = min(self.first * 2.0 ** min(self.failures, 10), self.longest)
        self.failures, self.until = self.failures + 1, now + seconds
        return seconds

    def clear(self) -> int:
        """How many failures there had been."""
        failures, self.failures, self.until = self.failures, 0, float("-inf")
        return failures
