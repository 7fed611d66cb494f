"""“Ask OpenCord about this message”, in the menu of any message: a form for the question, and then a turn in the thread
that the message stands in, or in the one that hangs on it.

Discord brings the message with the interaction, whoever wrote it and whatever else we may read. It is kept as it was
when the menu was opened.

https://docs.discord.com/developers/interactions/application-commands#message-commands
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.commands.admitting import admit, request_of
from app.commands.answers import Answer
from app.commands.ask import draft_of, heard
from app.commands.door import TurnedAway, Visitor
from app.commands.links import address, link
from app.commands.ports import Room
from app.discord.attachments import attachments_of
from app.discord.interactions import Interaction
from app.discord.payloads import Flag, Payload, modal, text_input, told
from app.discord.text import clean, shorten, shows
from app.ids import MessageId, ThreadId
from app.turns.drafts import Draft
from app.turns.records import About, Place
from app.words.asking import (
    ABOUT_ASKED,
    ABOUT_HINT,
    ABOUT_LABEL,
    ABOUT_TITLE,
    ITS_THREAD,
    MESSAGE_EMPTY,
    MESSAGE_WHISPERED,
    SOMEBODY,
)
from app.words.door import UNKNOWN_BUTTON

REGISTRATION: Payload = {"type": 3, "name": "Ask OpenCord about this message"}

LONGEST_TEXT = 6000  # characters of the message


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await heard(interaction, room)
    about, message = about_of(interaction)
    attachments = attachments_of(message.get("attachments"), about.channel, about.message)
    if not shows(about.text) and not attachments:
        raise TurnedAway(MESSAGE_EMPTY)
    draft = Draft(visitor.asker.id, visitor.at, attachments=attachments, about=about)
    await room.ledger.keep(interaction.id, draft, room.clock())
    question = text_input("question", ABOUT_LABEL, placeholder=ABOUT_HINT, required=False)
    return Answer(modal(f"about:{interaction.id}", ABOUT_TITLE, question))


async def press(interaction: Interaction, room: Room) -> Answer:
    """`about:<interaction>`: the form comes back."""
    visitor = await heard(interaction, room)
    draft = await draft_of(interaction, visitor, room)
    if draft.about is None:
        raise TurnedAway(UNKNOWN_BUTTON)
    question = interaction.fields.get("question", "")
    return await asked(interaction, visitor, question.strip() if shows(question) else "", draft, draft.about, room)


def about_of(interaction: Interaction) -> tuple[About, Mapping[str, Any]]:
    """With the message itself, as Discord describes it. Raises TurnedAway."""
    messages = interaction.resolved.get("messages")
    message = messages.get(interaction.target) if isinstance(messages, dict) else None
    if not isinstance(message, dict) or interaction.channel is None or interaction.target is None:
        raise TurnedAway(MESSAGE_EMPTY)
    if int(message.get("flags") or 0) & Flag.EPHEMERAL:
        raise TurnedAway(MESSAGE_WHISPERED)
    author = message.get("author") or {}
    name = str(author.get("global_name") or author.get("username") or SOMEBODY)
    about = About(interaction.channel.id, MessageId(interaction.target), name, shorten(text_of(message), LONGEST_TEXT))
    return about, message


def text_of(message: Mapping[str, Any]) -> str:
    """Its content, and the words of its embeds."""
    embeds: Sequence[Any] = message.get("embeds") or ()
    words = [embed.get(part) for embed in embeds if isinstance(embed, dict) for part in ("title", "description")]
    return clean("\n".join(str(part) for part in (message.get("content"), *words) if part))


async def asked(
    interaction: Interaction, visitor: Visitor, question: str, draft: Draft, about: About, room: Room
) -> Answer:
    """Said to the asker alone: everybody sees it in the thread."""
    place = await place_of(visitor, about, room)
    request = request_of(interaction, replace(visitor, place=place), question)
    await admit(replace(request, attachments=draft.attachments, about=about), room)
    there = address(place.guild, place.thread or about.message)
    return Answer(told(ABOUT_ASKED.format(thread=link(ITS_THREAD, there))))


async def place_of(visitor: Visitor, about: About, room: Room) -> Place:
    """A thread that hangs on the message has its id; one that is ours already is gone on with."""
    place, hanging = visitor.place, ThreadId(about.message)
    if place.thread is None and await room.ledger.is_ours(hanging) is not False:
        return replace(place, thread=hanging)
    return place
