"""Characters: how Discord's limits are counted here, and where a text may be cut without harm.

Discord says "characters" and never which kind. Counted here are UTF-16 code units, which are never fewer than code
points or graphemes: whatever Discord counts, a text within the limit here is within it there.
"""

import unicodedata
from collections.abc import Iterator

LONGEST_GRAPHEME = 64  # what is longer is decoration, and may be cut
ZERO_WIDTH_JOINER = "\u200d"


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shows(text: str) -> bool:
    """Whether there is anything to see: not only white space, controls and marks of zero width."""
    return any(not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf") for character in text)


def clean(text: str) -> str:
    """The text as it can be sent: halves of surrogate pairs are joined, or replaced where the other half is missing;
    every line ends with a plain newline."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def shorten(text: str, limit: int) -> str:
    """The text, or as much of its beginning as fits together with an ellipsis."""
    text = clean(text).strip()
    if units(text) <= limit:
        return text
    return text[: break_at(text, limit - 1)].rstrip() + "…"


def ending(text: str, room: int) -> str:
    """As much of its end as fits, from between two graphemes on; nothing of a heap of combining marks."""
    start = max(0, len(text) - room)
    while start < len(text) and (units(text[start:]) > room or (start > 0 and _joined(text, start))):
        start += 1
    return text[start:]


def pieces(text: str, room: int) -> Iterator[str]:
    """Consecutive pieces of at most `room`; joined they are the text. Cut between words where there are some."""
    while units(text) > room:
        end = break_at(text, room)
        yield text[:end]
        text = text[end:]
    yield text


def break_at(text: str, room: int) -> int:
    """Where to cut a text that is longer than `room`: after white space in the second half, else between two
    graphemes, else, for a heap of combining marks, anywhere. At least 1."""
    end = _fitting(text, room)
    for index in range(end, end // 2, -1):
        if text[index - 1].isspace() and not text[index].isspace():
            return index
    for index in range(end, max(end - LONGEST_GRAPHEME, 0), -1):
        if not _joined(text, index):
            return index
    return end


def _fitting(text: str, room: int) -> int:
    end = min(len(text) - 1, room)
    while end > 1 and units(text[:end]) > room:
        end -= max(1, (units(text[:end]) - room) // 2)
    return max(end, 1)


def _joined(text: str, index: int) -> bool:
    """Whether the characters around `index` make one grapheme; the common part of https://unicode.org/reports/tr29/."""
    before, after = text[index - 1], text[index]
    if before == ZERO_WIDTH_JOINER or after == ZERO_WIDTH_JOINER or _extends(after):
        return True
    return _is_flag_half(after) and _flag_halves_before(text, index) % 2 == 1


def _extends(character: str) -> bool:
    is_modifier = "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
    is_tag = "\U000e0020" <= character <= "\U000e007f"  # the flags of England, Scotland, Wales
    return is_modifier or is_tag or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, index: int) -> int:
    start = index
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return index - start
