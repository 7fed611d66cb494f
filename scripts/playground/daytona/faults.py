"""What can go wrong on the way: planned by a test, taken out by the door of each plane."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """One planned mishap. `hits` counts how often it struck."""

    plane: str
    method: str  # "" is any
    path: re.Pattern[str]
    status: int | None
    body: Any
    headers: Mapping[str, str]
    times: float
    delay: float
    after_effect: bool
    drop: bool
    hang: bool
    hits: int = 0
    healed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def replaces(self) -> bool:
        """Whether the client gets something else than the true answer."""
        return self.drop or self.status is not None

    def strikes(self, plane: str, method: str, path: str) -> bool:
        fits = self.plane == plane and self.method in ("", method) and self.path.search(path)
        return bool(fits) and self.hits < self.times


class Faults:
    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def plan(self, fault: Fault) -> Fault:
        self.planned.append(fault)
        return fault

    def take(self, plane: str, method: str, path: str) -> Fault | None:
        for fault in self.planned:
            if fault.strikes(plane, method, path):
                fault.hits += 1
                return fault
        return None

    def heal(self) -> None:
        """Forget them all, and let go of what hangs."""
        for fault in self.planned:
            fault.healed.set()
        self.planned.clear()
