"""One request as the REST routes see it, and how a body is read: JSON, or multipart with `payload_json`.

https://docs.discord.com/developers/reference#uploading-files
"""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

from scripts.playground.discord.errors import Code, Json, Refusal, invalid
from scripts.playground.discord.records import SNOWFLAKE, Channel, Message, Upload

if TYPE_CHECKING:
    from scripts.playground.discord.courier import Courier
    from scripts.playground.discord.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """`params` are the parts of the path, `given` is the JSON body whatever it is, `files` what came beside it."""

    world: "World"
    courier: "Courier"
    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    given: Any = None
    files: Sequence[Upload] = ()

    @property
    def body(self) -> Json:
        """Raises Refusal when it is no object."""
        if self.given is None:
            return {}
        if not isinstance(self.given, dict):
            raise invalid("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return self.given

    @property
    def guild(self) -> "World":
        """The one in the path, which is all of the world. Raises Refusal when it is another, or the bot is not in it:
        which of its codes Discord has for that is nowhere documented."""
        if self.params["guild"] != self.world.guild:
            raise Refusal(Code.UNKNOWN_GUILD)
        if not self.world.bot_in_guild:
            raise Refusal(Code.MISSING_ACCESS)
        return self.world

    @property
    def channel(self) -> Channel:
        """The one in the path. Raises Refusal when there is none or the bot cannot see it."""
        channel = self.world.channel(self.params["channel"])
        self.world.need(self.world.bot, channel)
        return channel

    @property
    def message(self) -> Message:
        return self.world.message(self.channel, self.params["message"])

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """From the query. Raises Refusal (50035) when it is none or out of its range."""
        text = self.query.get(name, str(default))
        if not re.fullmatch(r"-?\d+", text):
            raise invalid(name, "NUMBER_TYPE_COERCE", f"Value {text!r} is not an int.")
        if int(text) < least:
            raise invalid(name, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        if int(text) > most:
            raise invalid(name, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        return int(text)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Route = Callable[[Call], Awaitable[Reply]]
NO_CONTENT = Reply(204)


class Routes:
    """A table of routes. `{name}` in a template is one part of the path."""

    def __init__(self) -> None:
        self.table: list[tuple[str, str, re.Pattern[str], Route]] = []

    def on(self, method: str, template: str) -> Callable[[Route], Route]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))

        def register(route: Route) -> Route:
            self.table.append((method, template, pattern, route))
            return route

        return register

    def match(self, method: str, path: str) -> tuple[str, dict[str, str], Route]:
        """Raises Refusal: 404 for a path that nobody knows, 405 for the wrong method."""
        found = [
            (verb, template, match, route)
            for verb, template, pattern, route in self.table
            if (match := pattern.fullmatch(path))
        ]
        for verb, template, match, route in found:
            if verb == method:
                return f"{method} {template}", match.groupdict(), route
        raise Refusal(Code.WRONG_METHOD if found else Code.NOT_FOUND)


def read_body(content_type: str, body: bytes) -> tuple[Any, list[Upload]]:
    """Raises Refusal when it can be neither."""
    if not body:
        return None, []
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _json(body), []
    if kind == "multipart/form-data" and (boundary := re.search(r'boundary="?([^";]+)"?', content_type)):
        return _multipart(body, boundary[1].encode())
    words = "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}."
    raise invalid("", "CONTENT_TYPE_INVALID", words)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise Refusal(Code.INVALID_JSON) from None


def _multipart(body: bytes, boundary: bytes) -> tuple[Any, list[Upload]]:
    given: Json = {}
    files: list[tuple[str, Upload]] = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = message_from_bytes(head + b"\r\n\r\n")
        name = str(headers.get_param("name", "", "content-disposition"))
        filename = headers.get_filename()
        if filename is not None:
            kind = headers.get_content_type() if headers["content-type"] else "application/octet-stream"
            files.append((name, Upload(filename, content, kind)))
        elif name == "payload_json":
            given = _json(content)
        else:
            given[name] = content.decode()
    return given, _in_order(given, files)


def _in_order(given: Any, files: list[tuple[str, Upload]]) -> list[Upload]:
    """Files sorted by their number; each `attachments` entry of a new file must name one of them."""
    numbered = {found[1]: upload for name, upload in files if (found := re.fullmatch(r"files?\[(\d+)\]", name))}
    listed = given.get("attachments") if isinstance(given, dict) else None
    for index, entry in enumerate(listed or []):
        id = str(entry.get("id"))
        if len(id) < SNOWFLAKE and id not in numbered:
            words = f"Attachment {id} has no file."
            raise invalid(f"attachments.{index}.id", "ATTACHMENT_NOT_FOUND", words)
    return [numbered[key] for key in sorted(numbered, key=int)] or [upload for _, upload in files]
