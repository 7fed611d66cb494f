"""`/healthz` says that the process lives, and waits for nobody but, for a moment, the store: what it says of Discord is
what the last look brought, and it has another one taken after it has answered. `/readyz` says whether the app can do
its work, messages included, and if not, why."""

import asyncio

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.commands.ports import Room
from app.turns.errors import Retriable
from app.web.front import Front, front

STORE_SECONDS = 0.5


async def healthz(request: Request) -> JSONResponse:
    here = front(request)
    sessions, turns = await counts(here.room)
    health = {
        "status": "ok",
        "uptime_seconds": round(here.room.clock() - here.started_at, 3),
        "discord": "disconnected" if here.identity.last_problem or await deaf(here) else "connected",
        "active_sessions": sessions,
        "live_turns": turns,
    }
    return JSONResponse(health, background=BackgroundTask(here.identity.problem))


async def counts(room: Room) -> tuple[int | None, int | None]:
    """Machines awake and turns at work; None while the store is too busy to say: the process lives all the same."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            return await room.shelf.count_active(), await room.ledger.count_live_turns()
    except (TimeoutError, Retriable):
        return None, None


async def readyz(request: Request) -> JSONResponse:
    here = front(request)
    problem = await deaf(here) or await here.identity.problem()
    if problem is not None:
        return JSONResponse({"ready": False, "why": problem}, status_code=503)
    notice = await here.ear.notice()
    return JSONResponse({"ready": True, "notice": notice} if notice else {"ready": True})


async def deaf(here: Front) -> str | None:
    """Why messages do not reach us."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            return await here.ear.problem()
    except (TimeoutError, Retriable):
        return "the database does not answer"
