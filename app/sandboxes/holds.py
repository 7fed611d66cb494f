"""Who is at work on a machine: one at a time, over all processes.

To begin is to move the row to a passing state and to hold it there; the hold is renewed for as long as the work lasts,
and runs out by itself when its holder dies. To end is to settle the row, or to let it go.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from app.background import meanwhile
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox, Shelf
from app.turns.errors import Refused, Retriable

log = structlog.get_logger()

HOLD_SECONDS = 15.0
RENEWAL_SECONDS = 5.0
LOOK_SECONDS = 0.1


class Holds:
    def __init__(self, shelf: Shelf, clock: Callable[[], float]) -> None:
        self._shelf = shelf
        self._clock = clock

    async def at_rest(self, thread: ThreadId) -> Sandbox | None:
        """The row, once nobody is at work on its machine, or whoever was is gone."""
        while True:
            sandbox = await self._shelf.sandbox_of(thread)
            if sandbox is None or not sandbox.is_held(self._clock()):
                return sandbox
            await asyncio.sleep(LOOK_SECONDS)

    async def take(
        self, seen: Sandbox, passing: State, *, password: str | None = None, spare: bool = False
    ) -> Sandbox | None:
        """None when somebody else was quicker; with `spare` also when a turn needs the machine."""
        token, now = secrets.token_hex(8), self._clock()
        return await self._shelf.take(seen, passing, token, now, now + HOLD_SECONDS, password=password, spare=spare)

    @asynccontextmanager
    async def at_work(self, held: Sandbox) -> AsyncIterator[None]:
        """Keep the hold while the block lasts. When it fails the hold is let go, and why is remembered: a machine that
        is refused is in error, and whatever else was begun is for the next to take up."""
        try:
            async with meanwhile(self._renew(held)):
                yield
        except Refused as failure:
            state = State.ERROR if held.state in {State.CREATING, State.RESUMING} else None
            await self._let_go(held, failure.tell, state)
            raise
        except Retriable as failure:
            await self._let_go(held, failure.tell or str(failure))
            raise
        except BaseException:
            await asyncio.shield(self._let_go(held))
            raise

    async def settle(self, held: Sandbox, state: State, ref: str | None = None) -> bool:
        """The work is done. Raises Retriable when the machine was taken away meanwhile."""
        now = self._clock()
        if not await self._shelf.settle(held.thread, token_of(held), state, now, ref=ref):
            raise Retriable("the machine was taken away", after=0.5)
        log.info(f"sandbox.{state}", sandbox=held.name, was=held.state, seconds=round(now - held.changed_at, 2))
        return True

    async def _renew(self, held: Sandbox) -> None:
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            with suppress(Retriable):  # the next one may be in time
                if not await self._shelf.renew(held.thread, token_of(held), self._clock() + HOLD_SECONDS):
                    return

    async def _let_go(self, held: Sandbox, error: str | None = None, state: State | None = None) -> None:
        """As well as can be: it runs out by itself."""
        with suppress(Retriable):
            await self._shelf.let_go(held.thread, token_of(held), self._clock(), error=error, state=state)


def token_of(held: Sandbox) -> str:
    assert held.holder is not None
    return held.holder
