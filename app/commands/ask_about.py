"""“Ask OpenCord about this message”, in the menu of any message: a form for the question, and then a turn in the thread
that the message stands in, or in the one that hangs on it.

Discord brings the message with the interaction, whoever wrote it and whatever else we may read. It is kept as it was
when the menu was opened.

https://docs.discord.com/developers/interactions/application-commands#message-commands
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from app.commands.answers import Answer
from app.commands.ask import draft_of, heard
from app.commands.door import TurnedAway, Visitor
from app.commands.links import address, link
from app.commands.ports import Room
from app.commands.words import UNKNOWN_BUTTON
from app.discord.attachments import attachments_of
from app.discord.interactions import Interaction
from app.discord.payloads import Flag, Payload, modal, text_input, told
from app.discord.text import clean, shorten, shows
from app.ids import MessageId, ThreadId, TurnId
from app.turns.drafts import Draft
from app.turns.records import About, Place, Request, Source

log = structlog.get_logger()

REGISTRATION: Payload = {"type": 3, "name": "Ask OpenCord about this message"}

LONGEST_TEXT = 6000  # characters of the message
TITLE, LABEL = "Ask about this message", "What would you like to know, or to have done?"
PLACEHOLDER = "Leave it empty, and OpenCode answers the message itself."
UNSAID = "Please answer this message, or do what it asks for."
NOTHING = "There is nothing in this message that I could read. Please choose one with words or with files."
WHISPERED = "Only you can see this message, so no thread can begin there. Please use /opencord ask instead."


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await heard(interaction, room)
    about, message = about_of(interaction)
    attachments = attachments_of(message.get("attachments"), about.channel, about.message)
    if not shows(about.text) and not attachments:
        raise TurnedAway(NOTHING)
    await room.ledger.keep(interaction.id, Draft(visitor.asker.id, attachments=attachments, about=about), room.clock())
    question = text_input("question", LABEL, placeholder=PLACEHOLDER, required=False)
    return Answer(modal(f"about:{interaction.id}", TITLE, question))


async def press(interaction: Interaction, room: Room) -> Answer:
    """`about:<interaction>`: the form comes back."""
    visitor = await heard(interaction, room)
    draft = await draft_of(interaction, visitor, room)
    if draft.about is None:
        raise TurnedAway(UNKNOWN_BUTTON)
    question = interaction.fields.get("question", "")
    return await asked(interaction, visitor, question.strip() if shows(question) else UNSAID, draft, draft.about, room)


def about_of(interaction: Interaction) -> tuple[About, Mapping[str, Any]]:
    """With the message itself, as Discord describes it. Raises TurnedAway."""
    messages = interaction.resolved.get("messages")
    message = messages.get(interaction.target) if isinstance(messages, dict) else None
    if not isinstance(message, dict) or interaction.channel is None or interaction.target is None:
        raise TurnedAway(NOTHING)
    if int(message.get("flags") or 0) & Flag.EPHEMERAL:
        raise TurnedAway(WHISPERED)
    author = message.get("author") or {}
    name = str(author.get("global_name") or author.get("username") or "somebody")
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
    request = Request(
        TurnId(interaction.id),
        Source.COMMAND,
        place,
        visitor.asker,
        question,
        attachments=draft.attachments,
        about=about,
    )
    if await room.ledger.admit(request, room.clock()):
        log.info("turn.admitted", turn=request.id, thread=place.thread)
        log.debug("turn.asked", turn=request.id, prompt=question)
    there = address(place.guild, place.thread or about.message)
    return Answer(told(f"It is asked, and answered in {link('its thread', there)}."))


async def place_of(visitor: Visitor, about: About, room: Room) -> Place:
    """A thread that hangs on the message has its id; one that is ours already is gone on with."""
    place, hanging = visitor.place, ThreadId(about.message)
    if place.thread is None and await room.ledger.is_ours(hanging) is not False:
        return replace(place, thread=hanging)
    return place
