"""`/opencord todo`: OpenCode's list of tasks in this thread, all of it. Only the asker sees it; the machine is woken
for it."""

from collections.abc import Sequence

from app.commands.answers import Answer, Result
from app.commands.door import let_in
from app.commands.ports import Room
from app.commands.session import session_of, woken
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.payloads import Payload, deferred
from app.discord.status_view import task
from app.discord.text import units
from app.ids import SessionId, ThreadId
from app.turns.progress import Doing, Todo
from app.words.amounts import more
from app.words.session import NO_TASKS, TASKS_DONE

REGISTRATION: Payload = {"type": 1, "name": "todo", "description": "OpenCode's list of tasks in this thread"}

SPARE = 30  # characters, for the line about what is left out


async def run(interaction: Interaction, room: Room) -> Answer:
    thread = (await let_in(interaction, room)).thread
    session = await session_of(thread, room)
    return Answer(deferred(ephemeral=True), lambda: looked(thread, session, room))


async def looked(thread: ThreadId, session: SessionId, room: Room) -> Result:
    todos = await room.bench.todos(await woken(thread, session, room), session)
    return Result(listed(todos) if todos else NO_TASKS)


def listed(todos: Sequence[Todo]) -> str:
    """As many as a message holds, and how many more there are."""
    text = TASKS_DONE.format(done=sum(todo.doing is Doing.DONE for todo in todos), all=len(todos))
    for number, todo in enumerate(todos):
        longer = f"{text}\n{task(todo)}"
        if units(longer) > CONTENT - SPARE:
            return f"{text}\n{more(len(todos) - number)}"
        text = longer
    return text
