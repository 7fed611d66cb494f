"""An app that is killed at a moment of one's choice: `python -m tests.sandboxes.doomed ROOT MOMENT`.

It says on standard output what it is about to do. Some moments it chooses for itself, and kills itself there.
"""

import os
import signal
import socket
import sys
from pathlib import Path

import anyio

from app.sandboxes.local import processes
from app.sandboxes.local.launcher import GO
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.provider import Program

STUBBORN = Program("server", "trap '' TERM; while :; do sleep 1; done", {}, 4096)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_when_spawned(_: socket.socket) -> None:
    die()


def die_when_recorded(wire: socket.socket) -> None:
    wire.recv(1)
    die()


def die_when_told(wire: socket.socket) -> None:
    wire.recv(1)
    wire.sendall(GO)
    die()


async def main(root: Path, moment: str) -> None:
    provider = LocalProvider(root, os.environ["PATH"], grace=60)
    for number in range(10_000 if moment == "create" else 1):
        await provider.create(f"box-{number}", {"app": "opencord"}, within=10)
        print("begin" if number == 0 else "", flush=True)
    if moment == "exec":
        await provider.exec("box-0", "sleep 301 & sleep 302", within=60)
    if hook := globals().get(f"die_when_{moment}"):
        processes._hand_over = hook
    await provider.launch("box-0", STUBBORN)
    print("launched", flush=True)
    if moment in {"stop", "delete"}:
        await getattr(provider, moment)("box-0")
    await anyio.sleep(60)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), sys.argv[2])
