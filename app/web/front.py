"""What the routes are given: made by the wiring when the app starts, found again on every request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from app.commands.ports import Room
from app.discord.identity import Identity
from app.inbox.ports import Inbox
from app.inbox.pulse import Ear

Job = Callable[[], Awaitable[Mapping[str, int]]]  # does it, and tells what it did in counts


@dataclass(frozen=True, slots=True)
class Front:
    identity: Identity
    room: Room
    nudge: Callable[[], None]  # something was admitted: the runner may look at once
    started_at: float  # by the room's clock
    inbox: Inbox
    ear: Ear
    relay_key: str = ""  # whose signature may relay: the public half, in hex; empty: nobody's
    jobs: Mapping[str, Job] = field(default_factory=dict)
    at_work: dict[str, float] = field(default_factory=dict)  # the jobs that run now, and since when by the room's clock


def front(request: Request) -> Front:
    return cast(Front, request.state.front)
