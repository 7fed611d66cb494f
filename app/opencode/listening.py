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
from app.opencode.events import Alive, Troubled, meaning_of
from app.opencode.transcript import Fault
from app.turns.errors import Retriable

REOPEN_SECONDS = 1.0


@dataclass(slots=True)
class Bell:
    fault: Fault | None = None  # the last trouble heard of
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Until it rings, or so long. What rang before the call counts."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()


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
    meaning = meaning_of(event, session)
    if isinstance(meaning, Troubled):
        bell.fault = meaning.fault
    if not isinstance(meaning, Alive):
        bell.ring()
