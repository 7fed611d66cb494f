"""Daytona's client and its handles on sandboxes: one of the first per process, one of the second per sandbox.

The client is made in the loop that first needs it and cannot be used in another; a handle that is not needed any more
listens on for five minutes. What a handle says of its sandbox is a memory.
"""

import importlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread

from app.sandboxes.daytona.calls import Pace, repeated
from app.sandboxes.daytona.errors import Failed
from app.sandboxes.daytona.life import LEAVING, state_of
from app.turns.errors import Retriable

if TYPE_CHECKING:
    from daytona import AsyncDaytona, AsyncSandbox

_LIST = 60.0  # seconds for all pages
_CLOSE = 2.0  # seconds: the process is about to end


class Cloud:
    def __init__(self, api_key: str, api_url: str, target: str | None, pace: Pace) -> None:
        self._access = (api_key, api_url, target)
        self._pace = pace
        self._client: AsyncDaytona | None = None
        self._opening = anyio.Lock()
        self._closed = False
        self._handles: dict[str, AsyncSandbox] = {}  # by id

    async def client(self) -> "AsyncDaytona":
        if self._client is None:
            async with self._opening:
                if self._client is None:
                    self._client = await self._connect()
        if self._closed:
            raise Retriable("the connection to Daytona is closed")
        return self._client

    async def _connect(self) -> "AsyncDaytona":
        if self._closed:
            raise Retriable("the connection to Daytona is closed")
        sdk: Any = await anyio.to_thread.run_sync(importlib.import_module, "app.sandboxes.daytona.sdk")
        return cast("AsyncDaytona", sdk.connect(*self._access))

    async def named(self, name: str) -> "AsyncSandbox | None":
        """As it is now; None where there is none of that name."""
        known = next((handle for handle in self._handles.values() if handle.name == name), None)
        if known is not None:
            try:
                await self.look(known)
            except Failed as failure:
                if not failure.gone:
                    raise
            # One that is being deleted has lost its name already, maybe to another.
            if known.id in self._handles and known.name == name and state_of(known) not in LEAVING:
                return known
            self.forget(known.id)
        return await self._get(name)

    async def handle(self, ref: str) -> "AsyncSandbox":
        """As it was when it was last looked at. Raises Failed, gone, for one that Daytona does not know."""
        if (known := self._handles.get(ref)) is not None:
            return known
        found = await self._get(ref)
        if found is None:
            raise Failed("Daytona knows no such sandbox", 404)
        return found

    async def look(self, sandbox: "AsyncSandbox") -> None:
        try:
            await repeated(sandbox.refresh_data, "look at a sandbox", self._pace)
        except Failed as failure:
            if failure.gone:
                self.forget(sandbox.id)
            raise

    async def listed(self, labels: Mapping[str, str]) -> "Sequence[AsyncSandbox]":
        """As the search index has them, which lags behind: fit for finding what was forgotten, not for deciding what
        exists."""
        client = await self.client()
        sdk = importlib.import_module("app.sandboxes.daytona.sdk")

        async def all_pages() -> "list[AsyncSandbox]":
            return [sandbox async for sandbox in sdk.labelled(client, labels)]

        found = await repeated(all_pages, "list the sandboxes", self._pace, _LIST)
        ids = {sandbox.id for sandbox in found}
        for ref in [ref for ref in self._handles if ref not in ids]:
            self.forget(ref)
        return found

    def keep(self, sandbox: "AsyncSandbox") -> None:
        self._handles[sandbox.id] = sandbox

    def forget(self, ref: str) -> None:
        self._handles.pop(ref, None)

    async def _get(self, name_or_id: str) -> "AsyncSandbox | None":
        client = await self.client()
        try:
            found = await repeated(partial(client.get, name_or_id), "look for a sandbox", self._pace)
        except Failed as failure:
            if failure.gone:
                return None
            raise
        self.keep(found)
        return found

    async def close(self) -> None:
        """Harmless more than once, and where nothing was opened. What is under way fails."""
        self._closed = True
        async with self._opening:
            client, self._client = self._client, None
            self._handles.clear()
            if client is not None:
                with anyio.move_on_after(_CLOSE, shield=True):
                    await client.close()  # type: ignore[no-untyped-call]
