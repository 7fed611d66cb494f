"""What Discord's refusals mean: the codes we know, as exceptions and in words.

Every one is a Refused or a Retriable of the ground floor. Neither kind ever holds a token, a path or a message's text:
a reason names the route by its template, and Discord's own code and message.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from app.discord.buckets import Route
from app.turns.errors import Refused, Retriable, Unfit, UnfitFiles
from app.words import refusals

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
TOO_LARGE = 40005
TAG_REQUIRED = 40067
ALREADY_ACKNOWLEDGED = 40060
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
INVALID_WEBHOOK_TOKEN = 50027
ARCHIVED = 50083
CANNOT_REPLY = 160002
THREAD_EXISTS = 160004
LOCKED = 160005
TOO_MANY_THREADS = 160006
BLOCKED = (200000, 240000)  # by AutoMod, for a word or for a link
WHOLE_CHANNEL = (MISSING_ACCESS, ARCHIVED, CANNOT_REPLY, LOCKED, TOO_MANY_THREADS)  # of those that come as 400 or 403

WORDS = {
    UNKNOWN_CHANNEL: refusals.CHANNEL_GONE,
    UNKNOWN_MESSAGE: refusals.MESSAGE_GONE,
    50006: refusals.EMPTY_MESSAGE,
    TOO_LARGE: refusals.FILE_TOO_LARGE,
    TAG_REQUIRED: refusals.TAG_REQUIRED,
    ARCHIVED: refusals.ARCHIVED,
    LOCKED: refusals.LOCKED,
    **dict.fromkeys(BLOCKED, refusals.BLOCKED),
    TOO_MANY_THREADS: refusals.TOO_MANY_THREADS,
}


class Unauthorized(Retriable):
    """Discord does not accept the bot's token. Later, because an operator can mend that and no turn is lost by it."""


class Unavailable(Retriable):
    """Discord cannot be reached, is broken, or makes us wait longer than the request may take."""


class Rejected(Refused):
    """Discord said no: an answer of 4xx. `reason` is for the log."""

    def __init__(self, tell: str, reason: str, status: int, code: int) -> None:
        super().__init__(tell)
        self.reason = reason
        self.status = status
        self.code = code

    def __str__(self) -> str:
        return self.reason


class Forbidden(Rejected):
    pass


class NotFound(Rejected):
    pass


class TokenDead(Rejected):
    """The interaction's token opens nothing: it is more than fifteen minutes old, or the first answer to the
    interaction has not reached Discord yet."""


def refusal(route: Route, status: int, body: object) -> Rejected | Unauthorized:
    """The exception for an answer of 4xx."""
    said = body if isinstance(body, dict) else {}
    code = said["code"] if isinstance(said.get("code"), int) else 0
    reason = f"{route}: {status}, code {code}: {str(said.get('message', ''))[:200]}"
    if route.webhook and _is_dead(status, code):
        return token_dead(reason, status, code)
    if status == 401:
        return Unauthorized(reason, after=30.0)
    kind = {403: Forbidden, 404: NotFound}.get(status, Rejected)
    return kind(_words(route, status, code), reason, status, code)


def unfit(refusal: Rejected, *, with_files: bool) -> Unfit | None:
    """What it says about a message of ours alone; None where the next one would fare no better. Which permission is
    missing Discord does not say, so a message that had files is worth another try without them."""
    if refusal.code in BLOCKED:
        return Unfit(refusal.tell)
    if refusal.status not in (400, 403, 413) or refusal.code in WHOLE_CHANNEL:
        return None
    if with_files:
        return UnfitFiles(_about_files(refusal))
    return Unfit(refusal.tell) if refusal.status == 400 else None


def _about_files(refusal: Rejected) -> str:
    if refusal.status == 403:
        return refusals.NO_ATTACHING
    if refusal.status == 413 or refusal.code == TOO_LARGE:
        return refusals.TOO_LARGE_HERE
    return refusals.FILES_REFUSED.format(status=refusal.status, code=refusal.code)


def token_dead(reason: str, status: int = 0, code: int = 0) -> TokenDead:
    return TokenDead(refusals.COMMAND_EXPIRED, reason, status, code)


def _is_dead(status: int, code: int) -> bool:
    return status == 401 or code in (UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN)


def _words(route: Route, status: int, code: int) -> str:
    if code == MISSING_ACCESS:
        return _forbidden("View Channel")
    if code == CANNOT_REPLY:
        return _forbidden("Read Message History")
    if code in WORDS:
        return WORDS[code]
    if status == 403 and route.needs:
        return _forbidden(route.needs)
    return refusals.REFUSED.format(status=status, code=code)


def _forbidden(permission: str) -> str:
    return refusals.PERMISSION_MISSING.format(permission=permission)
