"""Snapshots at Daytona: what sandboxes are made from, made ready for that. Those that nobody used for two weeks are put
away, and have to be activated again.

https://www.daytona.io/docs/en/snapshots
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from app.sandboxes.daytona.calls import Pace, once, repeated
from app.sandboxes.daytona.errors import Failed, NoSuchSnapshot
from app.sandboxes.daytona.image import Size
from app.turns.errors import Refused
from app.words.machine import BAD_SNAPSHOT

if TYPE_CHECKING:
    from daytona import AsyncDaytona

LONGEST_BUILD = 3600.0  # seconds
_SPOILT = ("error", "build_failed")


async def state_of_snapshot(client: "AsyncDaytona", name: str, pace: Pace) -> str | None:
    """None where there is none of that name."""
    try:
        snapshot = await repeated(partial(client.snapshot.get, name), "look at a snapshot", pace)
    except NoSuchSnapshot:
        return None
    return str(getattr(snapshot.state, "value", snapshot.state))


async def build(
    client: "AsyncDaytona", name: str, opencode: str, size: Size, say: Callable[[str], None], pace: Pace
) -> bool:
    """Returns once sandboxes can be made from the snapshot; False when it was there already. What failed before is
    built anew. `say` is given the lines of the build's log. Raises Refused when the build fails."""
    state = await state_of_snapshot(client, name, pace)
    if state in _SPOILT:
        await once(partial(client.snapshot.delete, name), "delete a snapshot", pace.call)
    fresh = state is None or state in _SPOILT
    if fresh:
        await _order(client, name, opencode, size, say)
    await activate(client, name, pace)
    return fresh


async def _order(client: "AsyncDaytona", name: str, opencode: str, size: Size, say: Callable[[str], None]) -> None:
    """Whether it worked shows in the snapshot's state alone, unless it was refused: the connection may be lost, and
    somebody else may be building the same."""
    from daytona import CreateSnapshotParams

    from app.sandboxes.daytona import sdk

    params = CreateSnapshotParams(name=name, image=sdk.image(opencode), resources=sdk.resources(size))
    try:
        await once(partial(client.snapshot.create, params, on_logs=say), "build a snapshot", LONGEST_BUILD)
    except Failed as failure:
        if not (failure.busy or failure.unclear):
            raise


async def activate(client: "AsyncDaytona", name: str, pace: Pace) -> None:
    """Returns once sandboxes can be made from it, whatever it was doing. Raises Refused when that cannot be. No
    deadline."""
    asked = False
    while True:
        match await state_of_snapshot(client, name, pace):
            case "active":
                return
            case None:
                raise NoSuchSnapshot
            case "error" | "build_failed" | "removing":
                raise Refused(BAD_SNAPSHOT)
            case "inactive" if not asked:
                asked = await _asked(client, name, pace)
        await asyncio.sleep(pace.look)


async def _asked(client: "AsyncDaytona", name: str, pace: Pace) -> bool:
    try:
        await repeated(partial(client.snapshot.activate, name), "activate the snapshot", pace)
    except Failed as failure:
        if failure.status not in (400, 409):  # somebody else has asked
            raise
    return True
