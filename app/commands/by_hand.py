"""What the commands share by which people reach into a machine themselves: finding it, and showing what it says. Not a
command."""

from app.commands.answers import Result
from app.commands.door import Visitor, let_in
from app.commands.ports import Room
from app.commands.session import machine_of
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import fence, is_exact
from app.discord.text import units
from app.sandboxes.ports import Sandbox
from app.turns.records import File
from app.words.door import SEE_FILE


async def met(interaction: Interaction, room: Room) -> tuple[Visitor, Sandbox]:
    """Whoever asks, and the thread's machine as it is written down. Raises TurnedAway."""
    visitor = await let_in(interaction, room)
    return visitor, await machine_of(visitor.thread, room)


def enclosed(heading: str, text: str, name: str) -> Result:
    """The text as a block of code where it can be shown whole and as it is; else as a file of this name."""
    whole = f"{heading}\n{fence(text.rstrip())}"
    if is_exact(text.rstrip()) and units(whole) <= CONTENT:
        return Result(whole)
    return Result(f"{heading} {SEE_FILE}", files=(File(name, text.encode()[:FILE_BYTES]),))
