"""What the scheduler sends us: `POST /relay/jobs/{name}`, and the check that everything under /relay begins with.

The scheme is Discord's own, with another key: a signature over timestamp and raw body, and a timestamp no older than a
minute. The signature covers neither method nor path, and nobody remembers it: whoever serves something here makes sure
that a request which comes twice, or at another door, does no harm. Jobs are conditional updates, so they do none.
"""

import json
import re

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.discord import signature
from app.turns.errors import Refused, Retriable
from app.web.body import TooLarge, read_body
from app.web.front import Front, Job, front

FRESH_SECONDS = 60
SLOW_SECONDS = 300.0  # a job that runs for longer may hang

log = structlog.get_logger()


async def do_job(request: Request) -> Response:
    """Answers with the job's counts when it has ended. It goes on when nobody waits for the answer any more."""
    body = await relayed(request)
    if isinstance(body, Response):
        return body
    if not holds_object(body):
        return rejected(400, "not a JSON object")
    here, name = front(request), request.path_params["name"]
    job = here.jobs.get(name)
    if job is None:
        return rejected(404, "no such job")
    if name in here.at_work:
        return busy(name, here.room.clock() - here.at_work[name])
    return await run(here, name, job)


async def relayed(request: Request) -> bytes | Response:
    """The raw body, if the holder of the relay key signed it within the last minute; else the answer that says no."""
    here = front(request)
    try:
        body = await read_body(request)
    except TooLarge:
        return rejected(413, "too large")
    except TimeoutError:
        return rejected(408, "too slow")
    timestamp = request.headers.get(signature.TIMESTAMP_HEADER, "")
    given = request.headers.get(signature.SIGNATURE_HEADER)
    if not signature.verify(here.relay_key, given, timestamp, body):
        return rejected(401, "bad signature")
    if not fresh(timestamp, here.room.clock()):
        return rejected(401, "bad timestamp")
    return body


def fresh(timestamp: str, now: float) -> bool:
    # int() would take signs, spaces, underscores and other alphabets' digits.
    return re.fullmatch("[0-9]{1,12}", timestamp) is not None and abs(int(now) - int(timestamp)) <= FRESH_SECONDS


def holds_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


async def run(here: Front, name: str, job: Job) -> Response:
    """Nothing of a failure but a word leaves the house: whoever stands between need not know what it said."""
    here.at_work[name] = here.room.clock()
    try:
        return JSONResponse(dict(await job()))
    except Retriable as failure:
        return failed(name, str(failure), "later")
    except Refused as failure:
        return failed(name, failure.tell, "refused")
    except Exception:
        log.exception("job.defect", name=name)
        return JSONResponse({"error": "defect"}, status_code=500)
    finally:
        del here.at_work[name]


def busy(name: str, seconds: float) -> Response:
    if seconds > SLOW_SECONDS:
        log.warning("job.slow", name=name, seconds=round(seconds))
    return JSONResponse({"error": "running"}, status_code=409)


def failed(name: str, reason: str, word: str) -> Response:
    log.warning("job.failed", name=name, reason=reason)
    return JSONResponse({"error": word}, status_code=503)


def rejected(status: int, why: str) -> Response:
    log.warning("relay.rejected", status=status, why=why)
    return JSONResponse({"error": why}, status_code=status)
