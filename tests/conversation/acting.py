"""People who talk to the bot, and the record of what they see: the conversation goes on step by step, and every `look`
adds what is new since the last one.

A look is taken when there is something to be seen that stays until the next step; what was shown in between is not
recorded.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.playground.discord import Person
from scripts.playground.discord.components import walk
from scripts.playground.discord.filling import named
from scripts.playground.discord.interactions import Callback, Interaction
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, Message, MessageType, Upload
from scripts.playground.model import MODEL
from tests.conversation.stage import PATIENCE, Stage, staged
from tests.conversation.threads import Sight, compare, indented, title
from tests.turns.pictures import png

PRICES = {"input": 3, "output": 15}  # dollars for a million tokens
PERMISSIONS = {"bash": {"*": "allow", "npm publish*": "ask"}, "edit": {"*": "allow", "*.env": "ask"}}
NPM = """#!/bin/sh
until [ -e {released} ]; do sleep 0.05; done
case $1 in
    publish) echo '+ shop@1.4.0' ;;
    *) echo '12 tests passed' ;;
esac
"""
PLOT = """#!/bin/sh
echo {image} | base64 -d > "$1"
"""
IMAGE = Upload("chart.png", png(64, 48), "image/png")
UNOPENED = frozenset({MessageType.THREAD_STARTER, MessageType.THREAD_CREATED})
ENDINGS = ("**Done**", "**Failed**", "**Stopped**", "**Expired**", "**Withdrawn**", "**Ended**")


@dataclass(slots=True)
class Company:
    """`alice` and `bob` may talk to the bot, `mallory` may not; `warden` looks after the threads."""

    stage: Stage
    alice: Person
    bob: Person
    mallory: Person
    warden: Person
    released: Path

    def hold(self) -> None:
        """From now on `npm` does not come to its end."""
        self.released.unlink(missing_ok=True)

    def release(self) -> None:
        self.released.touch()


@asynccontextmanager
async def company(folder: Path, **settings: str) -> AsyncIterator[Company]:
    """The app and its scheduler, and the people."""
    async with staged(folder, running=False, RELAY_MODE="gateway", **settings) as stage:
        discord, crew = stage.discord, stage.discord.add_role("crew")
        discord.world.members[stage.person.id].roles.append(crew.id)
        bob, mallory = discord.add_person("bob", [crew.id]), discord.add_person("mallory")
        warden = discord.add_person("warden", permissions=May.MANAGE_THREADS)
        people = Company(stage, stage.person, bob, mallory, warden, folder / "released")
        people.release()
        stage.settings |= {
            "DISCORD_REQUIRED_ROLE_ID": crew.id,
            "PATH": f"{commands(people)}:{stage.environment()['PATH']}",
            "OPENCODE_CONFIG_JSON": configuration(stage),
        }
        await stage.start()
        yield people


def commands(people: Company) -> Path:
    """What the agent may run."""
    place = people.stage.folder / "commands"
    place.mkdir()
    image = base64.b64encode(IMAGE.content).decode()
    for name, script in {"npm": NPM.format(released=people.released), "plot": PLOT.format(image=image)}.items():
        (place / name).write_text(script)
        (place / name).chmod(0o755)
    return place


def configuration(stage: Stage) -> str:
    """With prices, and with some permissions that people are asked for."""
    config = json.loads(stage.environment()["OPENCODE_CONFIG_JSON"])
    config["provider"]["scripted"]["models"][MODEL]["cost"] = PRICES
    return json.dumps(config | {"permission": PERMISSIONS})


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
    assert people.stage.discord.offences == []
    assert "Traceback" not in people.stage.log()


@dataclass(slots=True)
class Scene:
    people: Company
    name: str
    thread: Channel | None = None
    _lines: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _shown: dict[str, list[str]] = field(default_factory=dict)

    # what people do

    async def mention(self, words: str, files: Sequence[Upload] = (), means: str = "") -> Message:
        """In the channel, which opens a thread. `means`: what the model does about it."""
        message = await self._write(self.people.alice, self._general, words, files, means, mention=True)
        await self._until_open(message.id)
        return message

    async def write(
        self, words: str, means: str = "", who: Person | None = None, to: Message | None = None
    ) -> Message:
        return await self._write(who or self.people.alice, self._place, words, (), means, to=to)

    async def ask(self, prompt: str, means: str = "", file: Upload | None = None) -> None:
        """By the command: in the channel, or in the thread once there is one."""
        self._plays(prompt, means)
        place, alice = self.thread or self._general, self.people.alice
        options = {"prompt": prompt} | ({"file": file} if file else {})
        typed = f"/opencord ask prompt: {prompt}" + (f" file: {file.filename}" if file else "")
        self._say(f"alice{self._where(place)} types {typed}")
        sent = await alice.command(place.id, "opencord", {"ask": options})
        await sent.response()
        if self.thread is None:
            assert sent.original is not None
            await self._until_open(sent.original.id)

    async def command(self, name: str, **options: str) -> None:
        """Another of the bot's commands."""
        typed = " ".join([f"/opencord {name}", *(f"{option}: {value}" for option, value in options.items())])
        self._say(f"alice types {typed}")
        await self._hear(self.people.alice, await self.people.alice.command(self._place.id, "opencord", {name: options}))

    async def press(
        self,
        label: str,
        *values: str,
        who: Person | None = None,
        writes: Mapping[str, str] | None = None,
        on: Message | None = None,
    ) -> None:
        """A button, or with `values` a list; on the newest message that has it. `writes` is what goes into the fields
        of the form that opens. `on` a message presses also what is not there any more, by its custom_id."""
        who = who or self.people.alice
        message = on or self._newest_with(label, who)
        where = f" of [{self._numbers[message.id]}]" if message.id in self._numbers else ""
        chosen = " and ".join(values)
        self._say(f"{who.name} chooses {chosen}{where}" if values else f"{who.name} presses [{self._words(label)}]{where}")
        body = {"id": message.id, "channel_id": message.channel}
        sent = await who.press(body, label, values, checked=on is None)
        await self._hear(who, sent)
        if writes is not None:
            self._say(*(f"{who.name} writes: {words}" for words in writes.values()), gap=False)
            await self._hear(who, await who.submit(sent, writes))

    async def edit(self, message: Message, words: str, means: str = "") -> None:
        self._plays(words, means)
        await self.people.alice.edit(message.channel, message.id, self._addressed(words, message.content))
        self._say(f"alice edits [{self._numbers[message.id]}]", *self._block(message))
        self._shown[message.id] = self._seen(message)

    async def delete(self, message: Message) -> None:
        await self.people.alice.delete(message.channel, message.id)
        self._say(f"alice deletes [{self._numbers[message.id]}]")
        self._shown.pop(message.id)

    # what people see

    async def look(self, *words: str) -> None:
        """Wait until all of this is to be seen in what is new, and record that."""
        await self._until(lambda: all(word in self._news() for word in words))
        self._record()

    async def over(self) -> None:
        """Wait until nothing is at work any more, and record what is new."""
        await self._until(lambda: not self._is_live() and any(ending in self._news() for ending in ENDINGS))
        self._record()

    def newest(self, words: str) -> Message:
        """In which this stands."""
        return next(m for m in reversed(list(self._messages())) if words in "\n".join(self._seen(m)))

    def id_of(self, label: str, message: Message) -> str:
        """Of a button that may be gone when it is pressed."""
        component = named(message.components, label)
        assert component is not None
        return str(component["custom_id"])

    def end(self) -> None:
        """That is all; and it must be what it was."""
        compare(self.name, "\n".join([title(self.name), *self._lines, ""]))

    # how that is done

    @property
    def _general(self) -> Channel:
        return self.people.stage.discord.channel("general")

    @property
    def _place(self) -> Channel:
        assert self.thread is not None
        return self.thread

    @property
    def _sight(self) -> Sight:
        return Sight(self.people.stage.discord.world)

    def _plays(self, words: str, means: str) -> None:
        if means:
            self.people.stage.model.parts[words] = means

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
        self._plays(words, means)
        said = f"<@{self.people.stage.discord.application_id}> {words}" if mention else words
        written = await who.write(place.id, said, to.id if to else None, files)
        message = place.messages[written["id"]]
        self._show(message)
        return message

    def _addressed(self, words: str, before: str) -> str:
        mention = f"<@{self.people.stage.discord.application_id}>"
        return f"{mention} {words}" if before.startswith(mention) else words

    async def _until_open(self, opener: str) -> None:
        channels = self.people.stage.discord.world.channels
        await self._until(lambda: opener in channels)
        self.thread = channels[opener]
        self._say(f"── thread “{self.thread.name}” ──")

    async def _until(self, condition: Any) -> None:
        try:
            await self.people.stage.discord.wait_for(condition, within=PATIENCE)
        except AssertionError as error:
            raise AssertionError("\n".join([*self._lines, "", "but then:", self._news(), str(error)])) from None

    async def _hear(self, who: Person, sent: Interaction) -> None:
        """The answer to what somebody pressed or typed, as far as only they see it."""
        answer = await sent.response()
        if answer["type"] == Callback.MODAL:
            self._say(*indented(list(self._sight.form(answer["data"])), "    "), gap=False)
        elif answer["type"] in (Callback.MESSAGE, Callback.DEFERRED_MESSAGE):
            await sent.wait_message(within=PATIENCE)
            assert sent.original is not None
            if sent.original.visible_to:
                heard = [f"only {who.name} sees:", *indented(self._seen(sent.original), "    ")]
                self._say(*indented(heard, "    "), gap=False)

    def _newest_with(self, label: str, who: Person) -> Message:
        messages = [m for m in self._place.messages.values() if m.visible_to in (None, who.id)]
        return next(m for m in reversed(messages) if named(m.components, label))

    def _words(self, label: str) -> str:
        return label.partition(":")[0].capitalize() if ":" in label else label

    def _is_live(self) -> bool:
        ids = [str(part.get("custom_id")) for m in self._messages() for _, part in walk(m.components)]
        return any(id.startswith(("stop:", "cancel:")) for id in ids)

    def _messages(self) -> Iterator[Message]:
        """All that everybody sees, in their order."""
        if self.thread is not None and self.thread.id in self._general.messages:
            yield self._general.messages[self.thread.id]
        if self.thread is not None:
            yield from (m for m in self.thread.messages.values() if m.type not in UNOPENED and not m.visible_to)

    def _seen(self, message: Message) -> list[str]:
        return self._sight.message(message)

    def _changed(self) -> list[Message]:
        return [m for m in self._messages() if self._shown.get(m.id) != self._seen(m)]

    def _news(self) -> str:
        return "\n".join(line for m in self._changed() for line in self._seen(m))

    def _record(self) -> None:
        there = {message.id for message in self._messages()}
        for gone in [id for id in self._shown if id not in there]:
            self._say(f"[{self._numbers[gone]}] is gone")
            self._shown.pop(gone)
        changed = self._changed()
        for message in sorted(changed, key=lambda m: (m.id not in self._numbers, int(m.id))):
            self._show(message)

    def _show(self, message: Message) -> None:
        known = message.id in self._numbers
        number = self._numbers.setdefault(message.id, len(self._numbers) + 1)
        if known:
            head = f"[{number}] {message.author.name}, edited"
        else:
            head = f"[{number}] {self._sight.circumstances(message)}" + self._answers(message)
            head += self._where(self.people.stage.discord.world.channels[message.channel])
        self._say(head, *self._block(message))
        self._shown[message.id] = self._seen(message)

    def _answers(self, message: Message) -> str:
        number = self._numbers.get((message.reference or {}).get("message_id", ""))
        return f", in reply to [{number}]" if number and message.type == MessageType.REPLY else ""

    def _where(self, place: Channel) -> str:
        return "" if place.thread else f", in #{place.name}"

    def _block(self, message: Message) -> list[str]:
        return indented(self._seen(message), "    ")

    def _say(self, *lines: str, gap: bool = True) -> None:
        self._lines += ([""] if gap else []) + list(lines)
