"""`/opencord files`: what lies in the workspace of the thread's machine. Only the asker sees it."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from app.commands.answers import Answer, Result
from app.commands.by_hand import met
from app.commands.door import TurnedAway
from app.commands.ports import Room
from app.commands.session import roused
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT, FILE_BYTES
from app.discord.notation import fence, visible
from app.discord.notation import path as written
from app.discord.payloads import Payload, deferred
from app.discord.text import units
from app.ids import ThreadId
from app.sandboxes.console import Elsewhere, Entry, Listing
from app.sandboxes.provider import Absent, TooLarge
from app.turns.attachments import in_words, safe_name
from app.turns.records import File
from app.words.workspace import (
    ALL_IN_FILE,
    EMPTY_FILE,
    FILE_TOO_LARGE,
    FIRST_ONLY,
    GOT,
    IS_FILE,
    IS_FOLDER,
    LISTED,
    NO_FILE,
    NO_FOLDER,
    NO_PATH,
    NONE_LISTED,
    ONE_FILE,
    ONE_FOLDER,
    OUTSIDE,
    WORKSPACE,
)

LONGEST_PATH = 1_000  # characters

REGISTRATION: Payload = {
    "type": 2,
    "name": "files",
    "description": "What lies in the workspace of this thread's machine",
    "options": [
        {
            "type": 1,
            "name": "list",
            "description": "Show what is in a folder",
            "options": [
                {"type": 3, "name": "path", "description": "A folder of the workspace", "max_length": LONGEST_PATH}
            ],
        },
        {
            "type": 1,
            "name": "get",
            "description": "Get one file",
            "options": [
                {
                    "type": 3,
                    "name": "path",
                    "description": "Path of the file, such as src/main.py",
                    "required": True,
                    "max_length": LONGEST_PATH,
                }
            ],
        },
    ],
}

SHOWN = 80  # characters of a path


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor, _ = await met(interaction, room)
    path = asked(interaction)
    if interaction.command[2] == "list":
        return Answer(deferred(ephemeral=True), lambda: listed(visitor.thread, path, room))
    if not path:
        raise TurnedAway(NO_PATH)
    return Answer(deferred(ephemeral=True), lambda: fetched(visitor.thread, path, room))


def asked(interaction: Interaction) -> str:
    """The path that was written, empty for the workspace itself. Raises TurnedAway."""
    text = str(interaction.options.get("path", "")).strip()
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or text.startswith("~"):
        raise TurnedAway(OUTSIDE)
    return str(path) if path.parts else ""


async def listed(thread: ThreadId, path: str, room: Room) -> Result:
    await roused(thread, room)
    try:
        listing = await room.console.list(thread, path)
    except Absent:
        return Result(NO_FOLDER.format(path=written(path, SHOWN)))
    except Elsewhere:
        return Result(IS_FILE.format(path=written(path, SHOWN)))
    return shown(path, listing)


async def fetched(thread: ThreadId, path: str, room: Room) -> Result:
    await roused(thread, room)
    shown = written(path, SHOWN)
    try:
        content = await room.console.get(thread, path, FILE_BYTES)
    except Absent:
        return Result(NO_FILE.format(path=shown))
    except Elsewhere:
        return Result(IS_FOLDER.format(path=shown))
    except TooLarge:
        return Result(FILE_TOO_LARGE.format(path=shown, most=FILE_BYTES // 2**20))
    if not content:  # Discord takes no empty file
        return Result(EMPTY_FILE.format(path=shown))
    return Result(GOT.format(path=shown, size=in_words(len(content))), files=(File(safe_name(path), content),))


def shown(path: str, listing: Listing) -> Result:
    """As much of it as a message holds; where that is not all, a file has the rest too."""
    heading = counted(written(path, SHOWN) if path else WORKSPACE, listing)
    lines = list(lines_of(listing))
    if not lines:
        return Result(heading)
    whole = f"{heading}\n{fence(chr(10).join(lines))}"
    if units(whole) <= CONTENT:
        return Result(whole)
    if len(lines) < listing.total:
        heading = f"{heading} {FIRST_ONLY.format(number=len(lines))}"
    return Result(f"{heading} {ALL_IN_FILE}", files=(File("files.txt", "\n".join(lines).encode()),))


def counted(folder: str, listing: Listing) -> str:
    if listing.total == 1:
        (only,) = listing.entries
        return (ONE_FOLDER if only.name.endswith("/") else ONE_FILE).format(path=folder)
    return (LISTED if listing.total else NONE_LISTED).format(path=folder, number=listing.total)


def lines_of(listing: Listing) -> Iterator[str]:
    sizes = [size_of(entry) for entry in listing.entries]
    width = max(map(len, sizes), default=0)
    for entry, size in zip(listing.entries, sizes, strict=True):
        yield f"{size:>{width}}  {visible(entry.name).replace(chr(10), '␊').replace(chr(9), '␉')}"


def size_of(entry: Entry) -> str:
    return "" if entry.size is None else in_words(entry.size)
