"""The buttons of a turn that is over: Diff, Undo, Redo, Continue, Retry.

Continue and Retry are new turns. The others ask the machine that did the work, which may have to be woken for it: the
first answer says so, and only the presser sees it. That something was undone everybody is told.
"""

from dataclasses import replace

import structlog

from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway
from app.commands.past import UNCHANGED, Past, session_of
from app.commands.ports import Room
from app.commands.rewinding import REDO, UNDO, is_undone, rewind
from app.commands.session import woken
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import fence, is_exact
from app.discord.payloads import deferred, told
from app.discord.text import units
from app.ids import SessionId, TurnId
from app.presses.subject import subject_of
from app.turns.machine import LIVE
from app.turns.records import Attachment, File, Request, Source

log = structlog.get_logger()

CONTINUE = "Continue."
AGAIN = "It is asked again."
ON = "It is asked to go on."
ASKED_BEFORE = "Somebody has asked this again already, or asked it to go on. Please wait until that is done."
AT_WORK = "This is still at work. Please wait until it is done."
TAKEN_BACK = "What this changed was undone."
ATTACHED = "What this changed is in the file."
TOO_LARGE = (
    f"What this changed is more than Discord takes as a file ({FILE_BYTES // 1024**2} MB). Ask for a part of it."
)


async def go_on(interaction: Interaction, room: Room) -> Answer:
    """Ask it to go on where it ended."""
    past = await ended(interaction, room)
    return await asked(interaction, replace(past, turn=replace(past.turn, fork=None)), CONTINUE, (), ON, room)


async def retry(interaction: Interaction, room: Room) -> Answer:
    """Ask the same again, whether or not the message that asked it still stands."""
    past = await ended(interaction, room)
    return await asked(interaction, past, past.turn.prompt, past.turn.attachments, AGAIN, room)


async def diff(interaction: Interaction, room: Room) -> Answer:
    past = await ended(interaction, room)
    session = await session_of(past, room)
    return Answer(deferred(ephemeral=True), lambda: compared(past, session, room))


async def undo(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await ended(interaction, room), UNDO, room)


async def redo(interaction: Interaction, room: Room) -> Answer:
    return await rewind(await ended(interaction, room), REDO, room)


async def ended(interaction: Interaction, room: Room) -> Past:
    """Raises TurnedAway."""
    subject = await subject_of(interaction, room)
    if subject.turn.stage in LIVE:
        raise TurnedAway(AT_WORK)
    return Past(subject.visitor, subject.thread, subject.turn, interaction.message, interaction.message_content)


async def asked(
    interaction: Interaction, past: Past, prompt: str, attachments: tuple[Attachment, ...], words: str, room: Room
) -> Answer:
    """On behalf of whoever pressed, once for every press, and only when nothing else is under way that follows the same
    turn. Its token is spent on the answer to the press. Raises TurnedAway."""
    visitor, turn = past.visitor, TurnId(interaction.id)
    request = Request(
        turn,
        Source.COMMAND,
        visitor.place,
        visitor.asker,
        prompt,
        attachments=attachments,
        follows=past.turn.id,
        about=past.turn.about,
        fork=past.turn.fork,  # what has moved in already does not do so again
    )
    if await room.ledger.admit(request, room.clock()):
        log.info("turn.admitted", turn=turn, thread=past.thread)
        log.debug("turn.asked", turn=turn, prompt=prompt)
    elif await room.ledger.turn(turn) is None:
        raise TurnedAway(ASKED_BEFORE)
    return Answer(told(words))


async def compared(past: Past, session: SessionId, room: Room) -> Result:
    patch = (await room.agent.diff(await woken(past.thread, session, room), session, past.turn.id)).strip("\n")
    if not patch:
        return Result(TAKEN_BACK if any(map(is_undone, (past.says or "").split("\n"))) else UNCHANGED)
    shown, content = fence(patch, "diff"), f"{patch}\n".encode("utf-8", "replace")
    if is_exact(patch) and units(shown) <= CONTENT:
        return Result(shown)
    return Result(ATTACHED, files=(File("changes.diff", content),)) if len(content) <= FILE_BYTES else Result(TOO_LARGE)
