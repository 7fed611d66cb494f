"""What people press, choose and submit: a module per family of buttons. The first word of a component's id names what
is done, the rest what it is done to; a modal has the id of the component that opened it.

Messages live longer than what they are about. So everything that an id says is looked up and compared with the thread
that it was pressed in, and whoever comes too late hears that.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.commands import admitted, ask, ask_about, reset, sessions
from app.commands import help as guide
from app.commands.access import Path
from app.commands.answers import Answer
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import told
from app.presses import asks, outcome, queue
from app.words.door import UNKNOWN_BUTTON


@dataclass(frozen=True, slots=True)
class Press:
    """`command` is the path of the subcommand that does the same, so that it is for the same people (see
    `app.commands.access`); empty where there is none."""

    act: Callable[[Interaction, Room], Awaitable[Answer]]
    command: Path


ACTIONS: dict[str, Press] = {
    "stop": Press(queue.stop, ("stop",)),
    "next": Press(queue.run_next, ("queue", "move")),
    "now": Press(queue.interrupt, ("queue", "move")),
    "cancel": Press(queue.cancel, ("queue", "clear")),
    "allow": Press(asks.allow, ()),
    "deny": Press(asks.deny, ()),
    "answer": Press(asks.answer, ()),
    "choose": Press(asks.choose, ()),
    "write": Press(asks.write, ()),
    "diff": Press(outcome.diff, ("diff",)),
    "undo": Press(outcome.undo, ("undo",)),
    "redo": Press(outcome.redo, ("redo",)),
    "continue": Press(outcome.go_on, ("ask",)),
    "retry": Press(outcome.retry, ("ask",)),
    "reset": Press(reset.press, ("reset",)),
    "ask": Press(ask.press, ("ask",)),
    "about": Press(ask_about.press, ("ask",)),
    "help": Press(guide.press, ("help",)),
    "sessions": Press(sessions.press, ("sessions",)),
}


async def press(interaction: Interaction, room: Room) -> Answer:
    """The reply to a component or a modal, however old. Talks to the store alone."""
    found = ACTIONS.get((interaction.custom_id or "").partition(":")[0])
    if found is None:
        return Answer(told(UNKNOWN_BUTTON))
    return await admitted(found.act, found.command, interaction, room)
