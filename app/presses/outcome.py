"""The buttons of a turn that is over: Diff, Undo, Redo, Continue, Retry.

Continue and Retry are new turns. The others ask the machine that did the work, which may have to be woken for it: the
first answer says so, and only the presser sees it. That something was undone everybody is told.
"""

from dataclasses import replace

from app.commands.admitting import admit, request_of
from app.commands.answers import Answer
from app.commands.diff import Extent, of_turn
from app.commands.door import TurnedAway
from app.commands.past import Past
from app.commands.ports import Room
from app.commands.rewinding import REDO, UNDO, rewind
from app.discord.interactions import Interaction
from app.discord.payloads import told
from app.presses.subject import subject_of
from app.turns.machine import LIVE
from app.turns.records import Attachment
from app.words.turn import ASKED_AGAIN, ASKED_BEFORE, ASKED_TO_GO_ON, GO_ON, STILL_AT_WORK


async def go_on(interaction: Interaction, room: Room) -> Answer:
    """Ask it to go on where it ended."""
    past = await ended(interaction, room)
    return await asked(interaction, replace(past, turn=replace(past.turn, fork=None)), GO_ON, (), ASKED_TO_GO_ON, room)


async def retry(interaction: Interaction, room: Room) -> Answer:
    """Ask the same again, whether or not the message that asked it still stands."""
    past = await ended(interaction, room)
    return await asked(
        interaction, past, past.turn.prompt, past.turn.attachments, ASKED_AGAIN, room, plain=past.turn.plain
    )


async def diff(interaction: Interaction, room: Room) -> Answer:
    return await of_turn(await ended(interaction, room), Extent.TURN, room)


async def undo(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await ended(interaction, room), UNDO, room)


async def redo(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await ended(interaction, room), REDO, room)


async def ended(interaction: Interaction, room: Room) -> Past:
    """Raises TurnedAway."""
    subject = await subject_of(interaction, room)
    if subject.turn.stage in LIVE:
        raise TurnedAway(STILL_AT_WORK)
    return Past(subject.visitor, subject.thread, subject.turn, interaction.message)


async def asked(
    interaction: Interaction,
    past: Past,
    prompt: str,
    attachments: tuple[Attachment, ...],
    words: str,
    room: Room,
    *,
    plain: bool = False,
) -> Answer:
    """On behalf of whoever pressed, once for every press, and only when nothing else is under way that follows the same
    turn. Its token is spent on the answer to the press. Raises TurnedAway."""
    request = replace(
        request_of(interaction, past.visitor, prompt),
        attachments=attachments,
        follows=past.turn.id,
        about=past.turn.about,
        fork=past.turn.fork,  # what has moved in already does not do so again
        plain=plain,
    )
    if not await admit(request, room) and await room.ledger.turn(request.id) is None:
        raise TurnedAway(ASKED_BEFORE)
    return Answer(told(words))
