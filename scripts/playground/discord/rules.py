"""What a test may change about Discord: its patience, its memory, its rate limits, and the clock it looks at."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class Clock:
    """Epoch seconds that can be pushed forward. Only decisions look at it: sleeping takes real time."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.time() + self.skipped

    def advance(self, seconds: float) -> None:
        self.skipped += seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window of so many seconds."""

    limit: int
    seconds: float


# Discord publishes no numbers and says not to rely on any; these are near what clients have seen.
# https://docs.discord.com/developers/topics/rate-limits
RATES: dict[str, Rate] = {
    "POST /channels/{channel}/messages": Rate(5, 5.0),
    "PATCH /channels/{channel}/messages/{message}": Rate(5, 5.0),
    "DELETE /channels/{channel}/messages/{message}": Rate(5, 1.0),
    "POST /channels/{channel}/typing": Rate(5, 5.0),
    "POST /channels/{channel}/messages/{message}/threads": Rate(10, 10.0),
    "POST /channels/{channel}/threads": Rate(10, 10.0),
    "PATCH /channels/{channel}": Rate(5, 15.0),
    "POST /webhooks/{application}/{token}": Rate(5, 2.0),
    "PATCH /webhooks/{application}/{token}/messages/{message}": Rate(5, 2.0),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Discord's own values unless a test wants to see the end of a quarter of an hour.

    `window` scales every rate limit's window: 0.02 keeps the counting and makes the waiting short. `rates` of None
    means no limits at all. `identify_seconds` is the pause between two IDENTIFYs of one bucket: 5 at Discord, and 0
    here so that whoever is not about it need not wait. `event_pauses` are those before a webhook event is sent again;
    Discord says only that they grow, for up to ten minutes. `edit_seconds` is a house rule, off by default: to edit a
    message again sooner is held against the bot.
    """

    response_seconds: float = 3.0
    token_seconds: float = 900.0
    nonce_minutes: float = 5.0
    heartbeat_ms: int = 41250
    resume_seconds: float = 180.0
    session_events: int = 10_000
    rates: Mapping[str, Rate] | None = field(default_factory=lambda: RATES)
    default_rate: Rate = Rate(10, 1.0)
    global_rate: Rate = Rate(50, 1.0)
    rename_rate: Rate = Rate(2, 600.0)  # nowhere documented; everybody who renames channels meets it
    old_edit_rate: Rate = Rate(30, 3600.0)  # of messages older than an hour; that there is one is documented, no number
    window: float = 1.0
    sessions_per_day: int = 1000
    shards: int = 1
    max_concurrency: int = 1
    identify_seconds: float = 0.0
    event_pauses: Sequence[float] = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 280.0)
    command_creates_per_day: int = 200
    edit_seconds: float = 0.0
    attachment_seconds: float = 86_400.0
    file_bytes: int = 10 * 1024 * 1024
    request_bytes: int = 25 * 1024 * 1024
