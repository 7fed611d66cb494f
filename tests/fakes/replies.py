"""What was said to interactions after their first answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.discord.interactions import Interaction
from app.discord.payloads import Payload


@dataclass(slots=True)
class FakeReplies:
    """What stands there now is in `texts` and `buttons`, what everybody was told in `aloud`. `failure` is what every
    edit meets."""

    log: list[str]
    texts: list[str] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)  # of each text: label -> custom_id
    aloud: list[str] = field(default_factory=list)
    failure: Exception | None = None

    async def edit(self, interaction: Interaction, text: str, components: Sequence[Payload] = ()) -> None:
        self.log.append("edit")
        if self.failure is not None:
            raise self.failure
        self.texts.append(text)
        self.buttons.append(labelled(components))

    async def follow_up(self, interaction: Interaction, text: str) -> None:
        self.log.append("follow_up")
        self.aloud.append(text)


def labelled(rows: Sequence[Payload]) -> dict[str, str]:
    return {button["label"]: button["custom_id"] for row in rows for button in row["components"]}
