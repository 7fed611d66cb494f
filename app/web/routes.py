"""Every path that the app answers."""

from starlette.routing import Route

from app.web.health import healthz, readyz
from app.web.interactions import interactions
from app.web.relay import do_job

ROUTES = [
    Route("/discord/interactions", interactions, methods=["POST"]),
    Route("/relay/jobs/{name}", do_job, methods=["POST"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
]
