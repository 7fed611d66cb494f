"""An event loop in whose time nobody waits: ten minutes pass as quickly as what happens in them can be worked through.

Its clock stands still while there is anything to do, and when there is not it leaps to whatever is due next. So pauses,
time-outs and limits keep their real lengths, and how busy the machine is changes none of them. Sockets and threads are
real: while a thread works for the loop nothing leaps. What happens in another process it cannot know of.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LOOKS = 50  # at the sockets before a leap: something may be on its way from one of ours to another


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._now = 0.0
        self._at_work = 0  # threads
        super().__init__(Leaping(self))

    def time(self) -> float:
        return self._now

    def leap(self, seconds: float) -> None:
        self._now += seconds

    @property
    def waits_for_threads(self) -> bool:
        return self._at_work > 0

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        working = super().run_in_executor(executor, func, *args)
        self._at_work += 1
        working.add_done_callback(self._is_back)
        return working

    def _is_back(self, _: object) -> None:
        self._at_work -= 1


class Leaping(selectors.DefaultSelector):
    """Asked to wait, it leaps."""

    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if timeout is None or self._loop.waits_for_threads:
            return super().select(0 if timeout == 0 else None)
        for _ in range(LOOKS if timeout > 0 else 1):
            if ready := super().select(0):
                return ready
        self._loop.leap(max(timeout, 0.0))
        return []
