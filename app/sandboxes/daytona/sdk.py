"""All that is said in the SDK's own words. Importing this takes a second and 76 MB, so it is imported on first use, in
a thread, and by nobody else.

0.x of the SDK is what speaks to Daytona's platform of today; 2.x is for another one.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from daytona import (
    AsyncDaytona,
    AsyncSandbox,
    CreateSandboxFromImageParams,
    CreateSandboxFromSnapshotParams,
    DaytonaConfig,
    Image,
    ListSandboxesQuery,
    Resources,
)

from app.sandboxes.daytona.image import BASE, Size, instructions

_PAGE = 100


def connect(api_key: str, api_url: str, target: str | None) -> AsyncDaytona:
    """To be called in the loop that uses it. What is not given here the SDK looks up in the environment, and in a .env
    file of the working directory."""
    return AsyncDaytona(
        DaytonaConfig(api_key=api_key, api_url=api_url, target=target, otel_enabled=False, use_deprecated_polling=False)
    )


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a sandbox is made from: a snapshot, or without one an image with this version of OpenCode, which takes
    minutes the first time. Intervals in minutes: idle for so long it is stopped, stopped for so long it is deleted."""

    snapshot: str | None
    opencode: str
    size: Size
    auto_stop: int
    auto_delete: int


def order(
    name: str, labels: Mapping[str, str], recipe: Recipe
) -> CreateSandboxFromSnapshotParams | CreateSandboxFromImageParams:
    """No environment is given: it would be stored in clear, and shown in Daytona's dashboard."""
    common: dict[str, Any] = {
        "name": name,
        "labels": dict(labels),
        "public": False,
        "auto_stop_interval": recipe.auto_stop,
        "auto_delete_interval": recipe.auto_delete,
    }
    if recipe.snapshot:  # it has its size already: saying one again is refused
        return CreateSandboxFromSnapshotParams(snapshot=recipe.snapshot, **common)
    return CreateSandboxFromImageParams(image=image(recipe.opencode), resources=resources(recipe.size), **common)


def image(opencode: str) -> Image:
    return Image.base(BASE).dockerfile_commands(list(instructions(opencode)))


def resources(size: Size) -> Resources:
    return Resources(cpu=size.cpu, memory=size.memory, disk=size.disk)


def labelled(client: AsyncDaytona, labels: Mapping[str, str]) -> AsyncIterator[AsyncSandbox]:
    """All pages. Each item holds a subscription to its events for five minutes."""
    return client.list(ListSandboxesQuery(labels=dict(labels), limit=_PAGE))
