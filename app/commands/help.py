"""`/opencord help`: what to do first, and then every command in a line, as they are registered."""

from collections.abc import Iterator

from app import commands
from app.commands.answers import Answer
from app.commands.door import let_in
from app.commands.pages import number_of, paged, turning
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told, updated
from app.words.asking import GUIDE, GUIDE_MENUS

REGISTRATION: Payload = {
    "type": 1,
    "name": "help",
    "description": "What to do first, and every command in a line",
}


async def run(interaction: Interaction, room: Room) -> Answer:
    await let_in(interaction, room)
    content, buttons = page_of(0)
    return Answer(told(content, components=buttons))


async def press(interaction: Interaction, room: Room) -> Answer:
    """`help:<page>`: another page in the place of this one."""
    await let_in(interaction, room)
    content, buttons = page_of(number_of((interaction.custom_id or "").partition(":")[2]))
    return Answer(updated(content, components=buttons))


def page_of(number: int) -> tuple[str, tuple[Payload, ...]]:
    """The last where there are not so many."""
    pages = paged([*GUIDE, *command_lines(), *menu_lines()])
    number = min(number, len(pages) - 1)
    return pages[number], turning("help", number, len(pages))


def command_lines() -> Iterator[str]:
    for module in commands.SUBCOMMANDS.values():
        registration = module.REGISTRATION
        if registration["type"] == commands.GROUP:
            for inside in registration["options"]:
                yield line_of(f"{registration['name']} {inside['name']}", inside["description"])
        else:
            yield line_of(registration["name"], registration["description"])


def line_of(name: str, description: str) -> str:
    return f"`/{commands.NAME} {name}` · {description}"


def menu_lines() -> Iterator[str]:
    if commands.MENUS:
        yield from ("", GUIDE_MENUS)
    for name in commands.MENUS:
        yield f"- {name}"
