"""Starts one command in a local sandbox, and writes down that it did before it does.

Run as a script, by `local`, in a session of its own: it writes the launch's record, says so over its socket, waits for
the word to go, and becomes `sh`. So at whatever moment the app is killed, either the record is there, or nothing was
started: a dead app gives no word.

As a module it holds what a record is. It must not import from `app`: the script runs isolated from it.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

SANDBOX = "OPENCORD_SANDBOX"  # in the environment of whatever runs in a sandbox: the sandbox's directory
LAUNCH = "OPENCORD_LAUNCH"  # in the environment of whatever one launch started: the launch's id

READY = b"r"
GO = b"g"


@dataclass(frozen=True, slots=True)
class Launch:
    """A command that was started. A pid alone proves nothing, it may be another's by now."""

    id: str
    pid: int  # also the id of its session and its process group
    started: float  # epoch seconds, as the system tells it
    port: int  # what it was asked for; 0 for none
    actual: int  # what it listens on


def read(record: Path) -> Launch | None:
    """None when there is no such record, or none that makes sense."""
    try:
        return Launch(**json.loads(record.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write(path: Path, content: dict[str, object]) -> None:
    """All of it or nothing, whenever the process is killed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def main(record: Path, wire: int, port: int, command: str) -> None:
    os.set_inheritable(wire, False)
    app = socket.socket(fileno=wire)
    me = psutil.Process()
    launch = Launch(os.environ[LAUNCH], me.pid, me.create_time(), port, int(os.environ["PORT"]) if port else 0)
    write(record, asdict(launch))
    if not _told_to_go(app):
        record.unlink(missing_ok=True)
        return
    # Python ignores these two, and what is ignored stays so across exec: `yes | head` would never end.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execv("/bin/sh", ["sh", "-c", command])  # noqa: S606 (that is the purpose)


def _told_to_go(app: socket.socket) -> bool:
    with suppress(OSError):
        app.sendall(READY)
        return app.recv(1) == GO
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
