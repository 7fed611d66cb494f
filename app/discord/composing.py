"""The messages that say what the agent said.

Up to `LONG` characters they say it all, one after the other; beyond, one message shows the beginning and carries the
whole as a file, as it was written. Either way nothing is lost, and every message is one that Discord takes.
"""

import re

from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT
from app.discord.rendering import cut, render
from app.discord.text import clean, shows, units
from app.turns.records import Content, File
from app.words.answer import BEGINNING, BEGINNING_OF_MANY, GOES_ON

LONG = 6000  # characters: four messages
HEAD = 1500
STEM = "answer"
FILE = f"{STEM}.md"
FILE_MOST = 8 * 1024 * 1024  # bytes; the rest of what Discord takes is for the request around it
NOTE = SUBTEXT + BEGINNING.format(file=FILE)


def compose(text: str) -> list[Content]:
    """None at all for a text with nothing to see in it."""
    text = re.sub(r"\A(?:[ \t]*\n)+", "", clean(text)).rstrip()
    if not shows(text):
        return []
    is_long = units(text) > LONG
    rendered = render(_beginning(text) if is_long else text)
    if is_long or units(rendered) > LONG:
        return _enclosed(rendered, text)
    return [Content(message) for message in cut(rendered, CONTENT)]


def _beginning(text: str) -> str:
    """More than a head can show of it, but no more than can be rendered at once."""
    beginning = text[:LONG]
    return beginning[: beginning.rfind("\n", LONG // 2)] if "\n" in beginning[LONG // 2 :] else beginning


def _enclosed(rendered: str, text: str) -> list[Content]:
    """The beginning with the whole as a file. One too large for Discord goes on in files of its own, each with a
    message, for there is a limit to what a message may carry as well."""
    first, *more = _files(text)
    note = SUBTEXT + BEGINNING_OF_MANY.format(file=FILE, last=more[-1].name) if more else NOTE
    head = Content("\n".join([*cut(rendered, HEAD)[:1], note]), (first,))
    return [head, *(Content(SUBTEXT + GOES_ON.format(file=file.name), (file,)) for file in more)]


def _files(text: str) -> list[File]:
    """Joined they are the text; each is text by itself."""
    content = text.encode()
    files = list[File]()
    start = 0
    while start < len(content):
        end = min(start + FILE_MOST, len(content))
        while end < len(content) and content[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        files.append(File(f"{STEM}-{len(files) + 1}.md" if files else FILE, content[start:end]))
        start = end
    return files
