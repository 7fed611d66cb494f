"""“Continue from here”, in the menu of any message of a thread: a fork of the thread as it was after the question that
the message belongs to. What was asked later stays behind.

https://docs.discord.com/developers/interactions/application-commands#message-commands
"""

from app.commands.answers import Answer
from app.commands.ask import heard
from app.commands.door import TurnedAway, Visitor
from app.commands.fork import forked, name_of
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.kinds import THREAD_STARTER
from app.discord.payloads import Flag, Payload
from app.ids import MessageId, ThreadId
from app.turns.machine import LIVE
from app.turns.records import Fork, Turn
from app.turns.titles import title_of
from app.words.forking import NEVER_BEGUN, NO_TURN, NOT_YET

REGISTRATION: Payload = {"type": 3, "name": "Continue from here"}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await heard(interaction, room)
    thread, message = chosen(interaction, visitor)
    turn = await room.ledger.turn_at(thread, message)
    if turn is None:
        raise TurnedAway(NO_TURN)
    check(turn)
    name = (interaction.channel.name if interaction.channel and visitor.place.thread else "") or title_of(turn.subject)
    fork = Fork(thread, name_of(name), turn.id, await room.ledger.last_message(turn.id))
    return await forked(interaction, visitor, fork, room)


def chosen(interaction: Interaction, visitor: Visitor) -> tuple[ThreadId, MessageId]:
    """The thread and the message, which may be the one in the channel that the thread hangs on: that shows at the top
    of the thread too, as another. Raises TurnedAway."""
    messages = interaction.resolved.get("messages")
    message = messages.get(interaction.target) if isinstance(messages, dict) else None
    if not isinstance(message, dict) or interaction.target is None or int(message.get("flags") or 0) & Flag.EPHEMERAL:
        raise TurnedAway(NO_TURN)
    thread = visitor.place.thread or ThreadId(interaction.target)
    return thread, MessageId(thread if message.get("type") == THREAD_STARTER else interaction.target)


def check(turn: Turn) -> None:
    """Raises TurnedAway."""
    if turn.stage in LIVE:
        raise TurnedAway(NOT_YET)
    if turn.session is None:
        raise TurnedAway(NEVER_BEGUN)
