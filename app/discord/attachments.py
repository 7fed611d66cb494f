"""The files of a message or a command, as Discord describes them. Pure.

https://docs.discord.com/developers/resources/message#attachment-object
"""

from collections.abc import Iterable
from dataclasses import replace

from app.ids import ChannelId, MessageId
from app.turns.records import Attachment


def attachments_of(
    said: object, channel: ChannelId | None = None, message: MessageId | None = None
) -> tuple[Attachment, ...]:
    """Of a message's list, or of what a command's options are resolved to. What is none as documented is left out."""
    listed: Iterable[object] = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    found = (_attachment(one) for one in listed)
    return tuple(replace(one, channel=channel, message=message) for one in found if one is not None)


def _attachment(said: object) -> Attachment | None:
    match said:
        case {"id": str(id), "filename": str(name), "size": int(size), "url": str(url)} if size >= 0:
            return Attachment(id, name, size, url)
    return None
