"""What the tests of the simulated Daytona share: the real SDK, and something to preview."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from scripts.playground.daytona import DaytonaSimulator

if TYPE_CHECKING:
    from daytona import AsyncDaytona, AsyncSandbox

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@asynccontextmanager
async def sdk_of(daytona: DaytonaSimulator, api_key: str | None = None) -> "AsyncIterator[AsyncDaytona]":
    """Unmodified. Imported only here: it takes a second."""
    from daytona import AsyncDaytona, DaytonaConfig

    config = DaytonaConfig(api_key=api_key or daytona.api_key, api_url=daytona.api_url, target="us")
    async with AsyncDaytona(config) as sdk:
        yield sdk


async def make(sdk: "AsyncDaytona", name: str, **given: Any) -> "AsyncSandbox":
    from daytona import CreateSandboxFromSnapshotParams

    return await sdk.create(CreateSandboxFromSnapshotParams(name=name, **given), timeout=10)


def running_in(id: str) -> list[str]:
    """The command lines of what runs in a sandbox."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("DAYTONA_SANDBOX_ID") == id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found
