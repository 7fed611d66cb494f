"""The messages that say what the agent said.

Up to `LONG` characters they say it all, one after the other; beyond, one message shows the beginning and carries the
whole as a file, as it was written. Either way nothing is lost, and every message is one that Discord takes.
"""

import re

from app.discord.limits import CONTENT
from app.discord.markdown import split
from app.discord.rendering import render
from app.discord.text import clean, shows, units
from app.turns.records import Content, File

LONG = 6000  # characters: four messages
HEAD = 1500
FILE = "answer.md"
NOTE = f"-# This is only the beginning. The whole answer is in the file {FILE}."


def compose(text: str) -> list[Content]:
    """None at all for a text with nothing to see in it."""
    text = re.sub(r"\A(?:[ \t]*\n)+", "", clean(text)).rstrip()
    if not shows(text):
        return []
    is_long = units(text) > LONG
    rendered = render(_beginning(text) if is_long else text)
    if is_long or units(rendered) > LONG:
        return [_head(rendered, text)]
    return [Content(message) for message in split(rendered, CONTENT)]


def _beginning(text: str) -> str:
    """More than a head can show of it, but no more than can be rendered at once."""
    beginning = text[:LONG]
    return beginning[: beginning.rfind("\n", LONG // 2)] if "\n" in beginning[LONG // 2 :] else beginning


def _head(rendered: str, text: str) -> Content:
    head = split(rendered, HEAD)[:1]
    return Content("\n".join([*head, NOTE]), (File(FILE, text.encode()),))
