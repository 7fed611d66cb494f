"""What we send, as Discord wants it. Pure: no I/O, and no decision about what to say.

Everything that carries text carries `allowed_mentions` too, and it allows nothing unless the caller says so: by default
Discord would ping whoever a model happens to name, with an edit as well.

https://docs.discord.com/developers/resources/message#allowed-mentions-object
https://docs.discord.com/developers/interactions/receiving-and-responding
https://docs.discord.com/developers/components/reference
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum, IntFlag
from hashlib import blake2b
from typing import Any

from app.discord.limits import AUTO_ARCHIVE_MINUTES, BUTTON_LABEL, CUSTOM_ID, NONCE, THREAD_NAME
from app.discord.text import shorten

Payload = dict[str, Any]
NOBODY: Mapping[str, Any] = {"parse": []}


class Flag(IntFlag):
    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6  # of interactions only


class Callback(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6  # of components only, as is the next
    UPDATE = 7
    CHOICES = 8


class Component(IntEnum):
    ROW = 1
    BUTTON = 2


class Style(IntEnum):
    """How a button looks."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4


def message(
    content: str,
    *,
    nonce: str | None = None,
    reply_to: str | None = None,
    flags: int = 0,
    allowed_mentions: Mapping[str, Any] = NOBODY,
    file_names: Sequence[str] = (),
    components: Sequence[Payload] = (),
) -> Payload:
    """A message to be made. With a nonce a second one within minutes is the first one; not for webhooks, which know no
    nonce. A reply to a message that is gone becomes an ordinary message."""
    payload: Payload = {"content": content, "allowed_mentions": dict(allowed_mentions)}
    if flags:
        payload["flags"] = int(flags)
    if nonce is not None:
        payload |= {"nonce": nonce, "enforce_nonce": True}
    if reply_to is not None:
        payload["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
    if file_names:
        payload["attachments"] = [{"id": str(number), "filename": name} for number, name in enumerate(file_names)]
    if components:
        payload["components"] = list(components)
    return payload


def edit(
    content: str,
    *,
    allowed_mentions: Mapping[str, Any] = NOBODY,
    components: Sequence[Payload] | None = None,
) -> Payload:
    """Components that are None stay as they are; those that are not among the new ones go."""
    payload: Payload = {"content": content, "allowed_mentions": dict(allowed_mentions)}
    return payload if components is None else payload | {"components": list(components)}


def row(*buttons: Payload) -> Payload:
    """Beside each other; five at most."""
    return {"type": int(Component.ROW), "components": list(buttons)}


def button(label: str, custom_id: str, style: Style = Style.SECONDARY) -> Payload:
    """Whoever presses it sends us `custom_id`, which no other component of its message has."""
    assert 0 < len(custom_id) <= CUSTOM_ID
    shown = shorten(label, BUTTON_LABEL)
    return {"type": int(Component.BUTTON), "style": int(style), "label": shown, "custom_id": custom_id}


def thread(name: str) -> Payload:
    """https://docs.discord.com/developers/resources/channel#start-thread-from-message"""
    one_line = " ".join(name.split())
    return {"name": shorten(one_line, THREAD_NAME) or "OpenCord", "auto_archive_duration": AUTO_ARCHIVE_MINUTES[1]}


def nonce_of(*parts: str) -> str:
    """The same parts make the same nonce, in every process."""
    return blake2b("\0".join(parts).encode(), digest_size=NONCE // 2).hexdigest()


def pong() -> Payload:
    return {"type": int(Callback.PONG)}


def deferred(*, ephemeral: bool = False) -> Payload:
    """“… is thinking”: the answer is an edit of `@original`. Whether only the asker sees it is settled here."""
    callback: Payload = {"type": int(Callback.DEFERRED)}
    return callback | {"data": {"flags": int(Flag.EPHEMERAL)}} if ephemeral else callback


def told(content: str, *, ephemeral: bool = True, components: Sequence[Payload] = ()) -> Payload:
    """An answer at once."""
    flags = Flag.EPHEMERAL if ephemeral else 0
    return {"type": int(Callback.MESSAGE), "data": message(content, flags=flags, components=components)}


def deferred_update() -> Payload:
    """A press was heard. Nothing is seen of it: an edit of `@original`, the message with the button, may come later."""
    return {"type": int(Callback.DEFERRED_UPDATE)}


def updated(content: str, *, components: Sequence[Payload] = ()) -> Payload:
    """The message with the button says this from now on; its buttons are gone, unless they are given again."""
    return {"type": int(Callback.UPDATE), "data": edit(content, components=components)}


def no_choices() -> Payload:
    """Nothing to offer while somebody types."""
    return {"type": int(Callback.CHOICES), "data": {"choices": []}}
