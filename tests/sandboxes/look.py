"""A look at the processes of this machine that is independent of the code under test."""

import time
from collections.abc import Callable
from pathlib import Path

import anyio
import psutil


def running_in(directory: Path) -> list[psutil.Process]:
    """Live processes whose environment names a path below `directory`, or that work there."""
    return [process for process in psutil.process_iter() if _is_in(process, str(directory))]


def _is_in(process: psutil.Process, directory: str) -> bool:
    try:
        if process.pid == psutil.Process().pid or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return directory in process.environ().get("OPENCORD_SANDBOX", "") or process.cwd().startswith(directory)
    except (psutil.Error, OSError):
        return False


def entries(directory: Path, pattern: str = "*") -> set[str]:
    """What lies there, by its path below the directory."""
    return {str(path.relative_to(directory)) for path in directory.glob(pattern)}


async def until(condition: Callable[[], object], within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        await anyio.sleep(0.01)
