"""Files that come with a question: which of them the model is shown, what they are called, how many there may be. Pure.

A name and a type are what somebody said. What a file is, is seen from its content, and only what is certain to be read
is shown to the model: OpenCode refuses a prompt with an image that it cannot decode, and one file of a type that the
model's interface does not know spoils its session for good. Everything else lies in the workspace, where the agent has
tools for it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Literal

from app.turns import images
from app.turns.records import Attachment, File
from app.words.answer import MANY_FILES, MUCH_TOGETHER, TOO_MUCH

MOST_FILES = 10
MOST_BYTES = 25_000_000  # of one
MOST_TOGETHER = 50_000_000
MOST_TEXT = 100_000  # bytes of a text that the model is shown
LONGEST_NAME = 100  # characters
LONGEST_NAME_BYTES = 200  # file systems know 255, and a number may be added
LONGEST_EXTENSION = 16
NAMELESS = "file"


class Kind(StrEnum):
    IMAGE = "image"
    TEXT = "text"
    OTHER = "other"  # the model is only told where it lies


def sort(file: File) -> Kind:
    if images.mime(file.content) is not None:
        return Kind.IMAGE
    return Kind.TEXT if _is_text(file.content) else Kind.OTHER


def mime(file: File) -> str | None:
    """As what OpenCode takes it in a prompt; None for what must not be in one."""
    # A text is plain whatever it is written in: of the other types some spoil the session.
    return images.mime(file.content) or ("text/plain" if _is_text(file.content) else None)


def _is_text(content: bytes) -> bool:
    if not content or len(content) > MOST_TEXT or b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Sifted:
    """`left` says of every file that is not taken why, in a sentence for the person."""

    taken: tuple[Attachment, ...]
    left: tuple[str, ...]


def sift(attachments: Sequence[Attachment]) -> Sifted:
    """The first ones that fit, by the sizes that Discord says."""
    taken: list[Attachment] = []
    left: list[str] = []
    for attachment in attachments:
        problem = _problem(attachment, len(taken), sum(one.size for one in taken))
        if problem:
            left.append(problem)
        else:
            taken.append(attachment)
    return Sifted(tuple(taken), tuple(left))


def _problem(attachment: Attachment, taken: int, size: int) -> str:
    name = safe_name(attachment.name)
    if attachment.size > MOST_BYTES:
        return too_large(name, MOST_BYTES)
    if taken >= MOST_FILES:
        return MANY_FILES.format(name=name, most=MOST_FILES)
    if size + attachment.size > MOST_TOGETHER:
        return MUCH_TOGETHER.format(name=name, most=in_words(MOST_TOGETHER))
    return ""


def too_large(name: str, most: int) -> str:
    return TOO_MUCH.format(name=safe_name(name), most=in_words(most))


def safe_name(name: str) -> str:
    """A name for a file in any folder: without a path and without what cannot be seen, never empty, at most 100
    characters, with its extension."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    seen = "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFC", last) if not _is_hidden(one))
    plain = " ".join(seen.split())
    if not plain.strip("."):
        return NAMELESS
    stem, extension = parts(plain)
    return _cut(stem, extension) + extension


def parts(name: str) -> tuple[str, str]:
    """Stem and extension, dot included: joined they are the name. What is too long for an extension is none."""
    extension = PurePosixPath(name).suffix
    if len(extension) > LONGEST_EXTENSION:
        return name, ""
    return name.removesuffix(extension), extension


def _cut(stem: str, extension: str) -> str:
    stem = stem[: LONGEST_NAME - len(extension)]
    room = LONGEST_NAME_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip()


def _is_hidden(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character).startswith("C")


@dataclass(frozen=True, slots=True)
class Laid:
    """A file that lies in the workspace."""

    path: str  # from the workspace
    size: int  # bytes


def mention(laid: Sequence[Laid]) -> str:
    """For the prompt; empty without files."""
    if not laid:
        return ""
    files = "; ".join(f"{one.path}, {in_words(one.size)}" for one in laid)
    return f"(Attached, in the workspace: {files}.)"


def in_words(size: int) -> str:
    """So many bytes, as people read it: “12 bytes”, “1.2 MB”."""
    if size < 1000:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    unit, whole = _unit(size)
    return f"{size / whole:.1f}".removesuffix(".0") + f" {unit}"


def _unit(size: int) -> tuple[Literal["kB", "MB"], int]:
    return ("kB", 1000) if size < 999_950 else ("MB", 1_000_000)
