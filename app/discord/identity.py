"""Who we are, as Discord says: the application behind the token, asked at start and remembered.

It is also the check that Discord can be reached at all: made at the start until Discord has answered once, and after
that at most once a minute, however often the readiness page is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from app.discord.errors import Unauthorized
from app.turns.errors import Refused, Retriable

log = structlog.get_logger()

FRESH_SECONDS = 60.0
ANSWER_SECONDS = 5.0  # nobody who asks how we are waits longer, whatever becomes of the retries


@dataclass(frozen=True, slots=True)
class Application:
    id: str
    public_key: str  # 64 hex digits
    bot: str  # the id of its user, which need not be its own


class Identity:
    """What the environment said wins; the rest is asked. Give both, and nothing has to wait for Discord."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Application]],
        clock: Callable[[], float],
        application_id: str | None = None,
        public_key: str | None = None,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._application_id = application_id
        self._public_key = public_key
        self._bot: str | None = None
        self._asked_at: float | None = None
        self.last_problem: str | None = "Discord has not been asked yet"
        self._asking = asyncio.Lock()

    @property
    def application_id(self) -> str | None:
        return self._application_id

    @property
    def public_key(self) -> str | None:
        """None until Discord has told it: nothing can be verified before."""
        return self._public_key

    async def bot(self) -> str:
        """The id of our user. Raises Retriable until Discord has told it."""
        if self._bot is None:
            await self.problem()
        if self._bot is None:
            raise Retriable("Discord has not told yet who we are", after=1.0)
        return self._bot

    async def problem(self) -> str | None:
        """Why Discord cannot be used, in words for the operator; None when all is well. At most a minute old."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._asking:
                if self._asked_at is None or self._clock() - self._asked_at >= FRESH_SECONDS:
                    await self._check()
        except TimeoutError:
            self._note("Discord does not answer")
        return self.last_problem

    async def introduce(self) -> None:
        """Ask until Discord has answered once, ever more slowly."""
        pause = 1.0
        while await self.problem() is not None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, FRESH_SECONDS)
            self._asked_at = None

    async def _check(self) -> None:
        self._asked_at = self._clock()
        try:
            application = await self._ask()
        except Unauthorized:
            self._note("Discord does not accept DISCORD_TOKEN: copy it again from the developer portal")
        except (Retriable, Refused) as failure:
            self._note(f"Discord cannot be reached: {failure}")
        else:
            self._application_id = self._application_id or application.id
            self._public_key = self._public_key or application.public_key
            self._bot = application.bot
            self._note(None)

    def _note(self, problem: str | None) -> None:
        """Said in the log when it changes, not each time."""
        is_new, self.last_problem = problem != self.last_problem, problem
        if is_new and problem is None:
            log.info("discord.connected")
        elif is_new:
            log.error("discord.unusable", why=problem)
