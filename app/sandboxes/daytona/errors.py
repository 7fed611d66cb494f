"""What went wrong at Daytona, in our two words: Retriable and Refused.

The SDK and the clients generated below it raise four families of exceptions, some methods one and some another; what
they share is a status and headers, and that is all that is looked at. No status means that nothing is known: a lost
connection, a page of HTML, a deadline. The call may have taken effect all the same.

Daytona's own words are matched, never repeated: they hold ids, and may hold what was sent.

https://www.daytona.io/docs/en/python-sdk/common/errors
"""

import re
from collections.abc import Mapping
from typing import Any

import structlog

from app.turns.errors import Refused, Retriable
from app.words.machine import DAYTONA_UNREACHABLE, KEY_REFUSED, LIMIT_REACHED, NO_SNAPSHOT

log = structlog.get_logger()

LONGEST_WAIT = 5.0  # seconds that a call may be told to wait before it is repeated; beyond, the turn waits


class Failed(Retriable):
    """It did not work, or nobody knows whether it did. `status` is that of the answer, None without one."""

    def __init__(self, reason: str, status: int | None = None, after: float | None = None) -> None:
        super().__init__(reason, after, tell=DAYTONA_UNREACHABLE)
        self.status = status

    @property
    def gone(self) -> bool:
        return self.status == 404

    @property
    def busy(self) -> bool:
        """Another change of the sandbox is under way."""
        return self.status == 409

    @property
    def unclear(self) -> bool:
        """It may have taken effect."""
        return self.status is None or self.status == 408 or self.status >= 500

    def wait(self, pause: float) -> float | None:
        """Seconds until the same call may be repeated, `pause` if nothing else was said; None: it does not help, or
        would take too long."""
        if self.status == 429 or self.status == 503:
            asked = pause if self.after is None else self.after
            return asked if asked <= LONGEST_WAIT else None
        return pause if self.unclear else None


class Unauthorised(Refused):
    """Nothing was done, and nothing will be."""

    def __init__(self) -> None:
        super().__init__(KEY_REFUSED)


class NoSuchSnapshot(Refused):
    def __init__(self) -> None:
        super().__init__(NO_SNAPSHOT)


class Inactive(Failed):
    """The snapshot has to be activated first: Daytona puts away those that nobody used for two weeks."""


def translate(error: Exception, what: str) -> Failed | Refused:
    """`what` completes "Daytona could not". A status that says that it will never work becomes Refused."""
    status = _status(error)
    words = str(error).lower()
    if status in (401, 403):
        log.error("daytona.unauthorised", status=status)
        return Unauthorised()
    if status == 400 and "limit exceeded" in words:
        return Refused(LIMIT_REACHED)
    if status in (400, 404) and "snapshot" in words:
        if "inactive" in words:
            return Inactive(f"Daytona could not {what}: its snapshot is inactive", status)
        if "not found" in words or "does not exist" in words:
            return NoSuchSnapshot()
    return Failed(f"Daytona could not {what}: {_clue(error, status)}", status, retry_after(error))


def _status(error: Exception) -> int | None:
    """The SDK calls it `status_code`, the generated clients `status`."""
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _clue(error: Exception, status: int | None) -> str:
    code = vars(error).get("code")  # as a property of others it is a status, and warns
    known = isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z_]{2,60}", code)
    return " ".join(filter(None, (str(status or type(error).__name__), code if known else None)))


def retry_after(error: Exception) -> float | None:
    """The longest of the seconds that it was told to wait. The limits have a header each, and the SDK keeps headers in
    a dictionary that tells capitals from small letters. Dates are not given.

    https://www.daytona.io/docs/en/limits
    """
    headers: Any = getattr(error, "headers", None)
    if not isinstance(headers, Mapping):
        return None
    told = [value for name, value in headers.items() if str(name).lower().startswith("retry-after")]
    return max((float(value) for value in told if re.fullmatch(r"\d{1,6}(\.\d+)?", str(value))), default=None)
