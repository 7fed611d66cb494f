"""What is too long for a message goes with it as a file, and the message says so. Pure."""

from app.discord.limits import FILE_BYTES, REQUEST_BYTES
from app.discord.notation import NOTHING, SUBTEXT, fence, is_exact, visible
from app.discord.text import clean, shorten, units
from app.turns.records import File
from app.words.answer import CUT, ENCLOSED

MOST_BYTES = min(FILE_BYTES, REQUEST_BYTES // 4)  # so that a few of them go with one message
LEAST_ROOM = 200
END = f"\n{CUT}\n"  # of what is cut


def document(name: str, text: str, language: str, room: int) -> tuple[str, tuple[File, ...]]:
    """The text as a block of code within `room` characters (200 or more). One that does not fit, or cannot be copied
    from there as it is, is shown as far as possible and enclosed as the file `name`."""
    assert room >= LEAST_ROOM
    seen = visible(text)
    if not seen.strip():
        return SUBTEXT + NOTHING, ()
    whole = fence(text.rstrip("\n"), language)
    if is_exact(text) and units(whole) <= room:
        return whole, ()
    note = f"\n{SUBTEXT}{ENCLOSED.format(file=name)}"
    # Taken apart before it is cut, so that cutting cannot bring backticks together again.
    apart = fence(seen.rstrip("\n"), language)[len("```") + len(language) + 1 : -len("\n```")]
    excerpt = shorten(apart, room - units(note) - units(fence("", language)))
    return fence(excerpt, language) + note, (enclose(name, seen),)


def enclose(name: str, text: str) -> File:
    """As a file that Discord takes; where even that is too small for it, its end says so."""
    content = clean(text).encode()
    if len(content) > MOST_BYTES:
        content = content[: MOST_BYTES - len(END)].decode("utf-8", "ignore").encode() + END.encode()
    return File(name, content)
