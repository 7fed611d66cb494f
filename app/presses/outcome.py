"""The buttons of a turn that is over: Diff, Undo, Redo, Continue, Retry.

Continue and Retry are new turns. The others ask the machine that did the work, which may have to be woken for it: the
first answer says so, and only the presser sees it. That something was undone everybody is told.
"""

from dataclasses import dataclass

import structlog

from app.commands.answers import Answer, Result, say
from app.commands.door import TurnedAway, bold
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import SUBTEXT, fence, is_exact
from app.discord.payloads import deferred, edit, told
from app.discord.status_view import closing
from app.discord.text import units
from app.ids import SessionId, TurnId
from app.presses.subject import Subject, subject_of
from app.sandboxes.machine import State
from app.sandboxes.ports import Machine
from app.turns.closing import outcome_of
from app.turns.errors import Refused
from app.turns.machine import LIVE
from app.turns.ports import Rewound
from app.turns.records import Attachment, File, Request, Source

log = structlog.get_logger()

CONTINUE = "Continue."
AGAIN = "It is asked again."
ON = "It is asked to go on."
ASKED_BEFORE = "Somebody has asked this again already, or asked it to go on. Please wait until that is done."
AT_WORK = "This is still at work. Please wait until it is done."
UNCHANGED = "This changed nothing."
TAKEN_BACK = "What this changed was undone."
MACHINE_REPLACED = "The machine that worked on this is gone, and with it what was changed there."
MACHINE_GONE = f"{MACHINE_REPLACED} The next question gets a new one."
OTHERS_AT_WORK = "Something is at work or waits in this thread. Please try again when it is answered."
NOT_NEWEST = "Something was asked after this. Only the last question of a thread can be undone or redone."
BUSY = "The machine is at work just now. Please try again in a moment."
OBSTACLES = {Rewound.BUSY: BUSY, Rewound.NEWER: NOT_NEWEST}
ATTACHED = "What this changed is in the file."
TOO_LARGE = (
    f"What this changed is more than Discord takes as a file ({FILE_BYTES // 1024**2} MB). Ask for a part of it."
)


@dataclass(frozen=True, slots=True)
class Way:
    """Back or forth, in words."""

    did: str
    glyph: str
    done: str
    nothing: str


NOT_UNDONE = "There was nothing to undo: this changed nothing, or it has been undone already."
NOT_REDONE = "There was nothing to redo: this has not been undone, or it has been redone already."
UNDO = Way("undid", "↩️", "Undone.", NOT_UNDONE)
REDO = Way("redid", "↪️", "Redone.", NOT_REDONE)


async def go_on(interaction: Interaction, room: Room) -> Answer:
    """Ask it to go on where it ended."""
    return await asked(interaction, await ended(interaction, room), CONTINUE, (), ON, room)


async def retry(interaction: Interaction, room: Room) -> Answer:
    """Ask the same again, whether or not the message that asked it still stands."""
    subject = await ended(interaction, room)
    return await asked(interaction, subject, subject.turn.prompt, subject.turn.attachments, AGAIN, room)


async def diff(interaction: Interaction, room: Room) -> Answer:
    subject = await ended(interaction, room)
    session = await session_of(subject, room)
    return Answer(deferred(ephemeral=True), lambda: compared(interaction, subject, session, room))


async def undo(interaction: Interaction, room: Room) -> Answer:
    return await rewinding(interaction, UNDO, room)


async def redo(interaction: Interaction, room: Room) -> Answer:
    return await rewinding(interaction, REDO, room)


async def rewinding(interaction: Interaction, way: Way, room: Room) -> Answer:
    subject = await ended(interaction, room)
    try:
        session = await rewindable(subject, room)
    except TurnedAway as refusal:
        words = str(refusal)
        if way is not REDO or words != NOT_NEWEST:
            raise
        return Answer(told(words), lambda: refused(interaction, subject, words, way, room))
    return Answer(deferred(ephemeral=True), lambda: rewound_by(interaction, subject, session, way, room))


async def ended(interaction: Interaction, room: Room) -> Subject:
    """Raises TurnedAway, as the next two do."""
    subject = await subject_of(interaction, room)
    if subject.turn.stage in LIVE:
        raise TurnedAway(AT_WORK)
    return subject


async def session_of(subject: Subject, room: Room) -> SessionId:
    """Where it was worked on, as long as that exists."""
    session, sandbox = subject.turn.session, await room.shelf.sandbox_of(subject.thread)
    if session is None:
        raise TurnedAway(UNCHANGED)
    if sandbox is None or sandbox.state in (State.DESTROYING, State.DESTROYED):
        raise TurnedAway(MACHINE_GONE)
    if sandbox.session != session:
        raise TurnedAway(MACHINE_REPLACED)
    return session


async def rewindable(subject: Subject, room: Room) -> SessionId:
    """A session in which nothing happened since, and nothing is about to."""
    session = await session_of(subject, room)
    if await room.ledger.live_turns(thread=subject.thread):
        raise TurnedAway(OTHERS_AT_WORK)
    if not await room.ledger.is_newest(subject.turn.id):
        raise TurnedAway(NOT_NEWEST)
    return session


async def asked(
    interaction: Interaction, subject: Subject, prompt: str, attachments: tuple[Attachment, ...], words: str, room: Room
) -> Answer:
    """On behalf of whoever pressed, once for every press, and only when nothing else is under way that follows the same
    turn. Its token is spent on the answer to the press. Raises TurnedAway."""
    visitor, turn = subject.visitor, TurnId(interaction.id)
    request = Request(
        turn, Source.COMMAND, visitor.place, visitor.asker, prompt, attachments=attachments, follows=subject.turn.id
    )
    if await room.ledger.admit(request, room.clock()):
        log.info("turn.admitted", turn=turn, thread=subject.thread)
        log.debug("turn.asked", turn=turn, prompt=prompt)
    elif await room.ledger.turn(turn) is None:
        raise TurnedAway(ASKED_BEFORE)
    return Answer(told(words))


async def compared(interaction: Interaction, subject: Subject, session: SessionId, room: Room) -> Result:
    patch = (await room.agent.diff(await woken(subject, session, room), session, subject.turn.id)).strip("\n")
    if not patch:
        return Result(TAKEN_BACK if any(is_undone(line) for line in lines_of(interaction)) else UNCHANGED)
    shown, content = fence(patch, "diff"), f"{patch}\n".encode("utf-8", "replace")
    if is_exact(patch) and units(shown) <= CONTENT:
        return Result(shown)
    return Result(ATTACHED, files=(File("changes.diff", content),)) if len(content) <= FILE_BYTES else Result(TOO_LARGE)


UNDONE = f"{SUBTEXT}↩️ Undone"  # how the line begins


async def rewound_by(interaction: Interaction, subject: Subject, session: SessionId, way: Way, room: Room) -> Result:
    machine = await woken(subject, session, room)
    if (obstacle := await obstacle_to(subject, room)) is not None:
        return await refused(interaction, subject, obstacle, way, room)
    is_undo = way is UNDO
    turn = subject.turn.id
    rewound = await (room.agent.undo(machine, session, turn) if is_undo else room.agent.redo(machine, session))
    if rewound is not Rewound.DONE:
        return await refused(interaction, subject, OBSTACLES.get(rewound, way.nothing), way, room)
    log.info("turn.rewound", turn=turn, thread=subject.thread, way=way.did, by=subject.visitor.asker.id)
    await offer(interaction, subject, room, undone=is_undo)
    return Result(way.done, aloud=f"{SUBTEXT}{way.glyph} {bold(subject.by)} {way.did} what the last question changed.")


async def refused(interaction: Interaction, subject: Subject, words: str, way: Way, room: Room) -> Result:
    """Redo goes when it could only be refused ever after, and Diff with it: there is nothing left to look at."""
    if way is REDO and words == NOT_NEWEST:
        await show(interaction, subject, room, lines_of(interaction), changed=False)
    return Result(words)


async def obstacle_to(subject: Subject, room: Room) -> str | None:
    """What has come in between while the machine woke."""
    try:
        await rewindable(subject, room)
    except TurnedAway as refusal:
        return str(refusal)
    return None


async def woken(subject: Subject, session: SessionId, room: Room) -> Machine:
    """The machine that has the session. Raises Refused when that is gone, and Retriable."""
    machine = await room.machines.rouse(subject.thread)
    if machine is None:
        raise Refused(MACHINE_GONE)
    await room.machines.touch(subject.thread)
    if machine.session != session:
        raise Refused(MACHINE_REPLACED)
    return machine


async def offer(interaction: Interaction, subject: Subject, room: Room, *, undone: bool) -> None:
    """Redo in the place of Undo, or the other way round, and a line about it; the rest stays. The buttons are a
    convenience: without them the work is done all the same."""
    lines = [line for line in lines_of(interaction) if not is_undone(line)]
    mark = [f"{UNDONE} by {bold(subject.by)}"] if undone else []
    await show(interaction, subject, room, [*lines, *mark], changed=True, undone=undone)


async def show(
    interaction: Interaction, subject: Subject, room: Room, lines: list[str], *, changed: bool, undone: bool = False
) -> None:
    """These lines in the message that was pressed, as well as can be, above the buttons that fit."""

    async def change() -> None:
        outcome, _ = outcome_of(subject.turn, await room.asks.of_turn(subject.turn.id))
        buttons = closing(outcome, subject.turn.id, changed=changed, undone=undone)
        shown = edit("\n".join(lines), components=buttons)
        await room.messages.edit_message(subject.thread, str(interaction.message), shown)

    if interaction.message is not None:
        await say(change())


def lines_of(interaction: Interaction) -> list[str]:
    """Of the message that was pressed."""
    return interaction.message_content.split("\n")


def is_undone(line: str) -> bool:
    return line.startswith(UNDONE)
