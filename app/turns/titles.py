"""What a thread is called before anybody gives it a better name."""

import re
import unicodedata

LONGEST = 80  # of the 100 characters that Discord allows: the rest is for whoever adds to it

MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w+:)\d+>")


def title_of(prompt: str) -> str:
    """The prompt's first words, cut at a word; never empty, never a mention."""
    seen = "".join(character for character in MENTION.sub(" ", prompt) if unicodedata.category(character) != "Cf")
    words = re.sub(r"[\s\x00-\x1f`*_~|>#]+", " ", seen).strip()
    if len(words) <= LONGEST:
        return words or "OpenCord"
    head, _, _ = words[: LONGEST - 1].rpartition(" ")
    return (head or words[: LONGEST - 1]) + "…"
