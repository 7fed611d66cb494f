"""How Daytona says no: one exception and its body.

Texts are Daytona's own where clients go by them, for many refusals share status 400 and have no other sign.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

API = "DAYTONA_API"
DAEMON = "DAYTONA_DAEMON"
PROXY = "DAYTONA_PROXY"

IN_PROGRESS = "Sandbox state change in progress"
NOT_STOPPABLE = "Sandbox is not in a stoppable state"
ERRORED = "Sandbox is in an errored state"
NO_ADDRESS = (
    "bad request: failed to resolve container IP after 3 attempts: no IP address found. Is the Sandbox started?"
)
NO_CONTAINER = "sandbox container not found"


class Refusal(Exception):
    """What is answered instead of doing it. Without a message the answer has no body, as proxies do it."""

    def __init__(self, status: int, message: str = "", code: str = "", source: str = API) -> None:
        super().__init__(f"{status} {message}".strip())
        self.status, self.message, self.source = status, message, source
        self.code = code or HTTPStatus(status).name

    def body(self, path: str) -> dict[str, Any]:
        return {
            "statusCode": self.status,
            "message": self.message,
            "error": HTTPStatus(self.status).phrase,
            "code": self.code,
            "source": self.source,
            "path": path,
            "timestamp": datetime.now(UTC).isoformat(),
        }
