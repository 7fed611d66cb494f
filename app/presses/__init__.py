"""What people press, choose and submit: a module per family of buttons. The first word of a component's id names what
is done, the rest what it is done to; a modal has the id of the component that opened it.

Messages live longer than what they are about. So everything that an id says is looked up and compared with the thread
that it was pressed in, and whoever comes too late hears that.
"""

from collections.abc import Awaitable, Callable

from app.commands import admitted, ask, ask_about, reset, sessions
from app.commands import help as guide
from app.commands.answers import Answer
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import told
from app.presses import asks, outcome, queue
from app.words.door import UNKNOWN_BUTTON

ACTIONS: dict[str, Callable[[Interaction, Room], Awaitable[Answer]]] = {
    "stop": queue.stop,
    "next": queue.run_next,
    "now": queue.interrupt,
    "cancel": queue.cancel,
    "allow": asks.allow,
    "deny": asks.deny,
    "answer": asks.answer,
    "choose": asks.choose,
    "write": asks.write,
    "diff": outcome.diff,
    "undo": outcome.undo,
    "redo": outcome.redo,
    "continue": outcome.go_on,
    "retry": outcome.retry,
    "reset": reset.press,
    "ask": ask.press,
    "about": ask_about.press,
    "help": guide.press,
    "sessions": sessions.press,
}


async def press(interaction: Interaction, room: Room) -> Answer:
    """The reply to a component or a modal, however old. Talks to the store alone."""
    action = ACTIONS.get((interaction.custom_id or "").partition(":")[0])
    if action is None:
        return Answer(told(UNKNOWN_BUTTON))
    return await admitted(action, interaction, room)
