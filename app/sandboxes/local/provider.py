"""Sandboxes on this machine: a directory (`place`) and some processes (`processes`) each. For trying things out and
for tests: they separate homes and ports, and isolate nothing.

The work itself blocks, and is done in threads (`ground`); the first call sweeps up after an earlier process. One
process at a time may use a root. What runs in a sandbox sees a clean environment, nothing of the app's own.
"""

import asyncio
import re
import secrets
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import structlog

from app.sandboxes.local.ground import Ground, running
from app.sandboxes.local.place import Place
from app.sandboxes.provider import Access, Completed, Endpoint, Instance, Link, Overdue, Program
from app.turns.errors import Refused, Retriable
from app.words.workspace import NO_SSH

log = structlog.get_logger()

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LOOK_EVERY = 0.02  # seconds
_T = TypeVar("_T")


class LocalProvider:
    """The Provider port. `path` is the PATH that sandboxes see; `grace` is how many seconds a process has between being
    asked to end and being killed. A ref is the name."""

    name = "local"

    def __init__(self, root: Path, path: str, *, grace: float = 4.0) -> None:
        self._ground = Ground(root.resolve(), path, grace)
        self._swept = False
        self._sweeping = anyio.Lock()
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._threads = anyio.CapacityLimiter(16)  # its own, since ending processes takes seconds
        log.warning("sandbox.unisolated", root=str(self._ground.root))

    async def warm(self) -> None:
        """It is."""

    async def create(self, name: str, labels: Mapping[str, str], *, within: float) -> Instance:
        return await self._alone(name, partial(self._ground.create, self._place(name), dict(labels)))

    async def find(self, name: str) -> Instance | None:
        where = self._place(name)
        return await self._aside(where.instance)

    async def start(self, ref: str, *, within: float) -> None:
        await self._alone(ref, partial(self._ground.start, self._place(ref)))

    async def stop(self, ref: str) -> None:
        await self._alone(ref, partial(self._ground.stop, self._place(ref)))

    async def delete(self, ref: str) -> None:
        await self._alone(ref, partial(self._ground.delete, self._place(ref)))

    async def list(self) -> Sequence[Instance]:
        return await self._aside(self._ground.list)

    async def exec(self, ref: str, command: str, *, env: Mapping[str, str] | None = None, within: float) -> Completed:
        where, id = self._place(ref), secrets.token_hex(8)
        program = Program(f"command-{id}", command, env or {}, port=0)
        record = where.commands / f"{id}.json"
        code: int | None = None
        with tempfile.TemporaryFile() as output:
            try:
                with anyio.move_on_after(within):
                    child = await self._alone(ref, partial(self._ground.spawn, where, id, record, program, output))
                    code = await _exit_code(child)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._aside(partial(self._ground.settle, where, id, record, finished=code is not None))
            if code is None:
                raise Overdue(within)
            output.seek(0)
            return Completed(code, output.read().decode(errors="replace"))

    async def upload(self, ref: str, path: str, content: bytes) -> None:
        where = self._place(ref)
        await self._aside(lambda: running(where).put(path, content))

    async def download(self, ref: str, path: str, most: int) -> bytes:
        where = self._place(ref)
        return await self._aside(lambda: running(where).get(path, most))

    async def launch(self, ref: str, program: Program) -> None:
        if not _NAME.fullmatch(program.name):
            raise ValueError("a program's name is letters, digits, dots, dashes and underscores")
        await self._alone(ref, partial(self._ground.launch, self._place(ref), program))

    async def endpoint(self, ref: str, port: int) -> Endpoint:
        return await self._aside(partial(self._ground.endpoint, self._place(ref), port))

    async def preview(self, ref: str, port: int, seconds: int) -> Link:
        await self._aside(partial(self._ground.look_for, self._place(ref), port))
        return Link(f"http://127.0.0.1:{port}", is_local=True)

    async def ssh(self, ref: str, minutes: int) -> Access:
        raise Refused(NO_SSH)

    async def touch(self, ref: str) -> None:
        """Nobody but us ends a local one."""

    async def close(self) -> None:
        """End whatever runs in any sandbox, within grace and five seconds; directories stay, marked as stopped."""
        self._ground.shut()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._ground.close, limiter=self._threads)

    def _place(self, name: str) -> Place:
        if not _NAME.fullmatch(name):
            raise ValueError("a sandbox's name is letters, digits, dots, dashes and underscores")
        return Place(self._ground.root / name)

    async def _alone(self, name: str, work: Callable[[], _T]) -> _T:
        async with self._locks[name]:
            return await self._aside(work)

    async def _aside(self, work: Callable[[], _T]) -> _T:
        """In a thread, to its end even when cancelled; after the sweep."""
        async with self._sweeping:
            if not self._swept:
                await self._thread(self._ground.sweep)
                self._swept = True
        return await self._thread(work)

    async def _thread(self, work: Callable[[], _T]) -> _T:
        running = asyncio.ensure_future(anyio.to_thread.run_sync(work, limiter=self._threads))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await asyncio.wait([running])
            raise
        except OSError as error:
            raise Retriable(f"local sandbox: {error}") from error


async def _exit_code(child: subprocess.Popen[bytes]) -> int:
    while (code := child.poll()) is None:  # noqa: ASYNC110 (nothing of anyio's tells that a child has ended)
        await anyio.sleep(_LOOK_EVERY)
    return code if code >= 0 else 128 - code  # as a shell tells a signal
