"""The quick model beside the scripted one: what it answers when the app asks whether a message is meant for the agent,
and what a thread is called.

It recognises the app's two questions by their instructions, and reads the JSON in which they come. A message is for
people when it calls one of those who spoke before by name ("Ben, …"), or speaks of what people talk about between
themselves: meals, matches, the weekend. Anything else is for the agent. A thread is called by the first words of its
message, at most four. As with the agent's model, nothing is remembered.
"""

import json
import re
from typing import Any

from app.opencode.router import WHAT_TITLE, WHETHER

PRIVATE = re.compile(
    r"\b(?:breakfast|lunch|dinner|coffee|beer|weekend|holidays?|birthday|party|concert|the (?:match|game|film))\b",
    re.IGNORECASE,
)
OURS = {"opencord", "opencode"}  # who is called by these is the agent
TITLE_WORDS = 4
DANGLING = {"a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "the", "then", "to", "with"}


def quick_reply(instruction: str, material: str) -> str | None:
    """None: that is no question of the app's."""
    if instruction == WHETHER:
        return "NO" if _is_private(json.loads(material)) else "YES"
    if instruction == WHAT_TITLE:
        return _title(json.loads(material)["message"])
    return None


def _is_private(material: dict[str, Any]) -> bool:
    text = str(material["message"]["text"])
    others = {said["author"].casefold() for said in material["lately"]} - OURS
    called = re.match(r"\s*@?(\w+)\s*[,:]", text)
    return bool(PRIVATE.search(text) or (called and called[1].casefold() in others))


def _title(message: str) -> str:
    """The first clause, as far as there is room, and never ending in the middle of a phrase."""
    clause = next((piece for piece in re.split(r"[,;:!?]\s|\n|\.\s", message) if piece.strip()), message)
    words = re.findall(r"[\w'.-]+", clause)[:TITLE_WORDS]
    while len(words) > 1 and words[-1].lower() in DANGLING:
        words.pop()
    return " ".join(words)
