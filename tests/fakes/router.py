"""The quick model in memory: it passes the same contract tests as the real adapter on the scripted model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.turns.history import Said


@dataclass(slots=True)
class FakeRouter:
    """What speaks of lunch is for people. What it was asked is in `asked` and `named`; while it is `mute`, it can only
    be asked in vain."""

    mute: bool = False
    asked: list[tuple[str, str, tuple[Said, ...]]] = field(default_factory=list)  # text, asker, what was said before
    named: list[str] = field(default_factory=list)

    async def wants_answer(self, text: str, asker: str, lately: Sequence[Said]) -> bool:
        self.asked.append((text, asker, tuple(lately)))
        return self.mute or "lunch" not in text

    async def title(self, prompt: str) -> str | None:
        self.named.append(prompt)
        return None if self.mute else " ".join(re.findall(r"[\w'.-]+", prompt)[:4])[:60] or None
