"""What was seen of a conversation, in its order: every message has a number, and comes again when it has changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from scripts.playground.discord.components import walk
from scripts.playground.discord.errors import Json
from scripts.playground.discord.records import Channel, Message, MessageType
from scripts.playground.discord.world import World
from tests.conversation.threads import Sight, indented

STEP = "    "


@dataclass(slots=True)
class Record:
    world: World
    lines: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _shown: dict[str, list[str]] = field(default_factory=dict)
    _whispers: dict[str, Message] = field(default_factory=dict)  # what only one person sees
    _buttons: dict[tuple[str, str], str] = field(default_factory=dict)  # by message and label, also earlier ones

    # telling

    def say(self, *lines: str) -> None:
        self.lines += ["", *lines]

    def add(self, *lines: str) -> None:
        """To what was said last."""
        self.lines += lines

    def name(self, message: Message) -> str:
        return f"[{self._numbers[message.id]}]"

    def of(self, message: Message) -> str:
        return f" of {self.name(message)}" if message.id in self._numbers else ""

    def where(self, place: Channel) -> str:
        return "" if place.thread else f", in #{place.name}"

    def button(self, message: Message, label: str) -> str:
        """Its custom_id, also when it is gone by now."""
        return self._buttons[message.id, label]

    # showing

    def show(self, message: Message) -> None:
        if message.visible_to:
            self.keep(f"only {self.world.users[message.visible_to].name} sees, in place of that", message)
            return
        is_known = message.id in self._numbers
        self._numbers.setdefault(message.id, len(self._numbers) + 1)
        self.keep(f"{self.name(message)} " + (self._edited(message) if is_known else self._new(message)), message)

    def show_once(self, message: Message) -> None:
        if message.id not in self._numbers:
            self.show(message)

    def keep(self, head: str, message: Message) -> None:
        """As it is now, below these words."""
        self.say(head, *indented(self._seen(message), STEP))
        self._remember(message)

    def whisper(self, message: Message, hearer: str) -> None:
        self.add(*indented([f"only {hearer} sees:", *indented(self._seen(message), STEP)], STEP))
        self._whispers[message.id] = message
        self._remember(message)

    def form(self, modal: Json) -> None:
        self.add(*indented(list(Sight(self.world).form(modal)), STEP))

    def forget(self, message: Message) -> None:
        """That it is gone is said already."""
        self._shown.pop(message.id)

    # comparing

    def changed(self, messages: Iterable[Message]) -> list[Message]:
        """What is new or not as it was shown: earlier messages first."""
        every = (*messages, *self._whispers.values())
        changed = [m for m in every if self._shown.get(m.id) != self._seen(m)]
        return sorted(changed, key=lambda m: (m.id not in self._numbers, int(m.id)))

    def news(self, messages: Iterable[Message]) -> str:
        return "\n".join(line for message in self.changed(messages) for line in self._seen(message))

    def take(self, messages: Iterable[Message]) -> None:
        """Show what is new, and say what is gone."""
        there = {message.id: message for message in messages}
        for gone in self._shown.keys() - there.keys() - self._whispers.keys():
            self.say(f"[{self._numbers[gone]}] is gone")
            self._shown.pop(gone)
        for message in self.changed(there.values()):
            self.show(message)

    def _seen(self, message: Message) -> list[str]:
        return Sight(self.world).message(message)

    def _remember(self, message: Message) -> None:
        self._shown[message.id] = self._seen(message)
        for _, part in walk(message.components):
            if "custom_id" in part:
                self._buttons[message.id, part.get("label", "")] = part["custom_id"]

    def _edited(self, message: Message) -> str:
        return f"{message.author.name}, edited"

    def _new(self, message: Message) -> str:
        number = self._numbers.get((message.reference or {}).get("message_id", ""))
        replies = f", in reply to [{number}]" if number and message.type == MessageType.REPLY else ""
        return Sight(self.world).circumstances(message) + replies + self.where(self.world.channels[message.channel])
