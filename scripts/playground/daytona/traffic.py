"""What goes into a sandbox, by the toolbox or by a preview: whether it may, and that it keeps the sandbox awake.

https://www.daytona.io/docs/en/sandboxes/#automated-lifecycle-management
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from scripts.playground.daytona.errors import NO_ADDRESS, NO_CONTAINER, Refusal
from scripts.playground.daytona.records import Sandbox, State


def need_address(sandbox: Sandbox, source: str) -> None:
    """Raises Refusal in the words, or the silence, by which Daytona's proxy says that nothing runs there."""
    match sandbox.state:
        case State.STARTED:
            return
        case State.STOPPING:
            raise Refusal(502)
        case State.ARCHIVING | State.ARCHIVED | State.DESTROYING:
            raise Refusal(404, NO_CONTAINER, source=source)
    raise Refusal(400, NO_ADDRESS, source=source)


@contextmanager
def under_way(sandbox: Sandbox, *, counts: bool = True) -> Iterator[None]:
    """A request that a stop breaks off, and that is activity for as long as it is open, if it `counts`."""
    with anyio.CancelScope() as scope:
        sandbox.traffic.add(scope)
        sandbox.in_use += counts
        sandbox.last_activity = time.time() if counts else sandbox.last_activity
        try:
            yield
        finally:
            sandbox.traffic.discard(scope)
            sandbox.in_use -= counts
            sandbox.last_activity = time.time() if counts else sandbox.last_activity
