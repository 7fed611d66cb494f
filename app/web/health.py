"""`/healthz` says that the process lives, without asking anybody; `/readyz` says whether it can do its work, and if
not, why."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from app.sandboxes.machine import State
from app.web.front import front


async def healthz(request: Request) -> JSONResponse:
    here = front(request)
    sandboxes = await here.room.shelf.sandboxes()
    return JSONResponse(
        {
            "status": "ok",
            "uptime_seconds": round(here.room.clock() - here.started_at, 3),
            "discord": "connected" if here.identity.last_problem is None else "disconnected",
            "active_sessions": sum(sandbox.state is State.ACTIVE for sandbox in sandboxes),
            "live_turns": len(await here.room.ledger.live_turns()),
        }
    )


async def readyz(request: Request) -> JSONResponse:
    problem = await front(request).identity.problem()
    if problem is None:
        return JSONResponse({"ready": True})
    return JSONResponse({"ready": False, "why": problem}, status_code=503)
