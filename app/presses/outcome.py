"""The buttons of a turn that is over: Diff, Undo, Redo, Continue, Retry.

Continue and Retry are new turns. The others ask the machine that did the work, which may have to be woken for it: the
first answer says so, and only the presser sees it. That something was undone everybody is told.
"""

from dataclasses import replace

from app.commands.admitting import admit, request_of
from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway
from app.commands.past import Past, session_of
from app.commands.ports import Room
from app.commands.rewinding import REDO, UNDO, is_undone, rewind
from app.commands.session import woken
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import fence, is_exact
from app.discord.payloads import deferred, told
from app.discord.text import units
from app.ids import SessionId
from app.presses.subject import subject_of
from app.turns.machine import LIVE
from app.turns.records import Attachment, File
from app.words.session import CHANGES_ATTACHED, CHANGES_TOO_LARGE, UNCHANGED, WAS_UNDONE
from app.words.turn import ASKED_AGAIN, ASKED_BEFORE, ASKED_TO_GO_ON, GO_ON, STILL_AT_WORK

TOO_LARGE = CHANGES_TOO_LARGE.format(most=FILE_BYTES // 2**20)


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
        raise TurnedAway(STILL_AT_WORK)
    return Past(subject.visitor, subject.thread, subject.turn, interaction.message, interaction.message_content)


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


async def compared(past: Past, session: SessionId, room: Room) -> Result:
    patch = (await room.agent.diff(await woken(past.thread, session, room), session, past.turn.id)).strip("\n")
    if not patch:
        return Result(WAS_UNDONE if any(map(is_undone, (past.says or "").split("\n"))) else UNCHANGED)
    shown, content = fence(patch, "diff"), f"{patch}\n".encode("utf-8", "replace")
    if is_exact(patch) and units(shown) <= CONTENT:
        return Result(shown)
    return (
        Result(CHANGES_ATTACHED, files=(File("changes.diff", content),))
        if len(content) <= FILE_BYTES
        else Result(TOO_LARGE)
    )
