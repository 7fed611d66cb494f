"""Starting OpenCode in an instance, and asking it how it is: the port `Server`, over any `Provider`.

A server counts as started when it is healthy, of the one version that we speak, accepts its configuration and knows
the model: what is wrong with these is found here, once, and told in words, instead of in the middle of a turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import httpx
import structlog

from app.opencode import apologies
from app.opencode.catalogue import Row, entries_of, offers
from app.opencode.client import PROBE_SECONDS, Client, Health
from app.opencode.config import COMMAND, Options, environment, model_of
from app.opencode.workspace import (
    NO_GIT,
    NO_OPENCODE,
    NOT_CLONED,
    SCRIPT,
    UNSAVED,
    clone_environment,
    why_not_cloned,
)
from app.sandboxes.ports import Errand, Note, Project
from app.sandboxes.provider import PORT, Endpoint, Program, Provider, Unclear
from app.turns.catalogue import Entry
from app.turns.errors import Refused, Retriable
from app.words.apologies import GIT_MISSING, NOT_INSTALLED, NOT_STARTED, WRONG_VERSION

Learn = Callable[[Sequence[Entry]], Awaitable[None]]
log = structlog.get_logger()

# Short, for a request that comes while it boots is never answered; now and then longer, for far-away instances.
PROBES: Final = (PROBE_SECONDS, PROBE_SECONDS, PROBE_SECONDS, 2.0)
# The same for one that was up already: it may be busy.
LOOKS: Final = (PROBE_SECONDS, 1.0, 3.0)
PAUSE_SECONDS = 0.2
LAUNCHES = 2
MOST_LOST = 4  # how often in a row the provider may say that nothing runs
MOST_FOREIGN = 40
UNSAVED_SECONDS = 10.0


class Ended(Exception):
    """The program that was launched does not run any more."""


class OpenCodeServer:
    def __init__(
        self,
        http: httpx.AsyncClient,
        options: Options,
        learn: Learn | None = None,
        most_foreign: int = MOST_FOREIGN,
    ) -> None:
        """`learn` is told once what there is to choose from, as a new machine offers it: in the HOME of an older one
        people may have put agents and commands of their own. A web page instead of JSON is put up with `most_foreign`
        times in a row: proxies show them at first."""
        self._http = http
        self._options = options
        self._most_foreign = most_foreign
        self._learn = learn

    async def boot(
        self,
        provider: Provider,
        ref: str,
        password: str,
        *,
        project: Project,
        within: float,
        fresh: bool,
        note: Note,
    ) -> Endpoint:
        preparing = partial(self._prepare, provider, ref, within, project)
        try:
            async with asyncio.timeout(within):
                if fresh:
                    if project.repository or self._options.repository:
                        note(Errand.CLONING)
                    await preparing()
                endpoint = await self._started(provider, ref, password, preparing)
                await self._look_over(Client(self._http, endpoint, password), self._learn if fresh else None)
                return endpoint
        except TimeoutError as error:
            raise Retriable(f"OpenCode was not ready within {within:.0f} s", tell=NOT_STARTED) from error

    async def _look_over(self, client: Client, learn: Learn | None) -> None:
        """Raises Refused for a configuration that the server does not accept, and for a model that it does not know: a
        prompt to such a model would be taken, and never answered. What else there is to choose from is read beside it,
        as well as can be: a machine comes up without, and then the next one tells."""
        if learn is None:
            self._check(await client.providers())
            return
        reads = client.providers(), client.agents(), client.commands()
        providers, agents, commands = await asyncio.gather(*reads, return_exceptions=True)
        if isinstance(providers, BaseException):
            raise providers
        self._check(providers)
        if isinstance(agents, BaseException) or isinstance(commands, BaseException):
            log.warning("catalogue.unread", reason=str(agents if isinstance(agents, BaseException) else commands))
            return
        await self._tell(learn, entries_of(providers, agents, commands))

    def _check(self, providers: Sequence[Row]) -> None:
        model = model_of(self._options)
        if not offers(providers, model):
            raise Refused(apologies.unknown_model(model))

    async def _tell(self, learn: Learn, entries: Sequence[Entry]) -> None:
        try:
            await learn(entries)
        except Retriable as failure:
            log.warning("catalogue.unread", reason=str(failure))
        else:
            self._learn = None

    async def answers(self, endpoint: Endpoint, password: str) -> bool:
        client = Client(self._http, endpoint, password)
        for within in LOOKS:
            health = await client.health(within)
            if health in (Health.GOOD, Health.LOCKED, Health.OTHER_VERSION):
                return health is Health.GOOD
            await asyncio.sleep(PAUSE_SECONDS)
        if health is Health.SILENT:
            return False
        raise Unclear(f"OpenCode cannot be reached: {health}")

    async def has_unsaved(self, provider: Provider, ref: str) -> bool:
        done = await provider.exec(ref, UNSAVED, within=UNSAVED_SECONDS)
        if done.exit_code:
            raise Retriable("the workspace could not be looked at")
        return bool(done.output.strip())

    async def _started(
        self, provider: Provider, ref: str, password: str, preparing: Callable[[], Awaitable[None]]
    ) -> Endpoint:
        """Raises Refused when it ends by itself more than once: it would a third time."""
        program = Program("opencode", COMMAND, environment(self._options, password), PORT)
        for _ in range(LAUNCHES):
            await provider.launch(ref, program)
            try:
                return await self._until_healthy(provider, ref, password)
            except Ended:
                await preparing()
        raise Refused(NOT_STARTED)

    async def _prepare(self, provider: Provider, ref: str, within: float, project: Project) -> None:
        env = clone_environment(self._options, project)
        done = await provider.exec(ref, SCRIPT, env=env, within=within)
        match done.exit_code:
            case 0:
                return
            case code if code == NO_OPENCODE:
                raise Refused(NOT_INSTALLED)
            case code if code == NO_GIT:
                raise Refused(GIT_MISSING)
            case code if code == NOT_CLONED:
                raise Refused(why_not_cloned(done.output, project))
        last = done.output.strip().rpartition("\n")[2][-200:]
        raise Retriable(f"the workspace could not be prepared: exit code {done.exit_code}: {last}")

    async def _until_healthy(self, provider: Provider, ref: str, password: str) -> Endpoint:
        foreign = 0
        while True:
            endpoint = await self._launched(provider, ref)
            client = Client(self._http, endpoint, password)
            for within in PROBES:
                health = await client.health(within)
                if health is Health.GOOD:
                    return endpoint
                foreign = foreign + 1 if health is Health.FOREIGN else 0
                if health is Health.OTHER_VERSION or foreign > self._most_foreign:
                    raise Refused(WRONG_VERSION)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _launched(self, provider: Provider, ref: str) -> Endpoint:
        """Raises Ended when it has ended by itself."""
        lost = 0
        while lost < MOST_LOST:
            try:
                return await provider.endpoint(ref, PORT)
            except Retriable as failure:
                lost += not isinstance(failure, Unclear)
            await asyncio.sleep(PAUSE_SECONDS)
        raise Ended
