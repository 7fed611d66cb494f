"""What we send, as Discord wants it. Pure: no I/O, and no decision about what to say.

Everything that carries text carries `allowed_mentions` too, and it allows nothing unless the caller says so: by default
Discord would ping whoever a model happens to name, with an edit as well.

https://docs.discord.com/developers/resources/message#allowed-mentions-object
https://docs.discord.com/developers/interactions/receiving-and-responding
https://docs.discord.com/developers/components/reference
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from hashlib import blake2b
from typing import Any

from app.discord import limits
from app.discord.notation import visible
from app.discord.text import shorten, shows, units
from app.turns.records import File

Payload = dict[str, Any]
NOBODY: Mapping[str, Any] = {"parse": []}


class Flag(IntFlag):
    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6  # of interactions only
    SUPPRESS_NOTIFICATIONS = 1 << 12  # only of new messages: an edit notifies nobody


class Callback(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6  # of components only, as is the next
    UPDATE = 7
    CHOICES = 8
    MODAL = 9  # to anything but a modal


class Component(IntEnum):
    ROW = 1
    BUTTON = 2
    SELECT = 3
    TEXT_INPUT = 4
    LABEL = 18


class Style(IntEnum):
    """How a button looks."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4


@dataclass(frozen=True, slots=True)
class View:
    """All that is seen of a message."""

    content: str
    components: tuple[Payload, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select. Two of them may look alike, but no two have the same value."""

    label: str
    value: str
    description: str = ""


def only(user: str) -> Payload:
    """Of all who are mentioned, this one is to be notified."""
    return {"parse": [], "users": [user]}


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
        payload["attachments"] = _attached(file_names)
    if components:
        payload["components"] = list(components)
    return payload


def edit(
    content: str,
    *,
    allowed_mentions: Mapping[str, Any] = NOBODY,
    components: Sequence[Payload] | None = None,
    file_names: Sequence[str] | None = None,
) -> Payload:
    """Components and files that are None stay as they are; those that are not among the new ones go."""
    payload: Payload = {"content": content, "allowed_mentions": dict(allowed_mentions)}
    if components is not None:
        payload["components"] = list(components)
    if file_names is not None:
        payload["attachments"] = _attached(file_names)
    return payload


def row(*inside: Payload) -> Payload:
    """Buttons beside each other, five at most, or one select."""
    assert 0 < len(inside) <= limits.ROW_BUTTONS
    return {"type": int(Component.ROW), "components": list(inside)}


def button(label: str, custom_id: str, style: Style = Style.SECONDARY) -> Payload:
    """Whoever presses it sends us `custom_id`, which no other component of its message has."""
    shown = label_of(label, limits.BUTTON_LABEL)
    return {"type": int(Component.BUTTON), "style": int(style), "label": shown, "custom_id": _checked(custom_id)}


def select(custom_id: str, choices: Sequence[Choice], *, placeholder: str = "", most: int = 1) -> Payload:
    """A list to choose from, at least one of at most 25, and `most` of them at a time. It fills a row."""
    assert 0 < len(choices) <= limits.SELECT_OPTIONS
    payload: Payload = {"type": int(Component.SELECT), "custom_id": _checked(custom_id)}
    payload |= {"options": [_option(choice) for choice in choices], "min_values": 1}
    payload["max_values"] = min(most, len(choices))
    return payload | ({"placeholder": label_of(placeholder, limits.PLACEHOLDER)} if shows(placeholder) else {})


def _option(choice: Choice) -> Payload:
    assert 0 < len(choice.value) <= limits.SELECT_OPTION
    option: Payload = {"label": label_of(choice.label, limits.SELECT_OPTION), "value": choice.value}
    described = {"description": label_of(choice.description, limits.SELECT_OPTION)} if shows(choice.description) else {}
    return option | described


def text_input(
    custom_id: str, label: str, *, description: str = "", placeholder: str = "", required: bool = True
) -> Payload:
    """Where somebody writes some lines in a modal. Not in a row: https://docs.discord.com/developers/components/reference#label"""
    field: Payload = {"type": int(Component.TEXT_INPUT), "custom_id": _checked(custom_id), "style": 2}
    field |= {"required": required, "max_length": limits.INPUT_VALUE}
    field |= {"placeholder": label_of(placeholder, limits.INPUT_PLACEHOLDER)} if shows(placeholder) else {}
    labelled: Payload = {"type": int(Component.LABEL), "label": label_of(label, limits.INPUT_LABEL), "component": field}
    described = {"description": label_of(description, limits.INPUT_DESCRIPTION)} if shows(description) else {}
    return labelled | described


def label_of(text: str, most: int) -> str:
    """On one line and shortened; something to see in any case, for Discord refuses a label without."""
    line = " ".join(text.split())
    return shorten(visible(line), most) if shows(line) else "…"


def _checked(custom_id: str) -> str:
    assert 0 < len(custom_id) <= limits.CUSTOM_ID
    return custom_id


def _attached(names: Sequence[str]) -> list[Payload]:
    assert len(names) <= limits.FILES
    return [{"id": str(number), "filename": name} for number, name in enumerate(names)]


def thread(name: str) -> Payload:
    """https://docs.discord.com/developers/resources/channel#start-thread-from-message"""
    one_line = " ".join(name.split())
    name = shorten(one_line, limits.THREAD_NAME) or "OpenCord"
    return {"name": name, "auto_archive_duration": limits.AUTO_ARCHIVE_MINUTES[1]}


def private_thread(name: str) -> Payload:
    """For its members alone, and whom they invite.
    https://docs.discord.com/developers/resources/channel#start-thread-without-message"""
    return thread(name) | {"type": 12, "invitable": True}


def post(name: str, text: str, tags: Sequence[str] = ()) -> Payload:
    """A thread that begins with this message, which notifies nobody."""
    begun = thread(name) | {"message": message(text, flags=Flag.SUPPRESS_EMBEDS)}
    return begun | {"applied_tags": list(tags)} if tags else begun


def nonce_of(*parts: str) -> str:
    """The same parts make the same nonce, in every process."""
    return blake2b("\0".join(parts).encode(), digest_size=limits.NONCE // 2).hexdigest()


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


def modal(custom_id: str, title: str, *inputs: Payload) -> Payload:
    """Ask for something in writing; what is written comes as an interaction with the same `custom_id`. Only as the
    first answer: nothing that was deferred can be answered with it."""
    assert 0 < len(inputs) <= limits.INPUTS
    content = {"custom_id": _checked(custom_id), "title": label_of(title, limits.MODAL_TITLE)}
    return {"type": int(Callback.MODAL), "data": content | {"components": list(inputs)}}


def suggested(choices: Sequence[tuple[str, str]]) -> Payload:
    """What is offered while somebody types: names and values, 25 at most; what is too long is left out."""
    fitting = [(name, value) for name, value in choices if 0 < units(value) <= limits.CHOICE]
    offered = [{"name": label_of(name, limits.CHOICE), "value": value} for name, value in fitting[: limits.CHOICES]]
    return {"type": int(Callback.CHOICES), "data": {"choices": offered}}
