"""`/opencord diff`: what the thread's last question changed, or all of the workspace that is not committed: how much of
which file, and a patch. Only the asker sees it; the machine is woken for it."""

from enum import StrEnum

from app.commands import past
from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, let_in
from app.commands.ports import Room
from app.commands.session import machine_of, roused, woken
from app.discord.interactions import Interaction
from app.discord.limits import FILE_BYTES
from app.discord.notation import path
from app.discord.payloads import Payload, deferred
from app.discord.summary_view import SUBJECT
from app.ids import SessionId, ThreadId
from app.turns.ports import Difference
from app.turns.progress import Change
from app.turns.records import File
from app.words.amounts import counted, more, plural
from app.words.door import UNKNOWN_OPTION
from app.words.session import CHANGES, NO_CHANGES, NO_PATCH, PATCH_ATTACHED, PATCH_TOO_LARGE

FILES = 12  # that are named; the patch has them all


class Extent(StrEnum):
    QUESTION = "question"
    WORKSPACE = "workspace"


MEANING = {Extent.QUESTION: "the last question", Extent.WORKSPACE: "everything that is not committed"}
REGISTRATION: Payload = {
    "type": 1,
    "name": "diff",
    "description": "What was changed: how much of which file, and the patch",
    "options": [
        {
            "type": 3,
            "name": "of",
            "description": "What to look at; the last question, if you do not say",
            "choices": [{"name": MEANING[extent], "value": extent.value} for extent in Extent],
        }
    ],
}

TOO_LARGE = PATCH_TOO_LARGE.format(most=FILE_BYTES // 2**20)


async def run(interaction: Interaction, room: Room) -> Answer:
    try:
        extent = Extent(str(interaction.options.get("of", Extent.QUESTION)))
    except ValueError:
        raise TurnedAway(UNKNOWN_OPTION) from None
    if extent is Extent.WORKSPACE:
        thread = (await let_in(interaction, room)).thread
        await machine_of(thread, room)
        return Answer(deferred(ephemeral=True), lambda: of_workspace(thread, room))
    last = await past.newest(interaction, room)
    session = await past.session_of(last, room)
    return Answer(deferred(ephemeral=True), lambda: of_question(last, session, room))


async def of_workspace(thread: ThreadId, room: Room) -> Result:
    machine = await roused(thread, room)
    return shown(await room.bench.uncommitted(machine), Extent.WORKSPACE)


async def of_question(last: past.Past, session: SessionId, room: Room) -> Result:
    machine = await woken(last.thread, session, room)
    return shown(await room.bench.difference(machine, session, last.turn.id), Extent.QUESTION)


def shown(difference: Difference, extent: Extent) -> Result:
    changes, patch = difference.changes, difference.patch.encode("utf-8", "replace")
    if not changes:
        return Result(NO_CHANGES[extent])
    end = PATCH_ATTACHED if 0 < len(patch) <= FILE_BYTES else TOO_LARGE if patch else NO_PATCH
    files = (File("changes.diff", patch),) if end is PATCH_ATTACHED else ()
    return Result("\n".join([head(changes, extent), *listed(changes), end]), files=files)


def head(changes: tuple[Change, ...], extent: Extent) -> str:
    files = plural(len(changes), "file")
    lines = counted(sum(one.added for one in changes), sum(one.removed for one in changes))
    return CHANGES[extent].format(files=files, lines=lines)


def listed(changes: tuple[Change, ...]) -> list[str]:
    lines = [f"- {path(one.file, SUBJECT)}{counted(one.added, one.removed)}" for one in changes[:FILES]]
    return [*lines, more(len(changes) - FILES)] if len(changes) > FILES else lines
