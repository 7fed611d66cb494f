"""The session of a thread and the machine that has it, for whoever looks at it between the turns.

What the store knows is looked at first, and answers at once. Then the machine is woken, which may turn out to be
another by then.
"""

from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Machine
from app.turns.errors import Refused
from app.words.machine import MACHINE_GONE, MACHINE_REPLACED, NO_MACHINE
from app.words.session import NO_SESSION


async def check_machine(thread: ThreadId, room: Room) -> None:
    """Raises TurnedAway where there is none."""
    sandbox = await room.shelf.sandbox_of(thread)
    if sandbox is None or sandbox.state in (State.DESTROYING, State.DESTROYED):
        raise TurnedAway(NO_MACHINE)


async def session_of(thread: ThreadId, room: Room) -> SessionId:
    """The one that the next question would go on with. Raises TurnedAway."""
    await check_machine(thread, room)
    sandbox = await room.shelf.sandbox_of(thread)
    if sandbox is None or sandbox.session is None:
        raise TurnedAway(NO_SESSION)
    return sandbox.session


async def roused(thread: ThreadId, room: Room, gone: str = NO_MACHINE) -> Machine:
    """The thread's machine, awake. Raises Refused, in the words of `gone`, and Retriable."""
    machine = await room.machines.rouse(thread)
    if machine is None:
        raise Refused(gone)
    await room.machines.touch(thread)
    return machine


async def woken(thread: ThreadId, session: SessionId, room: Room) -> Machine:
    """The machine that has the session. Raises Refused when that is gone, and Retriable."""
    machine = await roused(thread, room, MACHINE_GONE)
    if machine.session != session:
        raise Refused(MACHINE_REPLACED)
    return machine
