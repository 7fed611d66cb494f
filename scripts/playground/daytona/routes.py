"""What the routes of both planes share: reading a body, saying no, and saying so in JSON."""

import json
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from scripts.playground.daytona.errors import Refusal
from scripts.playground.daytona.records import Json


async def body_of(request: Request) -> Json:
    """Raises Refusal (400) when it is no object."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refusal(400, "Unexpected token in JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be an object")
    return body


def number(text: str) -> int:
    """Raises Refusal (400)."""
    try:
        return int(text)
    except ValueError as error:
        raise Refusal(400, "Validation failed (numeric string is expected)") from error


def app_of(routes: Sequence[BaseRoute]) -> Starlette:
    return Starlette(routes=routes, exception_handlers={Refusal: _refuse, HTTPException: _miss})


def refusal(request: Request, error: Refusal) -> Response:
    if not error.message:
        return Response(status_code=error.status)
    return JSONResponse(error.body(request.url.path), error.status)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refusal(request, error)


async def _miss(request: Request, error: Exception) -> Response:
    """Also where it would exist at Daytona but is not simulated."""
    assert isinstance(error, HTTPException)
    return refusal(request, Refusal(error.status_code, f"Cannot {request.method} {request.url.path}"))
