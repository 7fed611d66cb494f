"""The simulated Daytona's memory and its settings: what exists, what was asked for, what is planned to go wrong.

Tests may set the settings and read the records at any time; everything happens in the loop that entered the simulator.
"""

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.playground.daytona import payloads
from scripts.playground.daytona.errors import Refusal
from scripts.playground.daytona.faults import Faults
from scripts.playground.daytona.records import Heard, Json, Sandbox, Snapshot, State

HOLD_SECONDS = 30.0  # how long a request to create waits for the machine


class Cloud:
    def __init__(self, root: Path, path: str, *, minute: float = 60.0) -> None:
        """`root` holds the sandboxes' directories, `path` is the PATH they see, `minute` is the seconds of a minute in
        which auto-stop, auto-delete and time to live are counted."""
        self.root, self.path, self.minute = root.resolve(), path, minute
        self.url = ""
        self.api_key = f"dtn_{secrets.token_hex(16)}"
        self.limit: int | None = None
        self.boot_seconds = self.stop_seconds = self.build_seconds = 0.05
        self.hold_seconds = HOLD_SECONDS
        self.stop_grace = 10.0  # between asking processes to end and killing them
        self.denial = 307  # how a preview answers a wrong token; newer documentation says 401
        self.build_error: str | None = None  # why the next builds fail
        self.snapshots: dict[str, Snapshot] = {}
        self.requests: list[Heard] = []
        self.faults = Faults()
        self.records: dict[str, Sandbox] = {}  # by id, in order of creation, those being destroyed included
        self.built: set[str] = set()  # Dockerfiles whose image is cached
        self.watchers: set[asyncio.Queue[tuple[str, Json]]] = set()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    # What is there

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    @property
    def toolbox_url(self) -> str:
        return f"{self.url}/toolbox"

    @property
    def sandboxes(self) -> list[Sandbox]:
        return [sandbox for sandbox in self.records.values() if sandbox.state != State.DESTROYING]

    def named(self, name: str) -> Sandbox | None:
        return next((sandbox for sandbox in self.sandboxes if sandbox.name == name), None)

    def find(self, id_or_name: str) -> Sandbox:
        """Raises Refusal (404)."""
        sandbox = self.records.get(id_or_name) or self.named(id_or_name)
        if sandbox is None:
            raise Refusal(404, f"Sandbox with ID or name {id_or_name} not found")
        return sandbox

    def find_snapshot(self, id_or_name: str) -> Snapshot:
        """Raises Refusal (404)."""
        for snapshot in self.snapshots.values():
            if id_or_name in (snapshot.id, snapshot.name):
                return snapshot
        raise Refusal(404, f"Snapshot with ID or name {id_or_name} not found")

    def add_snapshot(self, name: str, state: str = "active") -> Snapshot:
        self.snapshots[name] = Snapshot(str(uuid.uuid4()), name, state, self.now())
        return self.snapshots[name]

    def now(self) -> float:
        return time.time()

    # What changes

    def add(self, sandbox: Sandbox) -> None:
        self.records[sandbox.id] = sandbox
        sandbox.updated = sandbox.last_activity = sandbox.created
        self.tell("sandbox.created", payloads.sandbox(sandbox, self.toolbox_url))

    def move(self, sandbox: Sandbox, state: State) -> None:
        """Give it another state, and tell whoever watches. That counts as activity."""
        old, sandbox.state = sandbox.state, state
        sandbox.updated = sandbox.last_activity = self.now()
        shown = payloads.sandbox(sandbox, self.toolbox_url)
        self.tell("sandbox.state.updated", {"sandbox": shown, "oldState": old, "newState": state})

    def tell(self, event: str, payload: Json) -> None:
        for watcher in self.watchers:
            watcher.put_nowait((event, payload))
        self.touch()

    def touch(self) -> None:
        """Something has changed: whoever waits looks again."""
        self._changed.set()

    async def wait_for(self, condition: Callable[[], Any], within: float = 10) -> Any:
        """What the condition gives once it is true. Looked at whenever something changes here, and often besides, for
        conditions that look beyond it. Raises AssertionError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while not (found := condition()):
            if loop.time() >= end:
                states = {sandbox.name: str(sandbox.state) for sandbox in self.records.values()}
                raise AssertionError(f"not within {within:g} s; sandboxes: {states}")
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._changed.wait()
        return found

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """The one place where the simulator starts something: it ends with the simulator at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settle)
        return task

    def _settle(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def _finish(self) -> None:
        """Raises what went wrong in the simulator itself: a test must not pass on its bugs."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failures:
            raise ExceptionGroup("the simulator stumbled", [f for f in self._failures if isinstance(f, Exception)])
