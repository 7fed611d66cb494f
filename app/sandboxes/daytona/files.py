"""Files into a sandbox of Daytona's, and out of it.

Daytona takes relative paths from a directory of its own, which need not be HOME: so the sandbox is asked where that is,
once. A name travels in headers that cannot hold line breaks, and quotes only maybe: so files travel under plain names,
and a command moves them from there or links to where they are. What was moved is all of the file.

https://www.daytona.io/docs/en/file-system-operations
"""

import secrets
from contextlib import aclosing
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from app.sandboxes.daytona import shell, toolbox
from app.sandboxes.daytona.calls import Pace
from app.sandboxes.provider import Absent, Completed, TooLarge
from app.turns.errors import Retriable

if TYPE_CHECKING:
    from daytona import AsyncSandbox

COMMAND = 30.0  # seconds for what is moved, measured or linked


class Files:
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._homes: dict[str, str] = {}  # by the sandbox's id

    async def upload(self, sandbox: "AsyncSandbox", path: str, content: bytes) -> None:
        home, draft = await self._home(sandbox), _on_its_way()
        bring = partial(sandbox.fs.upload_file, content, f"{home}/{draft}", ceil(self._pace.transfer))
        await toolbox.inside(sandbox, bring, "take a file", self._pace, within=self._pace.transfer)
        await self._run(sandbox, shell.take_in(draft, path), "take a file")

    async def download(self, sandbox: "AsyncSandbox", path: str, most: int) -> bytes:
        home, link = await self._home(sandbox), _on_its_way()
        shown = await self._run(sandbox, shell.show(path, link, most), "give a file", shell.MISSING, shell.LARGE)
        if shown.exit_code == shell.MISSING:
            raise Absent(path)
        if shown.exit_code == shell.LARGE:
            raise TooLarge(path, most)
        if shown.output.strip() == "0":  # the SDK takes an empty stream for a failure
            return b""
        read = partial(_read, sandbox, f"{home}/{link}", most, ceil(self._pace.transfer))
        content = await toolbox.inside(sandbox, read, "give a file", self._pace, within=self._pace.transfer)
        assert content is not None
        if len(content) > most:
            raise TooLarge(path, most)
        return content

    async def _home(self, sandbox: "AsyncSandbox") -> str:
        if sandbox.id not in self._homes:
            done = await toolbox.run(sandbox, shell.home(), {}, COMMAND, self._pace)
            if done.exit_code != 0 or not done.output.startswith("/"):
                raise Retriable("a sandbox does not say where its HOME is")
            self._homes[sandbox.id] = done.output.removesuffix("\n")
        return self._homes[sandbox.id]

    async def _run(self, sandbox: "AsyncSandbox", command: str, what: str, *known: int) -> Completed:
        """With an exit code of 0 or a known one."""
        done = await toolbox.run(sandbox, command, {}, COMMAND, self._pace)
        if done.exit_code and done.exit_code not in known:
            raise Retriable(f"a sandbox could not {what}: exit code {done.exit_code}")
        return done


def _on_its_way() -> str:
    return f"{shell.TRANSIT}/{secrets.token_hex(8)}"


async def _read(sandbox: "AsyncSandbox", path: str, most: int, within: int) -> bytes:
    """More than `most` only when it has grown meanwhile, and then not all of it."""
    content = bytearray()
    stream: Any = await sandbox.fs.download_file_stream(path, within)
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            content += chunk
            if len(content) > most:
                break
    return bytes(content)
