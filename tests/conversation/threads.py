"""A thread as people see it, in plain text: who said what, in small print or not, with which buttons, lists and files,
and whom it notified.

What differs from run to run, and nothing else, is put in other words: times, durations, numbers of tokens, prices. So
two runs of one conversation give the same text, which is kept beside the tests and read as documentation.
"""

import difflib
import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from scripts.playground.discord.components import BUTTON, LABEL, ROW, SELECTS, walk
from scripts.playground.discord.errors import Json
from scripts.playground.discord.records import Attachment, Flag, Message
from scripts.playground.discord.world import World

KEPT = Path(__file__).parent / "threads"
SMALL = "-# "  # what the bot says of itself
MOST_LINES = 12  # of a file
LONGEST = 300  # characters of a line
MANY = 4  # of the same
UNSTEADY = (
    (re.compile(r"\b(in|after) (?:less than a second|(?:\d+ h )?(?:\d+ min )?\d+ s\b)"), r"\1 {so many} s"),
    (re.compile(r"\b[\d,]+ tokens?\b"), "{so many} tokens"),
    (re.compile(r"\$\d[\d.,]*"), "${so much}"),
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What the eyes see of Discord's world."""

    world: World

    def message(self, message: Message) -> list[str]:
        lines = self.words(message.content).splitlines() if message.content else []
        lines += [line for file in message.attachments for line in self.file(file)]
        return folded([shortened(line) for line in lines] + self.rows(message.components))

    def words(self, content: str) -> str:
        for id, user in self.world.users.items():
            content = content.replace(f"<@{id}>", f"@{user.name}")
        content = re.sub(r"<t:(\d+):([A-Za-z])>", lambda found: moment(int(found[1]), time.time()), content)
        return "\n".join(steady(line) if line.startswith(SMALL) else line for line in content.split("\n"))

    def file(self, file: Attachment) -> Iterator[str]:
        """Its name and size; of a text the beginning."""
        content = file.upload.content
        yield f"(file {file.upload.filename}, {len(content)} bytes)"
        if b"\0" in content or not _is_text(content):
            return
        lines = self.words(content.decode()).splitlines()
        yield from (f"    {line}" for line in lines[:MOST_LINES])
        if len(lines) > MOST_LINES:
            yield f"    … {len(lines)} lines in all"

    def rows(self, components: Sequence[Json]) -> list[str]:
        return [" ".join(self._pressed(one) for one in row["components"]) for row in components if row["type"] == ROW]

    def _pressed(self, component: Json) -> str:
        if component["type"] in SELECTS:
            options = " | ".join(_option(option) for option in component["options"])
            return f"[{component.get('placeholder', '')} ▾ {options}]"
        assert component["type"] == BUTTON
        return f"[{component['label']}]"

    def form(self, modal: Json) -> Iterator[str]:
        """What opens when a button asks for words."""
        yield f"[{modal['title']}]"
        for _, label in walk(modal["components"]):
            if label["type"] == LABEL:
                field = label["component"]
                optional = "" if field.get("required", True) else ", may be left empty"
                yield f"{label['label']}{optional}: " + (label.get("description") or field.get("placeholder") or "")

    def circumstances(self, message: Message) -> str:
        """Who wrote it, and what else is to be seen at once."""
        notified = [self.world.users[id].name for id in message.notified]
        # Who writes to a bot notifies it, which nobody sees.
        notified = [name for name in notified if name != self.world.bot.name]
        said = [message.author.name]
        said += ["silently"] if message.flags & Flag.SUPPRESS_NOTIFICATIONS else []
        said += [f"notifies {' and '.join(notified)}"] if notified else []
        return ", ".join(said)


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _option(option: Json) -> str:
    description = option.get("description")
    return f"{option['label']} ({description})" if description else str(option["label"])


def moment(at: int, now: float) -> str:
    """As Discord shows it, but steadily: a minute more or less is all that a run may differ by."""
    minutes = math.ceil((at - now) / 60 - 0.5)
    if abs(minutes) < 2:
        return "{in a moment}" if at > now + 1 else "{just now}"
    return f"{{in {minutes} minutes}}" if minutes > 0 else f"{{{-minutes} minutes ago}}"


def steady(line: str) -> str:
    for pattern, words in UNSTEADY:
        line = pattern.sub(words, line)
    return line


def shortened(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} {{…, {len(line)} characters in all}}"


def folded(lines: Sequence[str]) -> list[str]:
    """A line that stands there again and again, once."""
    result: list[str] = []
    for line, group in groupby(lines):
        many = len(list(group))
        result += [line] * many if many < MANY else [line, f"{{the same line, {many} times in all}}"]
    return result


def indented(lines: Sequence[str], by: str) -> list[str]:
    return [f"{by}{line}".rstrip() for line in lines]


def compare(name: str, text: str) -> None:
    """With what is kept under this name. UPDATE_THREADS=1 keeps it anew."""
    place = KEPT / f"{name}.txt"
    if os.environ.get("UPDATE_THREADS") == "1":
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    kept = place.read_text(encoding="utf-8") if place.exists() else ""
    if text != kept:
        difference = difflib.unified_diff(
            kept.splitlines(), text.splitlines(), "as it was kept", "as it is", lineterm=""
        )
        raise AssertionError(
            "\n".join([f"{place.name} (if it is right now: UPDATE_THREADS=1 keeps it anew)", *difference])
        )


def title(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ").capitalize()
    return f"{words}\n{'=' * len(words)}"
