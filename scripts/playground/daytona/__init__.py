"""A Daytona on loopback, good enough for its SDK: control plane, toolbox and previews, with real processes inside."""

from scripts.playground.daytona.faults import Fault
from scripts.playground.daytona.records import Heard, Sandbox, Snapshot, State
from scripts.playground.daytona.server import DaytonaSimulator

__all__ = ["DaytonaSimulator", "Fault", "Heard", "Sandbox", "Snapshot", "State"]
