"""What the commands share by which people reach into a machine themselves: finding it, waking it, and showing what it
says. Not a command."""

from app.commands.answers import Result
from app.commands.door import TurnedAway, Visitor, let_in
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import fence, is_exact
from app.discord.text import units
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.errors import Refused
from app.turns.records import File
from app.words.door import SEE_FILE
from app.words.machine import NO_MACHINE


async def met(interaction: Interaction, room: Room) -> tuple[Visitor, Sandbox]:
    """Whoever asks, and the thread's machine as it is written down. Raises TurnedAway."""
    visitor = await let_in(interaction, room)
    sandbox = await room.shelf.sandbox_of(visitor.thread)
    if sandbox is None or sandbox.state is State.DESTROYED:
        raise TurnedAway(NO_MACHINE)
    return visitor, sandbox


async def wake(thread: ThreadId, room: Room) -> None:
    """Returns once the machine is awake, and counts as used. Raises Refused where nothing is left of it; Retriable."""
    if await room.machines.rouse(thread) is None:
        raise Refused(NO_MACHINE)
    await room.machines.touch(thread)


def enclosed(heading: str, text: str, name: str) -> Result:
    """The text as a block of code where it can be shown whole and as it is; else as a file of this name."""
    whole = f"{heading}\n{fence(text.rstrip())}"
    if is_exact(text.rstrip()) and units(whole) <= CONTENT:
        return Result(whole)
    return Result(f"{heading} {SEE_FILE}", files=(File(name, text.encode()[:FILE_BYTES]),))
