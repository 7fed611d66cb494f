"""What the scheduler sends us: the clock's jobs, the Gateway's events, and the question where to go on listening.

The scheme is Discord's own, with another key: a signature over timestamp and raw body, and a timestamp no older than a
minute. The signature covers neither method nor path, and nobody remembers it: whoever serves something here makes sure
that a request which comes twice, or at another door, does no harm. Jobs are conditional updates, messages are known by
their id, positions and heartbeats only grow: so they do none.
"""

import json
import re

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.discord import signature
from app.inbox import envelope, hear
from app.inbox.envelope import Event
from app.turns.errors import Refused, Retriable
from app.web.afterwards import after
from app.web.body import TooLarge, read_body
from app.web.front import Front, Job, front

FRESH_SECONDS = 60
LEASE_SECONDS = 45.0  # three heartbeats
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


async def take_event(request: Request) -> Response:
    """204 once it is taken for good; 503 when it must come again; 409 to the heartbeat of whoever lost the lease."""
    body = await relayed(request)
    if isinstance(body, Response):
        return body
    try:
        event = envelope.parse(json.loads(body))
    except (ValueError, RecursionError) as error:
        return rejected(400, f"not an event: {type(error).__name__}")
    try:
        if event.name == envelope.HEARTBEAT:
            return await keep_lease(event, front(request))
        afterwards = await hear(event, front(request).inbox)
    except envelope.Unreadable:
        return rejected(400, "not a heartbeat")
    except Retriable as failure:
        log.warning("event.failed", name=event.name, reason=str(failure))
        return JSONResponse({"error": "later"}, status_code=503)
    front(request).nudge()
    return Response(status_code=204, background=BackgroundTask(after, afterwards) if afterwards else None)


async def keep_lease(event: Event, here: Front) -> Response:
    shards, now = here.inbox.shards, here.room.clock()
    if not await shards.beat(event.shard, event.beat, now, now + LEASE_SECONDS):
        return held()
    if event.position is not None:
        await shards.move(event.shard, event.position, now)
    return Response(status_code=204)


async def tell_position(request: Request) -> Response:
    """Where to go on, and the lease of the shard for whoever gives a name."""
    body = await relayed(request)
    if isinstance(body, Response):
        return body
    asked, shards, now = request.query_params, front(request).inbox.shards, front(request).room.clock()
    try:
        shard = envelope.shard(int(asked.get("shard", "0")), int(asked.get("shards", "1")))
    except ValueError:
        return rejected(400, "no such shard")
    try:
        if (holder := asked.get("holder")) and not await shards.hold(shard, holder, now, now + LEASE_SECONDS):
            return held()
        position = await shards.position(shard)
    except Retriable as failure:
        log.warning("event.failed", name="position", reason=str(failure))
        return JSONResponse({"error": "later"}, status_code=503)
    session, url, seq = (position.session, position.resume_url, position.seq) if position else (None, None, None)
    return JSONResponse({"session_id": session, "resume_gateway_url": url, "s": seq})


def held() -> Response:
    return JSONResponse({"error": "held"}, status_code=409)


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
