"""A provider of Daytona's in front of the simulator, with little patience."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.sandboxes.daytona.calls import Pace
from app.sandboxes.daytona.provider import DaytonaProvider
from scripts.playground.daytona import DaytonaSimulator, Heard

PACE = Pace(call=2.0, pauses=(0.05, 0.1), look=0.05, create=2.0, change=2.0, stop=5.0, delete=5.0, tidy=5.0)
LABELS = {"app": "opencord", "guild": "1", "channel": "2", "thread": "7"}


def provider_of(daytona: DaytonaSimulator, **changes: Any) -> DaytonaProvider:
    """As another process would make it."""
    access: dict[str, Any] = {"api_key": daytona.api_key, "api_url": daytona.api_url, "target": "us"}
    made_from: dict[str, Any] = {"snapshot": "agent", "opencode": "1.2.3", "auto_stop": 40, "auto_delete": 200}
    return DaytonaProvider(**{**access, **made_from, "pace": PACE, **changes})


@asynccontextmanager
async def simulated(root: Path) -> AsyncIterator[DaytonaSimulator]:
    async with DaytonaSimulator(root, os.environ["PATH"]) as daytona:
        daytona.boot_seconds = daytona.stop_seconds = daytona.build_seconds = 0.02
        daytona.stop_grace = 1.0
        daytona.add_snapshot("agent")
        yield daytona


def heard(daytona: DaytonaSimulator, method: str, path: str, plane: str = "api") -> list[Heard]:
    return [each for each in daytona.requests if (each.plane, each.method) == (plane, method) and path in each.path]
