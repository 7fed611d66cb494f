"""The people in the guild: what they do by hand in Discord's client, for tests and the page alike.

A person who tries what the client does not offer gets Impossible; what Discord's servers refuse is a Refusal.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts.playground.discord import commands, deletions, marks, messages, payloads, render, threads
from scripts.playground.discord.components import SELECTS
from scripts.playground.discord.errors import Json
from scripts.playground.discord.filling import Impossible, chosen, filled_modal, named, values_of
from scripts.playground.discord.interactions import Interaction, Kind
from scripts.playground.discord.mentions import EVERY
from scripts.playground.discord.permissions import May
from scripts.playground.discord.records import Channel, Message, Upload, User
from scripts.playground.discord.world import World


class Person:
    """`deliver` brings an interaction to the app, in the background."""

    def __init__(self, world: World, user: User, deliver: Callable[[Interaction], None]) -> None:
        self.world, self.user, self._deliver = world, user, deliver

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    # writing

    async def write(
        self,
        channel: str,
        content: str,
        reply_to: str | None = None,
        files: Sequence[Upload] = (),
        *,
        ping: bool = True,
    ) -> Json:
        """The message as Discord shows it. `reply_to` is a message id; a reply pings, unless the client's switch beside
        it says otherwise."""
        body: Json = {"content": content}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to}
            body["allowed_mentions"] = EVERY | {"replied_user": ping}
        place = self._channel(channel)
        return render.message(self.world, messages.create(self.world, self.user, place, body, files))

    async def edit(self, channel: str, message: str, content: str) -> Json:
        place = self._channel(channel)
        found = self.world.message(place, message)
        messages.edit(self.world, self.user, place, found, {"content": content})
        return render.message(self.world, found)

    async def delete(self, channel: str, message: str) -> None:
        """Of an ephemeral one: dismissed."""
        place = self._channel(channel)
        found = self._message(place, message)
        if found.visible_to == self.id:
            deletions.remove(self.world, place, found)
        else:
            deletions.delete(self.world, self.user, place, found)

    async def react(self, channel: str, message: str, emoji: str, *, add: bool = True) -> None:
        place = self._channel(channel)
        marks.react(self.world, self.user, place, self.world.message(place, message), emoji, add=add)

    async def type(self, channel: str) -> None:
        """The indicator, for ten seconds."""
        place = self._channel(channel)
        marks.show_typing(self.world, self.user, place)

    async def start_thread(self, channel: str, name: str, message: str | None = None) -> Json:
        """A public one, from a message or without."""
        place = self._channel(channel)
        if message:
            found = self.world.message(place, message)
            thread = threads.start_from(self.world, self.user, place, found, {"name": name})
        else:
            thread = threads.start(self.world, self.user, place, {"name": name, "type": 11})
        return render.channel(self.world, thread, viewer=self.id)

    async def change_thread(self, thread: str, **change: Any) -> None:
        """archived=, locked=, name=."""
        threads.modify(self.world, self.user, self._channel(thread), change)

    async def invite(self, thread: str, user: str) -> None:
        threads.join(self.world, self.user, self._channel(thread), user)

    async def delete_thread(self, thread: str) -> None:
        place = self._channel(thread)
        if place.thread is None:
            raise Impossible("that is no thread")
        self.world.need(self.user, place, May.MANAGE_THREADS)
        self.world.remove_channel(place)

    # reading

    def messages(self, channel: str, limit: int = 100, before: str | None = None) -> list[Json]:
        """Oldest first, as this person sees them: with the ephemeral ones that are theirs."""
        place = self._channel(channel)
        seen = [m for m in place.messages.values() if m.visible_to in (None, self.id)]
        if before:
            seen = [m for m in seen if int(m.id) < int(before)]
        return [render.message(self.world, m) for m in sorted(seen, key=lambda m: int(m.id))[-limit:]]

    def notifications(self, channel: str | None = None) -> list[Json]:
        """The messages that made a noise for this person, oldest first; in one channel, or anywhere."""
        places = [self._channel(channel)] if channel else list(self.world.channels.values())
        loud = [m for place in places for m in place.messages.values() if self.id in m.notified]
        return [render.message(self.world, m) for m in sorted(loud, key=lambda m: int(m.id))]

    def download(self, attachment: Json) -> bytes:
        """What is in a file, as Discord's JSON names it."""
        return self.world.attachments[attachment["id"]].upload.content

    def channels(self) -> list[Json]:
        """With the active threads."""
        seen = [c for c in self.world.channels.values() if self.world.sees(self.id, c)]
        shown = [c for c in seen if not (c.thread and c.thread.archived)]
        return [render.channel(self.world, c, viewer=self.id) for c in shown]

    def _channel(self, channel: str) -> Channel:
        place = self.world.channel(channel)
        self.world.need(self.user, place)
        return place

    def _message(self, place: Channel, message: str) -> Message:
        found = place.messages.get(message)
        if found is None or found.visible_to not in (None, self.id):
            raise Impossible("there is no such message here")
        return found

    # interactions

    async def command(
        self,
        channel: str,
        name: str,
        options: Mapping[str, Any] | Sequence[Json] = (),
        *,
        type: int = 1,
        target: str | None = None,
        checked: bool = True,
    ) -> Interaction:
        """Options as nested mappings, or as Discord's own tree. Unchecked sends also what nobody registered."""
        place = self._channel(channel)
        try:
            definition = payloads.find_command(self.world, name, type)
        except Impossible:
            if checked:
                raise
            definition = {"id": self.world.make_id(), "name": name, "type": type}
        tree = _tree(definition if checked else None, options)
        if checked:
            self._judge(definition, place)
            on_message = target is not None and type == commands.MESSAGE
            payloads.judge_command(definition, tree, self._message(place, str(target)) if on_message else None)
        data = payloads.command_body(self.world, definition, tree, target)
        return self._send(Kind.COMMAND, place, {"data": data})

    def _judge(self, definition: Json, place: Channel) -> None:
        """Whether this person may use the command there."""
        if not self.world.may(self.id, place) & May.USE_APPLICATION_COMMANDS:
            raise Impossible("no permission to use commands here")
        needed = definition.get("default_member_permissions")
        granted = self.world.granted(self.id)
        if needed is not None and (granted & int(needed) != int(needed) or (needed == "0" and not granted & 8)):
            raise Impossible(f"/{definition['name']} is not for this person")

    async def autocomplete(
        self, channel: str, name: str, options: Mapping[str, Any] | Sequence[Json], focused: str | None = None
    ) -> list[Json]:
        """The choices that the app offers while this is typed; `focused` is the option, else the last one."""
        place = self._channel(channel)
        definition = payloads.find_command(self.world, name)
        tree = _tree(definition, options, focused=focused or _last(options))
        payloads.judge_typing(definition, tree)
        data = payloads.command_body(self.world, definition, tree)
        interaction = self._send(Kind.AUTOCOMPLETE, place, {"data": data})
        response = await interaction.response()
        return list(response["data"].get("choices") or [])

    async def press(self, message: Json, name: str, values: Sequence[str] = (), *, checked: bool = True) -> Interaction:
        """A button by its label or custom_id, or a select by its placeholder or custom_id with what is chosen in it, by
        label or value. Unchecked also presses what is disabled or gone."""
        place = self._channel(message["channel_id"])
        found = self._message(place, message["id"])
        component = named(found.components, name)
        if checked and (component is None or component.get("disabled")):
            raise Impossible(f"there is no {name} to press")
        component = component or named(message.get("components"), name) or {"type": 2, "custom_id": name}
        picked = chosen(component, values) if checked and component["type"] in SELECTS else list(values)
        data = payloads.component_body(self.world, component, picked)
        shown = render.message(self.world, found)
        return self._send(Kind.COMPONENT, place, {"data": data, "message": shown}, found)

    async def submit(self, opened: Interaction, values: Mapping[str, Any] | Sequence[Json]) -> Interaction:
        """Send the modal that `opened` was answered with: values by custom_id or label, or Discord's own tree."""
        if not opened.callback or opened.callback["type"] != 9 or opened.person != self.id:
            raise Impossible("no modal is open")
        modal = opened.callback["data"]
        answers = values if isinstance(values, Mapping) else values_of(values)
        filled = filled_modal(modal["components"], answers)
        body: Json = {"data": {"custom_id": modal["custom_id"], "components": filled}}
        if opened.source:
            body["message"] = render.message(self.world, opened.source)
        return self._send(Kind.MODAL, self._channel(opened.channel), body, opened.source, opened)

    async def fill_in(self, message: Json, name: str, values: Mapping[str, Any]) -> Interaction:
        """Press what opens a modal, and send it with these values."""
        opened = await self.press(message, name)
        await opened.response()
        return await self.submit(opened, values)

    def _send(
        self,
        kind: Kind,
        place: Channel,
        body: Json,
        source: Message | None = None,
        opened: Interaction | None = None,
    ) -> Interaction:
        payload = payloads.envelope(self.world, self.id, place) | body
        interaction = Interaction(self.world, kind, self.id, place.id, payload, source, opened)
        self._deliver(interaction)
        return interaction


def _tree(
    definition: Json | None, options: Mapping[str, Any] | Sequence[Json], focused: str | None = None
) -> list[Json]:
    if isinstance(options, Mapping):
        return payloads.option_tree(definition, options, focused=focused)
    return list(options)


def _last(options: Mapping[str, Any] | Sequence[Json]) -> str | None:
    """The innermost last name of nested mappings: what is being typed."""
    if not isinstance(options, Mapping) or not options:
        return None
    name = list(options)[-1]
    return _last(options[name]) if isinstance(options[name], Mapping) else name
