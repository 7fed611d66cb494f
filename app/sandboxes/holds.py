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
from app.words.machine import NOT_DONE

log = structlog.get_logger()

HOLD_SECONDS = 15.0
RENEWAL_SECONDS = 5.0
LOOK_SECONDS = 0.1


class Holds:
    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], float],
        *,
        hold: float = HOLD_SECONDS,
        renewal: float = RENEWAL_SECONDS,
    ) -> None:
        """Seconds that a hold lasts, and between two renewals."""
        self._shelf = shelf
        self._clock = clock
        self._hold = hold
        self._renewal = renewal

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
        take = self._shelf.take(seen, passing, token, now, now + self._hold, password=password, spare=spare)
        taking = asyncio.ensure_future(take)
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(Exception):
                held = await taking  # it goes on in the database's thread, and nobody else will hear of it
                if held is not None:
                    await self._let_go(held)
            raise

    @asynccontextmanager
    async def at_work(self, held: Sandbox) -> AsyncIterator[None]:
        """Keep the hold while the block lasts. When it fails the hold is let go, and why is remembered: a machine that
        is refused is in error, and whatever else was begun is for the next to take up. When the hold is lost the block
        is cancelled: what it was about to do would be done to somebody else's machine. Raises Retriable then."""
        try:
            async with asyncio.timeout(self._hold - self._renewal) as kept, meanwhile(self._renew(held, kept)):
                yield
        except Refused as failure:
            state = State.ERROR if held.state in {State.CREATING, State.RESUMING} else None
            await self._let_go(held, failure.tell, state)
            raise
        except Retriable as failure:
            await self._let_go(held, failure.tell or NOT_DONE)
            raise
        except TimeoutError as error:
            await self._let_go(held)
            raise taken_away() from error
        except BaseException:
            await asyncio.shield(self._let_go(held))
            raise

    async def assure(self, held: Sandbox) -> None:
        """Before what cannot be undone. Raises Retriable when the machine was taken away."""
        if not await self._shelf.renew(held.thread, token_of(held), self._clock() + self._hold):
            raise taken_away()

    async def settle(self, held: Sandbox, state: State, ref: str | None = None) -> bool:
        """The work is done. Raises Retriable when the machine was taken away meanwhile."""
        now = self._clock()
        if not await self._shelf.settle(held.thread, token_of(held), state, now, ref=ref):
            raise taken_away()
        log.info(f"sandbox.{state}", sandbox=held.name, was=held.state, seconds=round(now - held.changed_at, 2))
        return True

    async def _renew(self, held: Sandbox, kept: asyncio.Timeout) -> None:
        """Put off the end of `kept` with every renewal; it comes a renewal's time before the hold runs out."""
        loop, pause = asyncio.get_running_loop(), self._renewal
        while True:
            await asyncio.sleep(pause)
            asked, pause = loop.time(), self._renewal / 5  # after one that fails: the next may be in time
            with suppress(Retriable):
                renewed = await self._shelf.renew(held.thread, token_of(held), self._clock() + self._hold)
                if kept.expired():
                    return
                kept.reschedule(asked + self._hold - self._renewal if renewed else asked)
                pause = self._renewal

    async def _let_go(self, held: Sandbox, error: str | None = None, state: State | None = None) -> None:
        """As well as can be: it runs out by itself."""
        with suppress(Retriable):
            await self._shelf.let_go(held.thread, token_of(held), self._clock(), error=error, state=state)


def taken_away() -> Retriable:
    return Retriable("the machine was taken away", after=0.5)


def token_of(held: Sandbox) -> str:
    assert held.holder is not None
    return held.holder
