"""How Discord says no: one exception, the codes that the simulator uses, and the tree of complaints about a body.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from enum import Enum
from typing import Any

Json = dict[str, Any]


class Code(Enum):
    """HTTP status, Discord's code, Discord's words."""

    NOT_FOUND = (404, 0, "404: Not Found")
    WRONG_METHOD = (405, 0, "405: Method Not Allowed")
    UNAUTHORIZED = (401, 0, "401: Unauthorized")
    UNKNOWN_APPLICATION = (404, 10002, "Unknown Application")
    UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
    UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
    UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
    UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
    UNKNOWN_USER = (404, 10013, "Unknown User")
    UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
    UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
    UNKNOWN_COMMAND = (404, 10063, "Unknown application command")
    UNKNOWN_TAG = (404, 10087, "Unknown tag")
    TOO_MANY_FILES = (400, 30015, "Maximum number of attachments in a message reached (10)")
    TOO_MANY_EDITS = (429, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later.")
    TOO_MANY_COMMANDS = (400, 30032, "Maximum number of application commands reached (100)")
    TOO_MANY_CREATES = (429, 30034, "Max number of daily application command creates has been reached (200)")
    TOO_LARGE = (413, 40005, "Request entity too large")
    ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
    TAG_REQUIRED = (400, 40067, "A tag is required to create a forum post in this channel")
    BLOCKED = (403, 40333, "internal network error")
    MISSING_ACCESS = (403, 50001, "Missing Access")
    NOT_AUTHOR = (403, 50005, "Cannot edit a message authored by another user")
    EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
    MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
    SYSTEM_MESSAGE = (403, 50021, "Cannot execute action on a system message")
    WRONG_CHANNEL_TYPE = (400, 50024, "Cannot execute action on this channel type")
    INVALID_TOKEN = (401, 50027, "Invalid Webhook Token")
    TOO_OLD = (400, 50034, "You can only bulk delete messages that are under 14 days old.")
    INVALID_BODY = (400, 50035, "Invalid Form Body")
    THREAD_ARCHIVED = (400, 50083, "Thread is archived")
    INVALID_JSON = (400, 50109, "The request body contains invalid JSON.")
    CANNOT_REPLY = (400, 160002, "Cannot reply without permission to read message history")
    HAS_THREAD = (400, 160004, "A thread has already been created for this message")
    THREAD_LOCKED = (400, 160005, "Thread is locked")


class Refusal(Exception):
    """What Discord answers instead of doing it."""

    def __init__(self, code: Code, errors: Json | None = None) -> None:
        self.status, self.code, self.message = code.value
        self.errors = errors
        super().__init__(f"{self.status} {self.code} {self.message} {errors or ''}".strip())

    @property
    def body(self) -> Json:
        return {"message": self.message, "code": self.code} | ({"errors": self.errors} if self.errors else {})


class Complaints:
    """Everything that is wrong with a body, gathered so that one answer names it all."""

    def __init__(self) -> None:
        self.tree: Json = {}

    def add(self, path: str, code: str, message: str) -> None:
        """`path` is dotted, as in `embeds.0.title`; the empty one is the body as a whole."""
        node = self.tree
        for key in filter(None, path.split(".")):
            node = node.setdefault(key, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def require(self, path: str) -> None:
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def text(self, path: str, value: object, least: int, most: int) -> None:
        """Complain unless `value` is a string of `least` to `most` characters. Blanks at its ends count as little as
        they do at Discord, which takes them off."""
        if not isinstance(value, str):
            self.add(path, "BASE_TYPE_BAD_TYPE", "Could not interpret this value as a string.")
        elif least and len(value.strip()) < least:
            self.require(path) if not value.strip() else self.between(path, least, most)
        elif len(value) > most:
            code, words = (
                ("BASE_TYPE_BAD_LENGTH", f"between {least} and {most}") if least else (None, f"{most} or fewer")
            )
            self.add(path, code or "BASE_TYPE_MAX_LENGTH", f"Must be {words} in length.")

    def between(self, path: str, least: int, most: int) -> None:
        self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")

    def choice(self, path: str, value: object, choices: object) -> None:
        self.add(path, "BASE_TYPE_CHOICES", f"Value {value!r} is not one of {choices}.")

    def finish(self) -> None:
        if self.tree:
            raise Refusal(Code.INVALID_BODY, self.tree)


def invalid(path: str, code: str, message: str) -> Refusal:
    complaints = Complaints()
    complaints.add(path, code, message)
    return Refusal(Code.INVALID_BODY, complaints.tree)
