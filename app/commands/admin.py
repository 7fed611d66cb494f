"""`/opencord admin`: the thread's machine for whoever looks after this bot. Only the asker sees what it says.

Nothing of it is secret from them: a shell in the machine reads whatever the agent can.
"""

import structlog

from app.commands.answers import Answer, Result
from app.commands.by_hand import enclosed, met
from app.commands.door import TurnedAway, Visitor
from app.commands.ports import Room
from app.commands.session import roused
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, deferred
from app.discord.text import shows
from app.ids import ThreadId
from app.sandboxes.console import MOST_OUTPUT
from app.sandboxes.provider import Overdue
from app.words.door import UNKNOWN_OPTION
from app.words.workspace import LOG, NO_COMMAND_LINE, NO_LOG, SAID, SAID_MUCH, SAID_NOTHING, SHELL_TOO_SLOW

log = structlog.get_logger()

LONGEST_COMMAND = 2_000  # characters
SHELL_SECONDS = 60.0
LINES, MOST_LINES = 50, 1_000

REGISTRATION: Payload = {
    "type": 2,
    "name": "admin",
    "description": "Look after this thread's machine (operators)",
    "options": [
        {
            "type": 1,
            "name": "shell",
            "description": "Run a command in the workspace",
            "options": [
                {
                    "type": 3,
                    "name": "command",
                    "description": "A line for sh, such as git status",
                    "required": True,
                    "max_length": LONGEST_COMMAND,
                }
            ],
        },
        {
            "type": 1,
            "name": "logs",
            "description": "The last lines of OpenCode's log",
            "options": [
                {
                    "type": 4,
                    "name": "lines",
                    "description": f"How many; {LINES} unless you say",
                    "min_value": 1,
                    "max_value": MOST_LINES,
                }
            ],
        },
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor, _ = await met(interaction, room)
    if interaction.command[2] == "logs":
        lines = lines_asked(interaction)
        return Answer(deferred(ephemeral=True), lambda: logged(visitor.thread, lines, room))
    command = str(interaction.options.get("command", "")).strip()
    if not shows(command) or "\0" in command:
        raise TurnedAway(NO_COMMAND_LINE)
    return Answer(deferred(ephemeral=True), lambda: ran(visitor, command, room))


def lines_asked(interaction: Interaction) -> int:
    lines = interaction.options.get("lines", LINES)
    if isinstance(lines, bool) or not isinstance(lines, int) or not 1 <= lines <= MOST_LINES:
        raise TurnedAway(UNKNOWN_OPTION)
    return lines


async def ran(visitor: Visitor, command: str, room: Room) -> Result:
    await roused(visitor.thread, room)
    log.info("sandbox.shell", thread=visitor.thread, by=visitor.asker.id)
    try:
        done = await room.console.run(visitor.thread, command, SHELL_SECONDS)
    except Overdue:
        return Result(SHELL_TOO_SLOW.format(seconds=SHELL_SECONDS))
    if not shows(done.output):
        return Result(SAID_NOTHING.format(code=done.exit_code))
    return enclosed(
        (SAID_MUCH if done.is_cut else SAID).format(code=done.exit_code, most=MOST_OUTPUT // 2**20),
        done.output,
        "output.txt",
    )


async def logged(thread: ThreadId, lines: int, room: Room) -> Result:
    await roused(thread, room)
    text = await room.console.log(thread, lines)
    return enclosed(LOG, text, "opencode.log") if shows(text) else Result(NO_LOG)
