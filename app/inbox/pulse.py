"""Whether messages reach us, by the way that RELAY_MODE says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.inbox.ports import Places, Shards
from app.relay import Pulse

ALIVE_SECONDS = 90.0  # after the last heartbeat
SCHEDULER = "is `python -m scheduler` running, and does it reach the app?"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The scheduler listens."""

    shards: Shards
    clock: Callable[[], float]

    async def problem(self) -> str | None:
        """Why messages may be missed, in words for the operator; None when all is well."""
        return silence(await self.shards.pulses(), self.clock())

    async def notice(self) -> str | None:
        """What is lost although messages arrive."""
        return next((pulse.notice for pulse in await self.shards.pulses() if pulse.notice), None)


@dataclass(frozen=True, slots=True)
class Poll:
    """The clock has us look."""

    places: Places
    clock: Callable[[], float]
    every: float  # seconds

    async def problem(self) -> str | None:
        last = await self.places.caught_up_at()
        if last is None:
            return f"messages have not been read yet: {SCHEDULER}"
        if self.clock() - last > 2 * self.every:
            return f"messages were last read {self.clock() - last:.0f} s ago: {SCHEDULER}"
        return None

    async def notice(self) -> str | None:
        return None


class Off:
    """Commands alone."""

    async def problem(self) -> str | None:
        return None

    async def notice(self) -> str | None:
        return None


Ear = Gateway | Poll | Off


def silence(pulses: Sequence[Pulse], now: float) -> str | None:
    """Every shard must have been heard of, lately and without a problem. A connection that is made anew, as happens all
    the time, is none for so long."""
    count = pulses[0].shard.count if pulses else 0
    if len(pulses) < max(count, 1):
        return f"no word from the Gateway's listener yet: {SCHEDULER}"
    for pulse in pulses:
        if pulse.alive_at is None or now - pulse.alive_at > ALIVE_SECONDS:
            return pulse.problem or f"the Gateway's listener fell silent: {SCHEDULER}"
    return None
