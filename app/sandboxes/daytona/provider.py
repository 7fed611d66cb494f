"""Sandboxes at Daytona: the Provider port over its SDK. Making one is in `birth`, how they change is in
`life`, what runs in them in `toolbox`, what lies in them in `files`, what may go wrong in `errors`.

A ref is Daytona's id. A sandbox is found again by its name, which is ours and unique in the organisation: so nothing
that is lost on the way, neither an answer nor this process, makes a second one. What a handle remembers of a sandbox
may be out of date: before anything is decided from it one looks again, or what is done comes out right all the same.

Nothing secret is given to Daytona itself: no environment, no labels, no command holds any. Programs find theirs in a
file in the sandbox.
"""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.sandboxes.daytona import life, toolbox
from app.sandboxes.daytona.birth import Birth
from app.sandboxes.daytona.calls import Pace, both, deadline, once, repeated
from app.sandboxes.daytona.cloud import Cloud
from app.sandboxes.daytona.errors import Failed
from app.sandboxes.daytona.files import Files
from app.sandboxes.daytona.image import Size
from app.sandboxes.provider import (
    PORT,
    Access,
    Completed,
    Endpoint,
    Gone,
    Instance,
    Labels,
    Link,
    Program,
    Reserved,
    Unclear,
    Unserved,
)
from app.turns.errors import Refused, Retriable

if TYPE_CHECKING:
    from daytona import AsyncSandbox

log = structlog.get_logger()

OURS = {"app": "opencord"}
_LANGUAGE = "code-toolbox-language"  # a label that the SDK puts on everything it makes
# OpenCode's, and Daytona's own: toolbox, web terminal, recordings. https://www.daytona.io/docs/en/preview
_NOT_SHOWN = frozenset({PORT, 2280, 22222, 33333})
_FRESH = 10.0  # seconds that a link, asked for during a launch, waits for somebody to ask for it


class DaytonaProvider:
    """The Provider port. `snapshot` is what sandboxes are made from; None: an image with this version of OpenCode,
    which takes minutes to build the first time. Daytona by itself stops a sandbox that is idle for `auto_stop` minutes,
    and deletes one that is stopped for `auto_delete` minutes."""

    name = "daytona"

    def __init__(
        self,
        api_key: str,
        api_url: str,
        target: str | None,
        snapshot: str | None,
        *,
        opencode: str,
        auto_stop: int,
        auto_delete: int,
        size: Size | None = None,
        pace: Pace | None = None,
    ) -> None:
        if auto_stop < 1 or auto_delete < 1:
            raise ValueError("a minute at least: 0 means never to the one, and at once to the other")
        self._pace = pace or Pace()
        self._cloud = Cloud(api_key, api_url, target, self._pace)
        self._recipe = (snapshot, opencode, size or Size(), auto_stop, auto_delete)
        self._files = Files(self._pace)
        self._links: dict[str, tuple[float, int, Endpoint]] = {}  # by ref: until when, the port, where

    async def warm(self) -> None:
        """Load the SDK and connect, which takes a second, before somebody waits for it. Never raises."""
        with suppress(Retriable):
            await self._cloud.client()

    async def create(self, name: str, labels: Labels, *, within: float) -> Instance:
        """The time for deleting what is half made, half a minute at most, comes on top of `within`."""
        await self._cloud.client()
        sdk = importlib.import_module("app.sandboxes.daytona.sdk")
        birth = Birth(self._cloud, name, sdk.order(name, labels, sdk.Recipe(*self._recipe)), self._pace)
        try:
            async with deadline(within, "make a machine"):
                sandbox = await birth.run()
        except BaseException:
            await birth.undo()
            raise
        log.info("sandbox.created", sandbox=name)
        return _instance(sandbox)

    async def find(self, name: str) -> Instance | None:
        found = await self._cloud.named(name)
        return _instance(found) if found is not None and life.state_of(found) not in life.LEAVING else None

    async def start(self, ref: str, *, within: float) -> None:
        self._links.pop(ref, None)
        try:
            async with deadline(within, "start a machine"):
                sandbox = await self._cloud.handle(ref)
                if life.state_of(sandbox) not in life.RESTING:  # one that rests is started at once: that tells as well
                    await self._cloud.look(sandbox)
                await life.up(sandbox, self._pace)
        except Failed as failure:
            if not failure.gone:
                raise
            self._cloud.forget(ref)
            raise Gone("Daytona knows no such sandbox") from failure

    async def stop(self, ref: str) -> None:
        async with deadline(self._pace.stop, "stop a machine"):
            self._links.pop(ref, None)
            try:
                sandbox = await self._cloud.handle(ref)
                if life.state_of(sandbox) != life.STARTED:
                    await self._cloud.look(sandbox)
                await life.down(sandbox, self._pace)
            except Failed as failure:
                if not failure.gone:
                    raise
        log.info("sandbox.stopped", ref=ref)

    async def delete(self, ref: str) -> None:
        """Returns when Daytona has taken the order: the name is free from then on."""
        async with deadline(self._pace.delete, "delete a machine"):
            self._links.pop(ref, None)
            try:
                await life.away(await self._cloud.handle(ref), self._pace)
            except Failed as failure:
                if not failure.gone:
                    raise
            self._cloud.forget(ref)
        log.info("sandbox.deleted", ref=ref)

    async def list(self) -> Sequence[Instance]:
        """Those labelled as ours. Daytona's list lags behind: what was made or deleted just now may be missing, or
        still be there."""
        listed = await self._cloud.listed(OURS)
        return [_instance(sandbox) for sandbox in listed if life.state_of(sandbox) not in life.LEAVING]

    async def exec(self, ref: str, command: str, *, env: Mapping[str, str] | None = None, within: float) -> Completed:
        return await toolbox.run(await self._cloud.handle(ref), command, env or {}, within, self._pace)

    async def upload(self, ref: str, path: str, content: bytes) -> None:
        await self._files.upload(await self._cloud.handle(ref), path, content)

    async def download(self, ref: str, path: str, most: int) -> bytes:
        return await self._files.download(await self._cloud.handle(ref), path, most)

    async def launch(self, ref: str, program: Program) -> None:
        """Whoever asks for its endpoint first finds that it was asked for meanwhile."""
        sandbox = await self._cloud.handle(ref)
        self._links.pop(ref, None)
        asked: Endpoint | None = None

        async def ask() -> None:
            nonlocal asked
            with suppress(Retriable, Refused):
                asked = await self._link(sandbox, program.port)

        await toolbox.launch(sandbox, program, self._pace, alongside=ask)
        if asked is not None:
            self._links[ref] = (asyncio.get_running_loop().time() + _FRESH, program.port, asked)
        log.info("sandbox.launched", ref=ref, program=program.name)

    async def endpoint(self, ref: str, port: int) -> Endpoint:
        until, of, link = self._links.pop(ref, (0.0, 0, Endpoint("")))
        if of == port and asyncio.get_running_loop().time() < until:
            return link
        try:
            sandbox = await self._cloud.handle(ref)
            serves = toolbox.serves(sandbox, port, self._pace)
            link, served = await both(self._link(sandbox, port), serves)
        except Failed as failure:
            if not (failure.unclear or failure.status == 429):
                raise
            raise Unclear(str(failure), failure.after, failure.tell) from failure
        if not served:
            raise Retriable(f"nothing that was launched on port {port} runs in the sandbox")
        return link

    async def preview(self, ref: str, port: int, seconds: int) -> Link:
        """Signed for this one port. The token of `_link` opens all of them, and is never shown.

        https://www.daytona.io/docs/en/preview#signed-preview-url
        """
        if port in _NOT_SHOWN:
            raise Reserved(port)
        sandbox = await self._cloud.handle(ref)
        if not await toolbox.listens(sandbox, port, self._pace):
            raise Unserved(port)
        sign = partial(sandbox.create_signed_preview_url, port, seconds)
        return Link((await repeated(sign, "sign a link to a port", self._pace)).url, is_local=False)

    async def ssh(self, ref: str, minutes: int) -> Access:
        """https://www.daytona.io/docs/en/ssh-access"""
        sandbox = await self._cloud.handle(ref)
        grant = partial(sandbox.create_ssh_access, minutes)
        granted = await repeated(grant, "give access by ssh", self._pace)
        return Access(granted.ssh_command, granted.expires_at.timestamp())

    async def touch(self, ref: str) -> None:
        """Best effort: it never raises, since the next one is due soon."""
        with suppress(Retriable, Refused):
            sandbox = await self._cloud.handle(ref)
            await once(sandbox.refresh_activity, "touch a sandbox", self._pace.call)

    async def close(self) -> None:
        """The sandboxes go on: they are Daytona's."""
        await self._cloud.close()

    async def _link(self, sandbox: "AsyncSandbox", port: int) -> Endpoint:
        """The token is good until the next start. Traffic does not count as use: a stream of events that stays open
        would keep an idle machine awake, so it is `touch` that keeps a busy one.

        https://www.daytona.io/docs/en/preview
        """
        link = await repeated(partial(sandbox.get_preview_link, port), "say where a port is", self._pace)
        headers = {
            "x-daytona-preview-token": link.token,
            "X-Daytona-Skip-Preview-Warning": "true",
            "X-Daytona-Skip-Last-Activity-Update": "true",
        }
        return Endpoint(link.url.rstrip("/"), headers)


def _instance(sandbox: "AsyncSandbox") -> Instance:
    labels = {name: value for name, value in sandbox.labels.items() if name != _LANGUAGE}
    return Instance(sandbox.id, sandbox.name, life.condition_of(sandbox), labels)
