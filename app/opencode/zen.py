"""One short completion over OpenCode Zen, in time or not at all.

Nothing is asked twice: whoever needs the answer has gone on by the time that a second attempt would bring it. What goes
wrong is a value, for the caller has another way each time; no value and no line of the log carries a body or a header.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx

from app.opencode.config import ZEN
from app.opencode.dialects import Question, dialect_of

MOST_BYTES = 256 * 1024  # of an answer that should be a line
MOST_AT_ONCE = 16
# Some of Zen's plans refuse requests that belong to no session, and keep those of one together.
SESSION = {"x-opencode-session": "ses_opencord", "x-opencode-client": "opencord"}


class Why(StrEnum):
    LATE = "late"
    UNREACHABLE = "unreachable"
    UNAUTHORISED = "unauthorised"  # the key, or the balance behind it
    LIMITED = "limited"
    REFUSED = "refused"
    BROKEN = "broken"  # on the other side
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Unanswered:
    why: Why
    status: int | None = None
    after: float | None = None  # seconds that it asked to be left alone for


class Zen:
    def __init__(self, http: httpx.AsyncClient, url: str, key: str, model: str, clock: Callable[[], float]) -> None:
        """`model` may come with OpenCode's name of Zen in front, as elsewhere."""
        self._http = http
        self._model = model.removeprefix(f"{ZEN}/")
        self._dialect = dialect_of(self._model)
        self._url = url.rstrip("/") + self._dialect.path(self._model)
        self._headers = {**self._dialect.headers(key), **SESSION, "Content-Type": "application/json"}
        self._clock = clock
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def complete(self, question: Question, within: float) -> str | Unanswered:
        """What the model says, waiting included within so many seconds."""
        try:
            async with asyncio.timeout(within), self._room:
                return await self._ask(question, within)
        except (TimeoutError, httpx.TimeoutException):
            return Unanswered(Why.LATE)
        except (httpx.HTTPError, httpx.InvalidURL):
            return Unanswered(Why.UNREACHABLE)

    async def _ask(self, question: Question, within: float) -> str | Unanswered:
        # ASCII: people's messages may hold halves of surrogate pairs, which UTF-8 has no bytes for.
        body = json.dumps(self._dialect.body(self._model, question)).encode("ascii")
        request = self._http.stream("POST", self._url, content=body, headers=self._headers, timeout=within)
        async with request as response:
            if response.status_code != 200:
                return _refusal(response, self._clock())
            answer = await _body(response)
        return self._understood(answer)

    def _understood(self, answer: bytes) -> str | Unanswered:
        try:
            return self._dialect.text(json.loads(answer))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return Unanswered(Why.NONSENSE, 200)


async def _body(response: httpx.Response) -> bytes:
    """Cut off where it gets absurd: it makes no sense then anyway."""
    answer = b""
    async for piece in response.aiter_bytes():
        answer += piece
        if len(answer) > MOST_BYTES:
            break
    return answer[:MOST_BYTES]


def _refusal(response: httpx.Response, now: float) -> Unanswered:
    status = response.status_code
    match status:
        case 401 | 402 | 403:
            return Unanswered(Why.UNAUTHORISED, status)
        case 429:
            return Unanswered(Why.LIMITED, status, retry_after(response.headers.get("retry-after", ""), now))
        case _:
            return Unanswered(Why.BROKEN if status >= 500 else Why.REFUSED, status)


def retry_after(header: str, now: float) -> float | None:
    """In seconds from `now`; it may also be a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", header):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return max((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now, 0.0)
