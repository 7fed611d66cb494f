"""uvicorn's entry: `uvicorn --factory app.asgi:create`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette

from app import telemetry
from app.settings import Settings, load
from app.web.front import Front
from app.web.routes import ROUTES
from app.wiring import wired

log = structlog.get_logger()


def create() -> Starlette:
    """The app, for the environment of this process. Raises BadSettings."""
    settings = load(os.environ)
    telemetry.configure(settings.log_level, settings.log_pretty, settings.secrets())
    return application(settings)


def application(settings: Settings) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Front]]:
        async with wired(settings) as front:
            log.info("app.listening", host=settings.health_host, port=settings.health_port)
            yield {"front": front}

    return Starlette(routes=ROUTES, lifespan=lifespan)
