"""A message that a question is about, and what stands around it, as the agent is told of them. Pure.

Neither is addressed to the agent, and anybody may have written them: so they are quoted behind the question.
"""

from collections.abc import Sequence

from app.turns.history import BETWEEN, Said, plain_name, recent_lines
from app.turns.records import About

BEFORE, AFTER = 6, 4  # messages around it
WORDLESS = "(no text)"
UNSAID = "Please answer this message, or do what it asks for."


def with_message(question: str, about: About, around: Sequence[Said]) -> str:
    """`question` may be empty: then the message itself is to be answered. `around`, oldest first, without it."""
    said = f"(This is about a message of {plain_name(about.author)}:)\n{quoted(about.text or WORDLESS)}"
    lines = "\n".join(recent_lines(around))
    beside = [f"(What was said around it, oldest first:)\n{quoted(lines)}"] if lines else []
    return BETWEEN.join([question or UNSAID, said, *beside])


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
