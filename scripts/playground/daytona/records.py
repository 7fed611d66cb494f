"""What the simulated Daytona remembers. Mutable, because it is the world that changes; only the verbs of `cloud`,
`life` and the routes change it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import anyio

from app.sandboxes.local.launcher import Launch
from scripts.playground.daytona.sessions import Session

Json = dict[str, Any]


class State(StrEnum):
    """https://www.daytona.io/docs/en/sandboxes/#sandbox-lifecycle"""

    PENDING_BUILD = "pending_build"
    BUILDING = "building_snapshot"
    CREATING = "creating"
    RESTORING = "restoring"
    STARTING = "starting"
    STARTED = "started"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"
    PAUSED = "paused"
    ERROR = "error"
    BUILD_FAILED = "build_failed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


PENDING = frozenset(
    {
        State.PENDING_BUILD,
        State.BUILDING,
        State.CREATING,
        State.RESTORING,
        State.STARTING,
        State.STOPPING,
        State.ARCHIVING,
        State.DESTROYING,
    }
)
ASLEEP = frozenset({State.STOPPED, State.ARCHIVED, State.PAUSED})
FAILED = frozenset({State.ERROR, State.BUILD_FAILED})


@dataclass(eq=False, slots=True)
class Sandbox:
    """Intervals are minutes, times epoch seconds. `port` is what stands for 4096 in it."""

    id: str
    name: str
    path: Path
    labels: dict[str, str]
    env: dict[str, str]
    created: float
    state: State = State.CREATING
    desired_state: State = State.STARTED
    snapshot: str | None = None
    build_info: Json | None = None
    target: str = "us"
    public: bool = False
    cpu: int = 1
    memory: int = 1
    disk: int = 3
    auto_stop: int = 15
    auto_archive: int = 10080
    auto_delete: int = -1
    ttl: int = 0
    token: str = ""
    port: int = 0
    error_reason: str | None = None
    recoverable: bool = False
    updated: float = 0.0
    last_activity: float = 0.0
    build_log: str = ""
    sessions: dict[str, Session] = field(default_factory=dict)
    launches: list[Launch] = field(default_factory=list)
    used: bool = False  # something may run in it
    traffic: set[anyio.CancelScope] = field(default_factory=set)  # requests that a stop cuts off
    in_use: int = 0  # those among them that count as activity

    @property
    def home(self) -> Path:
        return self.path / "home"


@dataclass(eq=False, slots=True)
class Snapshot:
    """States: building, pulling, pending, active, inactive, error, build_failed."""

    id: str
    name: str
    state: str
    created: float
    image: str | None = None
    build_info: Json | None = None
    entrypoint: list[str] | None = None
    cpu: int = 1
    memory: int = 1
    disk: int = 3
    error_reason: str | None = None
    build_log: str = ""


@dataclass(slots=True)
class Heard:
    """A request. `path` is what follows /api in the control plane, the sandbox's id in the toolbox, and the listener's
    address in a preview. `status` is 0 while there is no answer, and stays so if there never is one."""

    plane: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes  # the beginning of it
    sandbox: str | None = None  # its id, where the plane is not "api"
    status: int = 0
