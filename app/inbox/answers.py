"""Answers by reply: a Discord reply to the message in which an agent's question stands answers that question, and is
no question itself. Whatever else is said in the thread waits for its turn.

Such a message is written down all the same, as one that is left alone: it comes again, from the Gateway or when its
channel is read, and must neither answer the next question nor be asked.
"""

from dataclasses import dataclass, replace

import structlog

from app.discord.messages import Message
from app.discord.text import clean, shows
from app.ids import MessageId
from app.inbox.ports import Asks, Object
from app.turns.asks import Asked, AskState
from app.turns.progress import Question
from app.turns.records import Request
from app.turns.routing import Policy, gate

log = structlog.get_logger()

REPLY = 19  # https://docs.discord.com/developers/resources/message#message-object-message-types


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that may answer what is asked."""

    asked: Asked
    words: str  # without what they reply to, with where its files are


async def reply_of(said: Object, message: Message, us: set[str], asks: Asks) -> Reply | None:
    """None for what replies to no open question. `us`: whose names are left out of the words."""
    reference = said.get("message_reference")
    # A forwarded message refers to another one too.
    to = reference.get("message_id") if isinstance(reference, dict) and said.get("type") == REPLY else None
    files = [f"{file.name}: {file.url}" for file in message.attachments]
    words = clean("\n".join([replace(message, replied_to=None).words(us), *files])).strip()
    asked = await asks.asked_in(MessageId(to)) if isinstance(to, str) and shows(words) else None
    if asked is None or asked.question is None or asked.state is not AskState.OPEN:
        return None
    return Reply(asked, words)


async def answers(reply: Reply, request: Request, asks: Asks, policy: Policy, now: float) -> bool:
    """Whether it was taken as the answer: only of somebody who is heard here. `request` is what it would be
    otherwise."""
    asked = reply.asked
    if asked.question is None or gate(request.place, request.asker, policy) is not None:
        return False
    choice = choice_of(asked.question, reply.words)
    if choice is None or not await asks.answer_by_reply(request, asked, choice, now):
        return False
    log.info("ask.decided", turn=asked.turn, ask=asked.ask.id, by=request.asker.id)
    return True


def choice_of(question: Question, words: str) -> tuple[str, ...] | None:
    """An option that is written out counts as that option. None where only options will do, and it is none of them."""
    named = [option.label for option in question.options if option.label.casefold() == words.casefold()]
    if named:
        return (named[0],)
    return (words,) if question.custom or not question.options else None
