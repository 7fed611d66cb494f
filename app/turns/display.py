"""The status message of a turn, painted as the work goes on.

A painter takes the newest state whenever it may paint again: what came in between is skipped, the last state never is.
Discord's own limits are the chat's business; these pauses keep a long turn from using them up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import structlog

from app.background import meanwhile
from app.ids import TurnId
from app.turns.books import Ledger, Preferences
from app.turns.errors import LeaseLost, Refused, Retriable
from app.turns.ports import Chat
from app.turns.progress import Progress
from app.turns.records import Turn
from app.turns.status import Phase, Status, Summary

log = structlog.get_logger()

# Seconds between two edits of one message, by how long it has been painted.
PAUSES = ((300.0, 5.0), (60.0, 2.5), (0.0, 1.2))
FINISHING_SECONDS = 3.0  # for an edit that is on its way
REPAIR_SECONDS = 1.0  # between two tries to look whether it was
MOST_CANVASES = 1_000  # to forget one costs an edit too many


@dataclass(slots=True)
class Canvas:
    """What one message shows, as far as this process knows."""

    shown: Status | None = None
    painted_at: float = float("-inf")  # of the loop's clock
    edits: set["asyncio.Task[None]"] = field(default_factory=set)  # on their way
    is_closing: bool = False  # a summary comes behind the edits, whatever they show


class Displays:
    def __init__(
        self, ledger: Ledger, preferences: Preferences, chat: Chat, pauses: tuple[tuple[float, float], ...] = PAUSES
    ) -> None:
        self._ledger = ledger
        self._preferences = preferences
        self._chat = chat
        self._pauses = pauses
        self._canvases: dict[TurnId, Canvas] = {}

    async def post(self, turn: Turn, token: str) -> Turn:
        """Make the turn's status message, unless there is one."""
        if turn.status is not None:
            return turn
        verbosity = (await self._preferences.settled(turn.place)).verbosity
        status = Status(await self._first_phase(turn), since_of(turn), verbosity)
        message = await self._chat.post_status(turn, status)
        self._canvas(turn).shown = status
        return await self._ledger.note_status(turn.id, token, message)

    async def _first_phase(self, turn: Turn) -> Phase:
        if await self._ledger.is_first(turn.id):
            return Phase.STARTING
        return Phase.NEXT if await self._ledger.is_next(turn.id) else Phase.QUEUED

    @asynccontextmanager
    async def opened(self, turn: Turn, token: str) -> AsyncIterator["Display"]:
        """Painted until the block ends. Only while the lease is the caller's."""
        display = Display(Status(Phase.STARTING, since_of(turn)))
        async with meanwhile(self._paint(turn, token, display, self._canvas(turn))):
            yield display

    async def free(self, turn: Turn) -> None:
        """Wait for edits that are on their way. What ends in time needs no repair: a summary comes behind it."""
        canvas = self._canvas(turn)
        canvas.is_closing = True
        await _until_free(canvas)
        canvas.is_closing = not canvas.edits

    async def close(self, turn: Turn, summary: Summary) -> None:
        """Show how it ended, and forget it; once it is free. Raises Retriable and Refused."""
        canvas = self._canvas(turn)
        await asyncio.sleep(self._pause(canvas, 0.0))
        verbosity = (await self._preferences.settled(turn.place)).verbosity
        await self._chat.show_summary(turn, replace(summary, verbosity=verbosity))
        if not canvas.edits:
            self._canvases.pop(turn.id, None)

    async def finish(self) -> None:
        """Nobody paints any more: what is on its way comes to its end, or is cut off."""
        edits = [edit for canvas in self._canvases.values() for edit in canvas.edits]
        if edits:
            await asyncio.wait(edits, timeout=FINISHING_SECONDS)
            for edit in edits:
                edit.cancel()
            await asyncio.gather(*edits, return_exceptions=True)

    def _canvas(self, turn: Turn) -> Canvas:
        canvas = self._canvases.setdefault(turn.id, Canvas())
        free = (old for old, one in self._canvases.items() if not one.edits and one is not canvas)
        if len(self._canvases) > MOST_CANVASES and (oldest := next(free, None)):  # of turns that others have closed
            del self._canvases[oldest]
        return canvas

    async def _paint(self, turn: Turn, token: str, display: "Display", canvas: Canvas) -> None:
        began = asyncio.get_running_loop().time()
        while True:
            await display.changed.wait()
            await asyncio.sleep(self._pause(canvas, asyncio.get_running_loop().time() - began))
            display.changed.clear()
            await _until_free(canvas)
            # Not cut off when the block ends: what has been sent off may arrive, and must be known to have done so.
            edit = asyncio.create_task(self._edit(turn, token, display, canvas), name=f"status {turn.id}")
            canvas.edits.add(edit)
            edit.add_done_callback(canvas.edits.discard)
            await asyncio.wait({edit})

    async def _edit(self, turn: Turn, token: str, display: "Display", canvas: Canvas) -> None:
        """As well as can be: a status that is not shown must not end the turn."""
        try:
            turn = await self._ledger.assure(turn.id, token)
            verbosity = (await self._preferences.settled(turn.place)).verbosity
            status = replace(display.status, verbosity=verbosity)
            if status != canvas.shown:
                await self._show(turn, token, status, canvas)
        except LeaseLost:
            return  # and the runner finds out by itself
        except Retriable as failure:
            log.info("status.late", reason=str(failure))
            canvas.painted_at = asyncio.get_running_loop().time()
            display.changed.set()
        except Exception:
            log.exception("turn.defect", turn=turn.id, stage=turn.stage)

    async def _show(self, turn: Turn, token: str, status: Status, canvas: Canvas) -> None:
        """Whatever Discord says, or whether it says anything: it may stand there from now on."""
        late, canvas.shown = None, status
        try:
            await self._chat.show_status(turn, status)
        except Refused as refusal:
            log.warning("status.unseen", reason=str(refusal))
        except Retriable as failure:
            late, canvas.shown = failure, None
        canvas.painted_at = asyncio.get_running_loop().time()
        await self._repair(turn, token, canvas)
        if late is not None:
            raise late

    async def _repair(self, turn: Turn, token: str, canvas: Canvas) -> None:
        """Somebody else may have closed it meanwhile. It is closed once more then."""
        while not canvas.is_closing:
            try:
                await self._ledger.assure(turn.id, token)
            except LeaseLost:
                with suppress(Retriable):
                    await self._ledger.reopen(turn.id)
                    return
            except Retriable:
                pass
            else:
                return
            await asyncio.sleep(REPAIR_SECONDS)

    def _pause(self, canvas: Canvas, age: float) -> float:
        pause = next(pause for least, pause in self._pauses if age >= least)
        return max(0.0, canvas.painted_at + pause - asyncio.get_running_loop().time())


class Display:
    """What a turn's status message is to show from now on."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.changed = asyncio.Event()

    def show(self, phase: Phase, progress: Progress | None = None, expires_at: float | None = None) -> None:
        self.status = replace(
            self.status, phase=phase, progress=progress or self.status.progress, expires_at=expires_at
        )
        self.changed.set()


def since_of(turn: Turn) -> float:
    """From when its time is counted: what it waited in the queue is not."""
    return turn.begun_at if turn.begun_at is not None else turn.admitted_at


async def _until_free(canvas: Canvas) -> None:
    """An edit that has been sent off may still arrive: whoever edits next comes after it. One that takes for ever is
    not waited for."""
    if canvas.edits:
        await asyncio.wait(canvas.edits, timeout=FINISHING_SECONDS)
