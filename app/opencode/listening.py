"""Listening to a server while waiting for one session: the hint that saves most of the polling.

A listener never says what happened, it only rings a bell. When the stream breaks or falls silent it is opened again,
and the bell rings then too, for what was missed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from app.ids import SessionId
from app.opencode.client import Client
from app.opencode.events import Stir, Troubled, Wake, meaning_of
from app.opencode.transcript import Fault
from app.turns.errors import Retriable

REOPEN_SECONDS = 1.0


@dataclass(slots=True)
class Bell:
    fault: Fault | None = None  # the last trouble heard of
    rings: int = 0  # so far
    _rung: asyncio.Event = field(default_factory=asyncio.Event)
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self.rings += 1
        self._rung.set()
        self._stirred.set()

    def stir(self) -> None:
        self._stirred.set()

    async def wait(self, pace: float, seconds: float) -> None:
        """Until it rings, or so many `seconds`. What only stirs is heard after `pace` seconds and not before. What came
        before the call counts."""
        if not await _within(pace, self._rung):
            await _within(seconds - pace, self._stirred)
        self._rung.clear()
        self._stirred.clear()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def listening(client: Client, session: SessionId) -> AsyncIterator[Bell]:
    """A bell that rings when there may be news of `session`, until the block ends."""
    bell = Bell()
    # Not a TaskGroup: it would wrap what the block raises.
    listener = asyncio.create_task(_listen(client, session, bell))
    try:
        yield bell
    finally:
        listener.cancel()
        await asyncio.wait([listener])


async def _listen(client: Client, session: SessionId, bell: Bell) -> None:
    while True:
        with suppress(Retriable):  # whether the server is gone, the poller finds out
            async with client.events() as events:
                async for event in events:
                    _note(event, session, bell)
        bell.ring()
        await asyncio.sleep(REOPEN_SECONDS)


def _note(event: object, session: SessionId, bell: Bell) -> None:
    if not isinstance(event, dict):
        return
    match meaning_of(event, session):
        case Troubled(fault):
            bell.fault = fault
            bell.ring()
        case Wake():
            bell.ring()
        case Stir():
            bell.stir()
