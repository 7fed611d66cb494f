"""Requests that Discord signed: the raw body, or the answer that says no.

Whatever cannot be trusted gets 401 and whatever cannot be read another 4xx; neither leaves a trace in the store.
"""

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.discord import signature
from app.web.body import TooLarge, read_body
from app.web.front import front

log = structlog.get_logger()


async def from_discord(request: Request) -> bytes | Response:
    """Discord probes with bad signatures and removes endpoints that accept them.

    https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
    """
    try:
        body = await read_body(request)
    except TooLarge:
        return rejected(request, 413, "too large")
    except TimeoutError:
        return rejected(request, 408, "too slow")
    public_key = front(request).identity.public_key
    if public_key is None:
        return rejected(request, 503, "the public key is not known yet")
    if not signed(request, public_key, body):
        return rejected(request, 401, "bad signature")
    return body


def signed(request: Request, public_key: str, body: bytes) -> bool:
    given = request.headers.get(signature.SIGNATURE_HEADER, "")
    timestamp = request.headers.get(signature.TIMESTAMP_HEADER, "")
    return signature.verify(public_key, given, timestamp, body)


def rejected(request: Request, status: int, why: str) -> Response:
    log.warning("discord.rejected", path=request.url.path, status=status, why=why)
    return JSONResponse({"error": why}, status_code=status)
