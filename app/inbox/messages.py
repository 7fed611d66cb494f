"""Messages: which of them are written down as turns, and what becomes of these when their message is edited or deleted.
One that answers a question of an agent is no turn (see `answers`). One of ours that asks it comes back once deleted.

What is written down here may still be left unanswered: whether its author is heard, and whether it is meant for us, is
decided by the turn itself (see `app.turns.routing`), for that may take a question to Discord or to a model.
"""

from dataclasses import replace

import structlog

from app.discord.interactions import Malformed
from app.discord.messages import Message, parse
from app.ids import MessageId, ThreadId, TurnId
from app.inbox.answers import answers, reply_of
from app.inbox.ports import Inbox, Object
from app.turns.records import Addressed, Place, Request, Source
from app.turns.routing import Policy, whom

log = structlog.get_logger()


async def created(body: Object, inbox: Inbox) -> None:
    """One that names us, or that stands in one of our threads."""
    message = parse(body)
    if not message.from_person:
        return
    us = await inbox.us()
    request = request_of(message, await place_of(message, inbox), us, inbox.policy)
    reply = await reply_of(body, message, names_of(us, inbox.policy), inbox.asks)
    if reply is not None and await answers(reply, request, inbox.asks, inbox.policy, inbox.clock()):
        return
    ours = request.addressed is not Addressed.US and await is_ours(message, inbox)
    if wanted(request.addressed, ours=ours):
        await admit(request, inbox)


async def edited(body: Object, inbox: Inbox) -> None:
    """Also sent when Discord itself changed something, such as a preview of a link that was found."""
    message = parse(body)
    if not message.is_edited or not message.from_person:
        return
    place = Place(message.guild, message.channel)
    request = request_of(message, place, await inbox.us(), inbox.policy)
    if not request.prompt and not request.attachments:
        return
    if await inbox.turns.amend(request.id, request.prompt, request.addressed, request.attachments):
        log.info("turn.amended", turn=request.id)


async def deleted(body: Object, inbox: Inbox) -> None:
    await withdraw([body.get("id")], inbox)


async def deleted_together(body: Object, inbox: Inbox) -> None:
    ids = body.get("ids")
    await withdraw(ids if isinstance(ids, list) else [], inbox)


async def withdraw(ids: list[object], inbox: Inbox) -> None:
    if not all(isinstance(id, str) for id in ids):
        raise Malformed("an id is missing")
    if withdrawn := await inbox.turns.withdraw([TurnId(str(id)) for id in ids]):
        log.info("turn.withdrawn", turns=withdrawn)
    if forgotten := await inbox.asks.forget([MessageId(str(id)) for id in ids], inbox.clock()):
        log.info("ask.deleted", asks=forgotten)


async def admit(request: Request, inbox: Inbox) -> None:
    if await inbox.turns.admit(request, inbox.clock()):
        log.info("turn.admitted", turn=request.id, thread=request.place.thread)
        log.debug("turn.asked", turn=request.id, prompt=request.prompt)


async def is_ours(message: Message, inbox: Inbox) -> bool:
    """Also while that is still open: the turn looks again."""
    return message.in_thread is not False and await inbox.turns.is_ours(ThreadId(message.channel)) is not False


async def place_of(message: Message, inbox: Inbox) -> Place:
    """As far as the store knows it. A category that is not the wanted one may have changed since."""
    wanted = inbox.policy.category
    if message.in_thread is not False and (known := await inbox.places.place_of(ThreadId(message.channel))):
        return replace(known, vague=wanted not in (None, known.category))
    if message.in_thread is not False:
        thread = ThreadId(message.channel) if message.in_thread else None
        return Place(message.guild, message.channel, thread, vague=True)
    category = await inbox.places.known_category(message.channel)
    return Place(message.guild, message.channel, category=category, vague=wanted not in (None, category))


def request_of(message: Message, place: Place, bot: str, policy: Policy) -> Request:
    return Request(
        TurnId(message.id),
        Source.MESSAGE,
        place,
        message.author,
        message.words(names_of(bot, policy)),
        addressed=whom(message.named, bot, policy.role),
        attachments=message.attachments,
        plain=True,
    )


def names_of(bot: str, policy: Policy) -> set[str]:
    """The ids by which people mention us."""
    return {bot, policy.role} if policy.role else {bot}


def wanted(addressed: Addressed, *, ours: bool) -> bool:
    """`ours`: it stands in a thread of ours."""
    return addressed is Addressed.US or (ours and addressed is not Addressed.EVERYONE)
