"""What a thread is called: by its first words, or by what a model makes of them. Pure."""

import re
import unicodedata

LONGEST = 80  # of the 100 characters that Discord allows: the rest is for whoever adds to it
LONGEST_GIVEN = 60  # what a model thinks up is a headline, or nothing

MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w{1,40}:)\d{1,20}>")
FALLBACK = "OpenCord"

_QUOTES = "\"'“”„‘’«»「」` "
_AT_SOMEBODY = re.compile(r"(?<!\w)@(?=\w)")
_LABEL = re.compile(r"^(?:thread )?(?:title|name): ?", re.IGNORECASE)


def title_of(prompt: str) -> str:
    """The prompt's first words, cut at a word; never empty, never a mention."""
    return _cut(_words(prompt), LONGEST) or FALLBACK


def headline_of(answer: str) -> str | None:
    """The title that a model was asked for, cleaned. None where it said something else: nothing, many lines, JSON."""
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) != 1 or lines[0].lstrip().startswith(("{", "[{", '["', "```")):
        return None
    words = _LABEL.sub("", _words(lines[0]).strip(_QUOTES)).strip(_QUOTES).removesuffix(".").rstrip()
    named = _cut(_AT_SOMEBODY.sub("", words), LONGEST_GIVEN)
    return named if any(one.isalnum() for one in named) else None


def _words(text: str) -> str:
    """In one line, without mentions, marks of layout, and what cannot be seen."""
    seen = "".join(one for one in MENTION.sub(" ", text) if unicodedata.category(one) not in ("Cf", "Cs"))
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f`*_~|>#]+", " ", seen).strip()


def _cut(words: str, longest: int) -> str:
    if len(words) <= longest:
        return words
    head, _, _ = words[: longest - 1].rpartition(" ")
    return (head or words[: longest - 1]) + "…"
