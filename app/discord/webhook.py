"""The webhook of an interaction: how whatever it started is answered, for fifteen minutes.

A webhook does not exist before our first answer has reached Discord, and we can be that quick: within the first
seconds an unknown webhook means "not yet", after that "no more".
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from app.discord.errors import TokenDead, token_dead
from app.discord.identity import Identity
from app.discord.limits import ACKNOWLEDGE_SECONDS, TOKEN_SECONDS
from app.discord.snowflakes import born
from app.turns.errors import Retriable

T = TypeVar("T")

SETTLING_SECONDS = ACKNOWLEDGE_SECONDS + 2.0  # in which the first answer reaches Discord, if ever
TOKEN_MARGIN_SECONDS = 15.0  # a call takes its time, and clocks differ


class Webhook:
    def __init__(
        self,
        identity: Identity,
        pauses: Sequence[float],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """`pauses` are the seconds before each further try where one came too early. `clock` is compared with the times
        in Discord's ids: epoch seconds."""
        self._identity = identity
        self._pauses = pauses
        self._clock = clock
        self._sleep = sleep

    async def reach(self, interaction: str, token: str | None, call: Callable[[str, str], Awaitable[T]]) -> T:
        """`call` gets our application's id and the token. Raises TokenDead, Retriable while it may still come alive,
        and whatever the call raises."""
        if self._identity.application_id is None:
            raise Retriable("Discord has not told yet who we are")
        if token is None or self._age(interaction) > TOKEN_SECONDS - TOKEN_MARGIN_SECONDS:
            raise token_dead("too old")
        for pause in (0.0, *self._pauses):
            if pause:
                await self._sleep(pause)
            try:
                return await call(self._identity.application_id, token)
            except TokenDead:
                if self._age(interaction) > SETTLING_SECONDS:
                    raise
        raise Retriable("the first answer to the interaction has not reached Discord yet", after=0.5)

    def _age(self, interaction: str) -> float:
        return self._clock() - born(interaction)
