"""`POST /discord/interactions`: verified, understood, answered, all within Discord's three seconds."""

import json

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import commands, presses
from app.commands.answers import Answer, carry_out
from app.discord.interactions import Interaction, Kind, Malformed, parse
from app.discord.payloads import Payload, pong, suggested, told
from app.turns.errors import Retriable
from app.web.front import Front, front
from app.web.signed import from_discord, rejected
from app.words.door import BUSY, DEFECT

log = structlog.get_logger()


async def interactions(request: Request) -> Response:
    body = await from_discord(request)
    if isinstance(body, Response):
        return body
    here = front(request)
    try:
        interaction = parse(json.loads(body))
    except (ValueError, RecursionError, Malformed) as error:
        return rejected(request, 400, f"not an interaction: {type(error).__name__}")
    answer = await reply(interaction, here)
    return JSONResponse(answer.payload, background=BackgroundTask(afterwards, interaction, answer, here))


async def afterwards(interaction: Interaction, answer: Answer, here: Front) -> None:
    """Once Discord has the answer. A coroutine, for Starlette runs anything else in a thread, and nobody there may
    nudge."""
    if answer.then is not None:
        await carry_out(answer.then, interaction, here.room.replies, is_private=answer.is_private)
    here.nudge()


async def reply(interaction: Interaction, here: Front) -> Answer:
    """Whatever goes wrong, in words: without an answer Discord says only that there was none."""
    try:
        return await understood(interaction, here)
    except Retriable as failure:
        log.error("interaction.unanswered", reason=str(failure))
        return Answer(regret(interaction, BUSY))
    except Exception:
        log.exception("interaction.defect")
        return Answer(regret(interaction, DEFECT))


def regret(interaction: Interaction, words: str) -> Payload:
    """Whoever is typing can be told nothing: Discord takes suggestions there and nothing else.
    https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type
    """
    return suggested([]) if interaction.kind is Kind.AUTOCOMPLETE else told(words)


async def understood(interaction: Interaction, here: Front) -> Answer:
    match interaction.kind:
        case Kind.PING:
            return Answer(pong())
        case Kind.COMMAND:
            return await commands.answer(interaction, here.room)
        case Kind.AUTOCOMPLETE:
            return await commands.suggestions(interaction, here.room)
        case Kind.COMPONENT | Kind.MODAL:
            return await presses.press(interaction, here.room)
