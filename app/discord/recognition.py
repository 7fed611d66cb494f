"""How messages of ours are known again that an earlier attempt may have posted: Discord remembers nonces for minutes.
Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.discord.payloads import Payload
from app.turns.records import Content, Turn


def says(message: Payload, content: str) -> bool:
    """Discord strips the white space around a message."""
    return str(message.get("content", "")).strip() == content.strip()


def holds(message: Payload, content: Content) -> bool:
    """Discord changes the names of files: spaces and whatever it does not like. Their sizes it leaves."""
    attachments = [(_letters(str(one.get("filename"))), one.get("size")) for one in message.get("attachments") or ()]
    files = [(_letters(file.name), len(file.content)) for file in content.files]
    return says(message, content.text) and sorted(attachments, key=str) == sorted(files, key=str)


def _letters(name: str) -> str:
    return "".join(character for character in name if character.isascii() and character.isalnum())


def is_for(message: Payload, key: str) -> bool:
    return any(key in custom_id for custom_id in custom_ids(message))


def answers(message: Payload, turn: Turn, reply_to: str | None) -> bool:
    """Whether it is the reply to this message; or to this command, or to nothing."""
    replies_to = (message.get("message_reference") or {}).get("message_id")
    command = (message.get("interaction_metadata") or {}).get("id")
    return replies_to == reply_to and command in (None, turn.id)


def custom_ids(message: Mapping[str, Any]) -> Iterator[str]:
    """Of its buttons and selects."""
    for row in message.get("components") or ():
        yield from (str(component.get("custom_id", "")) for component in row.get("components") or ())
