"""What the demo's sandboxes are: directories on this machine, or those of a simulated Daytona."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.sandboxes.local.place import Place
from app.sandboxes.ports import Sandbox
from scripts.playground.daytona import DaytonaSimulator
from scripts.playground.demo_app import Trouble, search_path


@dataclass(frozen=True, slots=True)
class Machines:
    """In words, as the app's variables, and on which of our own ports something of a sandbox may listen."""

    words: str
    variables: Mapping[str, str]
    ports: Callable[[Sandbox], Sequence[int]]


@asynccontextmanager
async def chosen_machines(environ: Mapping[str, str], home: Path) -> AsyncIterator[Machines]:
    """By SANDBOX_PROVIDER; local unless it says otherwise. Raises Trouble."""
    provider, root = environ.get("SANDBOX_PROVIDER", "").lower() or "local", home / "sandboxes"
    if provider == "local":
        yield local(root)
    elif provider == "daytona":
        async with DaytonaSimulator(root, search_path(environ)) as daytona:
            yield simulated(daytona)
    else:
        raise Trouble("SANDBOX_PROVIDER must be daytona or local")


def local(root: Path) -> Machines:
    def ports(sandbox: Sandbox) -> Sequence[int]:
        launches = Place(root / sandbox.name).launches().values()
        return [launch.actual for launch in launches if launch.actual]

    return Machines("local ones", {"SANDBOX_PROVIDER": "local", "LOCAL_SANDBOX_DIR": os.fspath(root)}, ports)


def simulated(daytona: DaytonaSimulator) -> Machines:
    def ports(sandbox: Sandbox) -> Sequence[int]:
        found = daytona.named(sandbox.name)
        return [found.port] if found else []

    variables = {
        "SANDBOX_PROVIDER": "daytona",
        "DAYTONA_API_KEY": daytona.api_key,
        "DAYTONA_API_URL": daytona.api_url,
    }
    return Machines("those of a simulated Daytona", variables, ports)
