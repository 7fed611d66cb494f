"""What a new session is told of a thread that is older than it. Pure.

A machine can be lost, and the session with it; what people and the agent said to each other still stands in the thread.
As much of that as fits goes before the next prompt: the newest, for it matters most.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.turns.records import Asker

MOST_MESSAGES = 40
MOST_CHARACTERS = 6_000


PREAMBLE = "This thread is older than this session. What was said in it lately, oldest first:"
END = "That was the thread so far. Files and processes of an earlier session do not exist any more."
ASKED = "Now this is asked:"
CUT = "… "
BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Said:
    """A message as its readers saw it."""

    author: str
    text: str


def said_by(asker: Asker, text: str) -> str:
    """With who says it in front. Only Discord's own id can be relied on: anybody can call themselves anything, so a
    name looks like nothing but a name."""
    return f"{plain_name(asker.name)} ({asker.id}): {text}"


def plain_name(name: str) -> str:
    """In one line, and without what would make it look like the beginning of what somebody says."""
    return " ".join(re.sub(r"[():]", " ", name).split()) or "somebody"


def with_history(prompt: str, said: Sequence[Said]) -> str:
    """The prompt behind what was `said` before it, oldest first; the prompt alone when nothing was."""
    before = history(said)
    return BETWEEN.join([f"{before} {ASKED}", prompt]) if before else prompt


def history(said: Sequence[Said]) -> str:
    """What was `said` before a prompt, for a message of its own. Empty when nothing was."""
    lines = recent_lines(said)
    return BETWEEN.join([PREAMBLE, *lines, END]) if lines else ""


def recent_lines(said: Sequence[Said]) -> list[str]:
    """Oldest first. The first that does not fit whole is cut at its beginning, and is the last to go in."""
    lines: list[str] = []
    room = MOST_CHARACTERS
    for one in reversed([one for one in said if one.text.strip()][-MOST_MESSAGES:]):
        line = f"{plain_name(one.author)}: {one.text.strip()}"
        if len(line) > room:
            if room > len(CUT):
                lines.append(CUT + line[len(line) - room + len(CUT) :])
            break
        lines.append(line)
        room -= len(line) + len(BETWEEN)
    return lines[::-1]
