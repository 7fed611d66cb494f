"""The quick model beside the scripted one: what it answers when the app asks whether a message is meant for the agent,
and what a thread is called.

It recognises the app's two questions by their instructions, and reads the JSON in which they come. A message is for
people when it speaks of lunch, coffee or the weekend; anything else is for the agent. A thread is called by the first
four words of its message. As with the agent's model, nothing is remembered.
"""

import json
import re

from app.opencode.router import WHAT_TITLE, WHETHER

PRIVATE = re.compile(r"\b(?:lunch|coffee|weekend)\b", re.IGNORECASE)
TITLE_WORDS = 4


def quick_reply(instruction: str, material: str) -> str | None:
    """None: that is no question of the app's."""
    if instruction == WHETHER:
        return "NO" if PRIVATE.search(json.loads(material)["message"]["text"]) else "YES"
    if instruction == WHAT_TITLE:
        return " ".join(re.findall(r"[\w'.-]+", json.loads(material)["message"])[:TITLE_WORDS])
    return None
