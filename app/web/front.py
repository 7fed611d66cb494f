"""What the routes are given: made by the wiring when the app starts, found again on every request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from app.commands.ports import Room
from app.discord.identity import Identity


@dataclass(frozen=True, slots=True)
class Front:
    identity: Identity
    room: Room
    nudge: Callable[[], None]  # something was admitted: the runner may look at once
    started_at: float  # by the room's clock


def front(request: Request) -> Front:
    return cast(Front, request.state.front)
