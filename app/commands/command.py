"""`/opencord command`: one of OpenCode's own commands, such as `init` or `review`. It is a question like any other: it
waits its turn, has a status, can be stopped and asked again.

What is asked is written as OpenCode's own terminal would have it, `/init and be brief`. So the same typed into
`/opencord ask` is the same.
"""

from collections.abc import Sequence

from app.commands.answers import Answer
from app.commands.ask import asked, heard
from app.commands.door import TurnedAway, let_in
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.limits import STRING_OPTION
from app.discord.notation import code
from app.discord.payloads import Payload
from app.turns.catalogue import Kind, command_in, matching, nearest
from app.turns.drafts import Draft
from app.words.asking import COMMAND_MISNAMED, COMMAND_TOO_LONG, COMMAND_UNKNOWN

REGISTRATION: Payload = {
    "type": 1,
    "name": "command",
    "description": "Run one of OpenCode's own commands",
    "options": [
        {
            "type": 3,
            "name": "name",
            "description": "Which command, such as init or review",
            "required": True,
            "autocomplete": True,
        },
        {"type": 3, "name": "arguments", "description": "What the command is given", "max_length": 4000},
    ],
}

SHOWN = 80  # characters


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await heard(interaction, room)
    name = str(interaction.options.get("name", "")).strip().removeprefix("/")
    arguments = str(interaction.options.get("arguments", "")).strip()
    prompt = f"/{name} {arguments}".strip()
    await check(name, prompt, room)
    return await asked(interaction, visitor, prompt, Draft(visitor.asker.id, visitor.at), room)


async def check(name: str, prompt: str, room: Room) -> None:
    """Raises TurnedAway. Before the first machine has come up nobody knows which commands there are: any name of the
    right form will do."""
    found = command_in(prompt)
    if found is None or found.name != name:
        raise TurnedAway(COMMAND_MISNAMED)
    if len(prompt) > STRING_OPTION:
        raise TurnedAway(COMMAND_TOO_LONG.format(most=STRING_OPTION))
    entries = await room.catalogue.entries(Kind.COMMAND)
    if entries and all(one.name != name for one in entries):
        alike = ", ".join(code(one, SHOWN) for one in nearest(name, entries))
        raise TurnedAway(COMMAND_UNKNOWN.format(name=code(name, SHOWN), nearest=alike))


async def suggest(interaction: Interaction, room: Room) -> Sequence[tuple[str, str]]:
    await let_in(interaction, room)
    typed = str(interaction.options.get("name", "")).strip().removeprefix("/")
    entries = matching(typed, await room.catalogue.entries(Kind.COMMAND))
    return [(f"{one.name}: {one.about}" if one.about else one.name, one.name) for one in entries]
