"""`POST /discord/events`: what Discord tells of the application itself, and of nothing that people say.

Discord delivers an event again, for ten minutes, until it is answered with 204 within three seconds; events come in any
order. So each is written down, or means no more than a look at how things are, and is answered at once.

https://docs.discord.com/developers/events/webhook-events
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from app.ids import GuildId
from app.inbox.channels import id_in
from app.inbox.ports import Afterwards, Inbox
from app.turns.errors import Retriable
from app.web.afterwards import after
from app.web.front import front
from app.web.signed import from_discord, rejected

PING, EVENT = 0, 1
IN_A_SERVER = 0  # not on a person's own account

Body = Mapping[str, Any]
log = structlog.get_logger()


async def events(request: Request) -> Response:
    body = await from_discord(request)
    if isinstance(body, Response):
        return body
    try:
        kind, event = opened(body)
        return taken(await heard(event, front(request).inbox) if kind == EVENT else None)
    except (ValueError, RecursionError, TypeError):
        return rejected(request, 400, "not a webhook event")
    except Retriable as failure:
        return rejected(request, 503, str(failure))


def opened(body: bytes) -> tuple[int, Body]:
    """Raises ValueError and TypeError."""
    root = json.loads(body)
    if not isinstance(root, dict) or root.get("type") not in (PING, EVENT):
        raise ValueError("neither a ping nor an event")
    event = root.get("event", {})
    if not isinstance(event, dict) or not isinstance(event.get("data", {}), dict):
        raise TypeError("no event")
    return root["type"], event


def taken(afterwards: Afterwards | None) -> Response:
    # Discord wants a content type even where there is no content.
    background = BackgroundTask(after, afterwards) if afterwards else None
    return Response(status_code=204, media_type="application/json", background=background)


async def heard(event: Body, inbox: Inbox) -> Afterwards | None:
    """Raises Retriable: without an answer of 204 Discord comes again. Raises Malformed, which is a ValueError."""
    act = HEARD.get(str(event.get("type")))
    log.info("discord.event", name=str(event.get("type"))[:80], known=act is not None)
    return await act(event, inbox) if act else None


async def authorised(event: Body, inbox: Inbox) -> Afterwards | None:
    """Somebody brought us into a server: the people there are greeted, once."""
    body = event.get("data") or {}
    guild = body.get("guild")
    if body.get("integration_type") != IN_A_SERVER or not isinstance(guild, dict):
        return None
    await inbox.places.note_authorised(GuildId(id_in(guild)), str(event.get("timestamp", ""))[:40])
    return inbox.welcome


async def deauthorised(event: Body, inbox: Inbox) -> Afterwards:
    """Discord says who took a permission back, not where we were removed: we look."""
    return inbox.take_stock


HEARD: dict[str, Callable[[Body, Inbox], Awaitable[Afterwards | None]]] = {
    "APPLICATION_AUTHORIZED": authorised,
    "APPLICATION_DEAUTHORIZED": deauthorised,
}
