"""Every path that the app answers."""

from starlette.routing import Route

from app.web.events import events
from app.web.health import healthz, readyz
from app.web.interactions import interactions
from app.web.relay import do_job, take_event, tell_position

ROUTES = [
    Route("/discord/interactions", interactions, methods=["POST"]),
    Route("/discord/events", events, methods=["POST"]),
    Route("/relay/events", take_event, methods=["POST"]),
    Route("/relay/position", tell_position, methods=["GET"]),
    Route("/relay/jobs/{name}", do_job, methods=["POST"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
]
