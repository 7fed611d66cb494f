"""A conversation, step by step: what people do, and when they look. Every `look` adds to the record what is new since
the last one.

A look is taken when there is something to be seen that stays until the next step; what was shown in between is not
recorded.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from scripts.playground.discord import Person
from scripts.playground.discord.components import walk
from scripts.playground.discord.filling import named
from scripts.playground.discord.interactions import Callback, Interaction
from scripts.playground.discord.records import Channel, Message, MessageType, Upload
from tests.conversation.company import Company
from tests.conversation.record import Record
from tests.conversation.stage import PATIENCE
from tests.conversation.threads import compare, title

UNSPOKEN = frozenset({MessageType.THREAD_STARTER, MessageType.THREAD_CREATED})
ENDINGS = ("**Done**", "**Failed**", "**Denied**", "**Stopped**", "**Expired**", "**Withdrawn**", "**Ended**")


@asynccontextmanager
async def scene(people: Company, name: str) -> AsyncIterator["Scene"]:
    """One conversation. Its machine is thrown away at the end, and nobody may have a complaint."""
    acting = Scene(people, name)
    try:
        yield acting
    finally:
        people.release()
        if acting.thread is not None:
            await people.warden.delete_thread(acting.thread.id)
            await people.stage.discord.wait_for(lambda: not people.stage.homes, within=PATIENCE)
    offences = people.stage.discord.offences
    assert not offences, "\n".join(offences)
    assert "Traceback" not in people.stage.log()


@dataclass(slots=True)
class Scene:
    people: Company
    name: str
    thread: Channel | None = None
    record: Record = field(init=False)

    def __post_init__(self) -> None:
        self.record = Record(self.people.stage.discord.world)

    # what people do

    def plays(self, words: str, means: str) -> None:
        """What the model does when it hears these words."""
        if means:
            self.people.stage.model.parts[words] = means

    async def mention(self, words: str, files: Sequence[Upload] = (), means: str = "") -> Message:
        """In the channel, which opens a thread. `means`: what the model does about it."""
        message = await self._write(self.people.alice, self._general, words, files, means, mention=True)
        await self._until_open(message.id)
        return message

    async def write(self, words: str, means: str = "", who: Person | None = None, to: Message | None = None) -> Message:
        return await self._write(who or self.people.alice, self._place, words, (), means, to=to)

    async def ask(self, prompt: str, means: str = "", file: Upload | None = None) -> None:
        """By the command: in the channel, or in the thread once there is one."""
        self.plays(prompt, means)
        place, alice = self.thread or self._general, self.people.alice
        options: dict[str, object] = {"prompt": prompt} | ({"file": file} if file else {})
        typed = f"/opencord ask prompt: {prompt}" + (f" file: {file.filename}" if file else "")
        self.record.say(f"alice{self.record.where(place)} types {typed}")
        sent = await alice.command(place.id, "opencord", {"ask": options})
        await sent.response()
        if self.thread is None:
            assert sent.original is not None
            await self._until_open(sent.original.id)

    async def command(self, name: str, /, **options: str | bool) -> None:
        """Another of the bot's commands."""
        typed = " ".join([f"/opencord {name}", *(f"{option}: {value}" for option, value in options.items())])
        self.record.say(f"alice types {typed}")
        await self._hear(
            self.people.alice, await self.people.alice.command(self._place.id, "opencord", {name: options})
        )

    async def press(
        self,
        label: str,
        *values: str,
        who: Person | None = None,
        writes: Mapping[str, str] | None = None,
        on: Message | None = None,
    ) -> None:
        """A button, or with `values` a list; on the newest message that has it. `writes` is what goes into the fields
        of the form that opens. `on` a message presses also what stood there earlier."""
        who = who or self.people.alice
        message = on or self._newest_with(label, who)
        component = self.record.button(message, label) if on else label
        self.record.say(f"{who.name} {self._pressed(label, values, message, is_old=on is not None)}")
        body = {"id": message.id, "channel_id": message.channel}
        sent = await who.press(body, component, values, checked=on is None)
        await self._hear(who, sent)
        if writes is not None:
            written = [f"{who.name} writes: {words}" for words in writes.values()]
            self.record.add(*(written or [f"{who.name} leaves it empty"]))
            await self._hear(who, await who.submit(sent, writes))

    async def edit(self, message: Message, words: str, means: str = "") -> None:
        self.plays(words, means)
        await self.people.alice.edit(message.channel, message.id, self._addressed(words, message.content))
        self.record.keep(f"alice edits {self.record.name(message)}", message)

    async def delete(self, message: Message) -> None:
        await self.people.alice.delete(message.channel, message.id)
        self.record.say(f"alice deletes {self.record.name(message)}")
        self.record.forget(message)

    # what people see

    async def look(self, *words: str) -> None:
        """Wait until all of this is to be seen in what is new, and record that."""
        await self._until(lambda: all(word in self._news() for word in words))
        self.record.take(self._messages())

    async def over(self) -> None:
        """Wait until nothing is at work any more, and record what is new."""
        await self._until(lambda: not self._is_live() and any(ending in self._news() for ending in ENDINGS))
        self.record.take(self._messages())

    def newest(self, words: str) -> Message:
        """In which this stands."""
        return next(message for message in reversed(list(self._messages())) if words in message.content)

    def end(self) -> None:
        """That is all; and it must be what it was."""
        compare(self.name, "\n".join([title(self.name), *self.record.lines, ""]))

    # how that is done

    @property
    def _general(self) -> Channel:
        return self.people.stage.discord.channel("general")

    @property
    def _place(self) -> Channel:
        assert self.thread is not None
        return self.thread

    async def _write(
        self,
        who: Person,
        place: Channel,
        words: str,
        files: Sequence[Upload],
        means: str,
        *,
        mention: bool = False,
        to: Message | None = None,
    ) -> Message:
        self.plays(words, means)
        said = f"<@{self.people.stage.discord.application_id}> {words}" if mention else words
        written = await who.write(place.id, said, to.id if to else None, files)
        message = place.messages[written["id"]]
        self.record.show(message)
        return message

    def _addressed(self, words: str, before: str) -> str:
        mention = f"<@{self.people.stage.discord.application_id}>"
        return f"{mention} {words}" if before.startswith(mention) else words

    async def _until_open(self, opener: str) -> None:
        channels = self.people.stage.discord.world.channels
        await self._until(lambda: opener in channels)
        self.thread = channels[opener]
        self.record.show_once(self._general.messages[opener])
        self.record.say(f"── thread “{self.thread.name}” ──")

    async def _until(self, condition: Callable[[], bool]) -> None:
        try:
            await self.people.stage.discord.wait_for(condition, within=PATIENCE)
        except AssertionError as error:
            raise AssertionError("\n".join([*self.record.lines, "", "but then:", self._news(), str(error)])) from None

    async def _hear(self, who: Person, sent: Interaction) -> None:
        """The answer to what somebody pressed or typed, as far as only they see it."""
        answer = await sent.response()
        if answer["type"] == Callback.MODAL:
            self.record.form(answer["data"])
        elif answer["type"] in (Callback.MESSAGE, Callback.DEFERRED_MESSAGE):
            await sent.wait_message(within=PATIENCE)
            assert sent.original is not None
            if sent.original.visible_to:
                self.record.whisper(sent.original, who.name)

    def _newest_with(self, label: str, who: Person) -> Message:
        messages = [m for m in self._place.messages.values() if m.visible_to in (None, who.id)]
        return next(m for m in reversed(messages) if named(m.components, label))

    def _pressed(self, label: str, values: Sequence[str], message: Message, *, is_old: bool) -> str:
        what = f"chooses {' and '.join(values)}" if values else f"presses [{label}]"
        return what + self.record.of(message) + (", as it was shown earlier" if is_old else "")

    def _is_live(self) -> bool:
        ids = [str(part.get("custom_id")) for m in self._messages() for _, part in walk(m.components)]
        return any(id.startswith(("stop:", "cancel:")) for id in ids)

    def _messages(self) -> Iterator[Message]:
        """All that everybody sees, in their order."""
        if self.thread is not None and self.thread.id in self._general.messages:
            yield self._general.messages[self.thread.id]
        if self.thread is not None:
            yield from (m for m in self.thread.messages.values() if m.type not in UNSPOKEN and not m.visible_to)

    def _news(self) -> str:
        return self.record.news(self._messages())
