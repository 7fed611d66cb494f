"""What was said to interactions after their first answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.discord.interactions import Interaction
from app.discord.payloads import Payload
from app.turns.records import File


@dataclass(slots=True)
class FakeReplies:
    """What stands there now is in `texts` and `buttons`, what everybody was told in `aloud`, with its buttons in
    `offered`, and all files in `files`. `failure` is what every edit
    meets, `unfit` one that has files."""

    log: list[str]
    texts: list[str] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)  # of each text: label -> custom_id
    aloud: list[str] = field(default_factory=list)
    offered: list[dict[str, str]] = field(default_factory=list)  # the buttons of what was told
    files: list[File] = field(default_factory=list)
    failure: Exception | None = None
    unfit: Exception | None = None

    async def edit(
        self, interaction: Interaction, text: str, components: Sequence[Payload] = (), files: Sequence[File] = ()
    ) -> None:
        self.log.append("edit")
        if (failure := self.failure or (self.unfit if files else None)) is not None:
            raise failure
        self.texts.append(text)
        self.buttons.append(labelled(components))
        self.files += files

    async def post(
        self, interaction: Interaction, text: str, components: Sequence[Payload] = (), files: Sequence[File] = ()
    ) -> None:
        self.log.append("post")
        self.aloud.append(text)
        self._offer(components)
        self.files += files

    def _offer(self, components: Sequence[Payload]) -> None:
        if components:
            self.offered.append(labelled(components))


def labelled(rows: Sequence[Payload]) -> dict[str, str]:
    """Of the buttons; a select by its placeholder."""
    inside = [component for row in rows for component in row["components"]]
    return {one.get("label") or one.get("placeholder", ""): one["custom_id"] for one in inside}
