"""What we send, as Discord wants it. Pure: no I/O, and no decision about what to say.

Everything that carries text carries `allowed_mentions` too, and it allows nothing unless the caller says so: by default
Discord would ping whoever a model happens to name, with an edit as well.

https://docs.discord.com/developers/resources/message#allowed-mentions-object
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum, IntFlag
from hashlib import blake2b
from typing import Any

from app.discord.limits import AUTO_ARCHIVE_MINUTES, NONCE, THREAD_NAME
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
    CHOICES = 8


def message(
    content: str,
    *,
    nonce: str | None = None,
    reply_to: str | None = None,
    flags: int = 0,
    allowed_mentions: Mapping[str, Any] = NOBODY,
    file_names: Sequence[str] = (),
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
    return payload


def edit(content: str, *, allowed_mentions: Mapping[str, Any] = NOBODY) -> Payload:
    return {"content": content, "allowed_mentions": dict(allowed_mentions)}


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


def told(content: str, *, ephemeral: bool = True) -> Payload:
    """An answer at once."""
    flags = Flag.EPHEMERAL if ephemeral else 0
    return {"type": int(Callback.MESSAGE), "data": message(content, flags=flags)}


def no_choices() -> Payload:
    """Nothing to offer while somebody types."""
    return {"type": int(Callback.CHOICES), "data": {"choices": []}}
