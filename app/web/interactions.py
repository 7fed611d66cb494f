"""`POST /discord/interactions`: verified, understood, answered, all within Discord's three seconds.

Whatever cannot be trusted gets 401 and whatever cannot be read another 4xx; neither leaves a trace in the store.
"""

import json

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import commands
from app.commands.words import BUSY, UNKNOWN_BUTTON
from app.discord import signature
from app.discord.interactions import Interaction, Kind, Malformed, parse
from app.discord.payloads import Payload, no_choices, pong, told
from app.turns.errors import Retriable
from app.web.body import TooLarge, read_body
from app.web.front import Front, front

log = structlog.get_logger()


async def interactions(request: Request) -> Response:
    here = front(request)
    try:
        body = await read_body(request)
    except TooLarge:
        return rejected(413, "too large")
    except TimeoutError:
        return rejected(408, "too slow")
    if here.identity.public_key is None:
        return rejected(503, "the public key is not known yet")
    if not signed(request, here.identity.public_key, body):
        # Discord probes with bad signatures and removes endpoints that accept them.
        # https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
        return rejected(401, "bad signature")
    try:
        interaction = parse(json.loads(body))
    except (ValueError, RecursionError, Malformed) as error:
        return rejected(400, f"not an interaction: {type(error).__name__}")
    return JSONResponse(await reply(interaction, here), background=BackgroundTask(nudged, here))


async def nudged(here: Front) -> None:
    """A coroutine, for Starlette runs anything else in a thread, and nobody there may nudge."""
    here.nudge()


async def reply(interaction: Interaction, here: Front) -> Payload:
    match interaction.kind:
        case Kind.PING:
            return pong()
        case Kind.COMMAND:
            try:
                return await commands.answer(interaction, here.room)
            except Retriable as failure:
                log.error("interaction.unanswered", reason=str(failure))
                return told(BUSY)
        case Kind.AUTOCOMPLETE:
            return no_choices()
        case Kind.COMPONENT | Kind.MODAL:
            return told(UNKNOWN_BUTTON)


def signed(request: Request, public_key: str, body: bytes) -> bool:
    given = request.headers.get("x-signature-ed25519", "")
    timestamp = request.headers.get("x-signature-timestamp", "")
    return signature.verify(public_key, given, timestamp, body)


def rejected(status: int, why: str) -> Response:
    log.warning("interaction.rejected", status=status, why=why)
    return JSONResponse({"error": why}, status_code=status)
