"""`/opencord diff`: what the thread's last question changed, or all of the workspace that is not committed: how much of
which file, and a patch. Only the asker sees it; the machine is woken for it. The button below a summary shows the same
of its own turn."""

from enum import StrEnum

from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, let_in
from app.commands.past import Past, newest, session_of
from app.commands.ports import Room
from app.commands.session import machine_of, roused, woken
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import fence, is_exact, path
from app.discord.payloads import Payload, deferred
from app.discord.summary_view import SUBJECT
from app.discord.text import units
from app.ids import SessionId, ThreadId
from app.turns.progress import Change
from app.turns.records import File
from app.turns.workbench import Difference
from app.words.amounts import counted, more, plural
from app.words.door import UNKNOWN_OPTION
from app.words.session import CHANGES, NO_CHANGES, NO_PATCH, PATCH_ATTACHED, PATCH_TOO_LARGE

FILES = 12  # that are named; the patch has them all


class Extent(StrEnum):
    QUESTION = "question"  # the thread's last
    WORKSPACE = "workspace"
    TURN = "turn"  # one that was pressed for; this a command does not offer


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
            "choices": [{"name": meaning, "value": extent.value} for extent, meaning in MEANING.items()],
        }
    ],
}

TOO_LARGE = PATCH_TOO_LARGE.format(most=FILE_BYTES // 2**20)


async def run(interaction: Interaction, room: Room) -> Answer:
    extent = interaction.options.get("of", Extent.QUESTION)
    if extent not in MEANING:
        raise TurnedAway(UNKNOWN_OPTION)
    if extent == Extent.WORKSPACE:
        thread = (await let_in(interaction, room)).thread
        await machine_of(thread, room)
        return Answer(deferred(ephemeral=True), lambda: of_workspace(thread, room))
    return await of_turn(await newest(interaction, room), Extent.QUESTION, room)


async def of_turn(past: Past, extent: Extent, room: Room) -> Answer:
    """Raises TurnedAway."""
    session = await session_of(past, room)
    return Answer(deferred(ephemeral=True), lambda: compared(past, session, extent, room))


async def of_workspace(thread: ThreadId, room: Room) -> Result:
    machine = await roused(thread, room)
    return shown(await room.bench.uncommitted(machine), Extent.WORKSPACE)


async def compared(past: Past, session: SessionId, extent: Extent, room: Room) -> Result:
    machine = await woken(past.thread, session, room)
    return shown(await room.bench.difference(machine, session, past.turn.id), extent)


def shown(difference: Difference, extent: Extent) -> Result:
    """The patch is a file, and stands in the message too where there is room for it."""
    if not difference.changes:
        return Result(NO_CHANGES[extent])
    counts = "\n".join([head(difference.changes, extent), *listed(difference.changes)])
    patch = difference.patch.encode("utf-8", "replace")
    if not 0 < len(patch) <= FILE_BYTES:
        return Result(f"{counts}\n{TOO_LARGE if patch else NO_PATCH}")
    whole = f"{counts}\n{fence(difference.patch.strip(chr(10)), 'diff')}"
    fits = is_exact(difference.patch) and units(whole) <= CONTENT
    return Result(whole if fits else f"{counts}\n{PATCH_ATTACHED}", files=(File("changes.diff", patch),))


def head(changes: tuple[Change, ...], extent: Extent) -> str:
    files = plural(len(changes), "file")
    lines = counted(sum(one.added for one in changes), sum(one.removed for one in changes))
    return CHANGES[extent].format(files=files, lines=lines)


def listed(changes: tuple[Change, ...]) -> list[str]:
    lines = [f"- {path(one.file, SUBJECT)}{counted(one.added, one.removed)}" for one in changes[:FILES]]
    return [*lines, more(len(changes) - FILES)] if len(changes) > FILES else lines
