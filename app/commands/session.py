"""A thread's machine and the session that it has, for whoever does something with them between the turns. Whether there
is one is decided here and nowhere else.

What the store knows is looked at first, and answers at once. Then the machine is woken, which may turn out to be
another by then.
"""

from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.ids import SessionId, ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Machine, Sandbox
from app.turns.errors import Refused
from app.words.machine import MACHINE_GONE, MACHINE_REPLACED, NO_MACHINE
from app.words.session import NO_SESSION


async def standing(thread: ThreadId, room: Room) -> Sandbox | None:
    """The thread's machine as it is written down, if there is one. It may be just being thrown away."""
    sandbox = await room.shelf.sandbox_of(thread)
    return None if sandbox is None or sandbox.state is State.DESTROYED else sandbox


async def machine_of(thread: ThreadId, room: Room, gone: str = NO_MACHINE) -> Sandbox:
    """One that there is something to do with, awake or not. Raises TurnedAway, in the words of `gone`."""
    sandbox = await standing(thread, room)
    if sandbox is None or sandbox.state is State.DESTROYING:
        raise TurnedAway(gone)
    return sandbox


async def is_idle(thread: ThreadId, room: Room) -> bool:
    """Whether no question of it is at work or waits."""
    return not await room.ledger.live_turns(thread=thread)


async def session_of(thread: ThreadId, room: Room) -> SessionId:
    """The one that the next question would go on with. Raises TurnedAway."""
    session = (await machine_of(thread, room)).session
    if session is None:
        raise TurnedAway(NO_SESSION)
    return session


async def roused(thread: ThreadId, room: Room, gone: str = NO_MACHINE) -> Machine:
    """The thread's machine, awake, and counted as used. Raises Refused, in the words of `gone`, and Retriable."""
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
