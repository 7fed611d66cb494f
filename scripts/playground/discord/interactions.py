"""The life of an interaction: sent, answered once and in time, then a webhook for a quarter of an hour.

    SENT ──answer──▶ ANSWERED ──15 min──▶ (token dead)
      └──3 s, or an answer that is none──▶ FAILED

The same `answer` serves the app's HTTP response and the callback route, so both have the same rules and only the first
counts. https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from scripts.playground.discord import messages, render
from scripts.playground.discord.checks import SETTABLE, check_message
from scripts.playground.discord.commands import check_choices
from scripts.playground.discord.errors import Code, Complaints, Json, Refusal, invalid
from scripts.playground.discord.filling import focused_in
from scripts.playground.discord.mentions import ONLY_USERS
from scripts.playground.discord.modals import check_modal
from scripts.playground.discord.records import Event, Flag, Message, MessageType, Upload
from scripts.playground.discord.shapes import check_shape

if TYPE_CHECKING:
    from scripts.playground.discord.world import World


class Kind(IntEnum):
    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


class State(StrEnum):
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"


SPEAKING = (Callback.MESSAGE, Callback.DEFERRED_MESSAGE)
CHANGING = (Callback.DEFERRED_UPDATE, Callback.UPDATE)
ALLOWED = {
    Kind.COMMAND: (*SPEAKING, Callback.MODAL),
    Kind.COMPONENT: (*SPEAKING, *CHANGING, Callback.MODAL),
    Kind.AUTOCOMPLETE: (Callback.CHOICES,),
    Kind.MODAL: SPEAKING,
}


class InteractionFailed(Exception):
    """What the person reads as "The application did not respond"; the text says why."""


class Interaction:
    """One thing that a person did with the app. Tests read `state`, `why`, `callback` and `original`."""

    def __init__(
        self,
        world: "World",
        kind: Kind,
        person: str,
        channel: str,
        body: Json,
        source: Message | None,
        opened: "Interaction | None" = None,
    ) -> None:
        """`source` is the message of a press, `opened` what was answered with the modal that is sent."""
        self.world, self.kind, self.person, self.channel, self.source = world, kind, person, channel, source
        self.opened = opened
        self.id, self.token = world.make_id(), secrets.token_urlsafe(40)
        self.sent_at = world.clock.now()
        self.state, self.why = State.SENT, ""
        self.callback: Json | None = None
        self.original: Message | None = source if kind == Kind.COMPONENT else None
        self.followups: list[str] = []
        self.payload = body | {"id": self.id, "token": self.token, "version": 1, "type": int(kind)}
        world.interactions[self.token] = self

    # what the app does

    def answer(self, body: Any, files: Sequence[Upload] = ()) -> Message | None:
        """The initial response. Raises Refusal and changes nothing when it is late, the second, or malformed."""
        if self.state == State.FAILED or self._age() > self.world.rules.response_seconds:
            raise Refusal(Code.UNKNOWN_INTERACTION)
        if self.state == State.ANSWERED:
            raise Refusal(Code.ALREADY_ACKNOWLEDGED)
        kind = body.get("type") if isinstance(body, dict) else None
        if kind not in self._allowed():
            raise invalid("type", "INTERACTION_RESPONSE_TYPE_INVALID", f"{kind!r} is no answer to {self.kind.name}.")
        check_shape(body)
        message = ACTIONS[Callback(kind)](self, body.get("data") or {}, files)
        self.state, self.callback = State.ANSWERED, body
        self.world.emit(Event("INTERACTION_SUCCESS", {"id": self.id}, only=self.person))
        return message

    def _allowed(self) -> tuple[Callback, ...]:
        changing = CHANGING if self.kind == Kind.MODAL and self.source else ()
        return (*ALLOWED.get(self.kind, ()), *changing)

    def _age(self) -> float:
        return self.world.clock.now() - self.sent_at

    def fail(self, why: str) -> None:
        """Nothing came, or nothing usable; the token is void and the person is told. Harmless once it is answered."""
        if self.state != State.SENT:
            return
        self.state, self.why = State.FAILED, why
        self.world.accuse(f"interaction {self.id} failed: {why}")
        self.world.emit(Event("INTERACTION_FAILED", {"id": self.id, "why": why}, only=self.person))

    def usable(self) -> None:
        """Raises Refusal unless the token opens the webhook now."""
        if self.state != State.ANSWERED:
            raise Refusal(Code.UNKNOWN_WEBHOOK)
        if self._age() > self.world.rules.token_seconds:
            raise Refusal(Code.INVALID_TOKEN)

    def follow_up(self, body: Json, files: Sequence[Upload]) -> Message:
        """The first one after "thinking" becomes the reply itself, whatever it says about being ephemeral."""
        original = next((m for m in self.messages() if m is self.original), None)
        if original and original.flags & Flag.LOADING:
            self.change(original, {key: value for key, value in body.items() if key != "flags"}, files)
            return original
        replied = original if self.kind == Kind.COMMAND else None
        message = self._post(body, files, MessageType.REPLY if original else MessageType.DEFAULT, replied)
        self.followups.append(message.id)
        return message

    def change(self, message: Message, body: Json, files: Sequence[Upload] = ()) -> None:
        channel = self.world.channel(message.channel)
        messages.revise(self.world, channel, message, body, files, allowed=ONLY_USERS)

    def messages(self) -> list[Message]:
        """Those that the webhook may read, change and delete."""
        channel = self.world.channel(self.channel)
        ids = [self.original.id] if self.original else []
        return [channel.messages[id] for id in (*ids, *self.followups) if id in channel.messages]

    # the callbacks

    def _speak(self, data: Json, files: Sequence[Upload]) -> Message:
        self.original = self._post(data, files, self._reply_type())
        return self.original

    def _defer(self, data: Json, files: Sequence[Upload]) -> Message:
        flags = data.get("flags") or 0
        if flags & ~Flag.EPHEMERAL:
            raise invalid("data.flags", "MESSAGE_FLAGS_INVALID", "Only EPHEMERAL can be set on a deferred reply.")
        self.original = self._draft(flags | Flag.LOADING, self._reply_type())
        channel = self.world.channel(self.channel)
        messages.post(self.world, self.original, channel, {}, allowed=ONLY_USERS)
        return self.original

    def _defer_update(self, data: Json, files: Sequence[Upload]) -> Message | None:
        self.original = self.source
        return self.source

    def _update(self, data: Json, files: Sequence[Upload]) -> Message | None:
        assert self.source
        self.change(self.source, data, files)
        self.original = self.source
        return self.source

    def _choose(self, data: Json, files: Sequence[Upload]) -> None:
        complaints = Complaints()
        asked = focused_in(self.payload["data"].get("options") or [])
        check_choices(complaints, "data", data.get("choices") or [], asked["type"] if asked else None)
        complaints.finish()

    def _open_modal(self, data: Json, files: Sequence[Upload]) -> None:
        check_modal(data)
        shown = {key: data[key] for key in ("custom_id", "title", "components")}
        shown |= {"interaction_id": self.id, "channel_id": self.channel, "message_id": self.source and self.source.id}
        self.world.emit(Event("MODAL_OPEN", shown, only=self.person))

    def _post(self, body: Json, files: Sequence[Upload], kind: int, replied: Message | None = None) -> Message:
        check_message(body, files, limit=self.world.rules.file_bytes, ephemeral_allowed=True)
        if not (body.get("content") or body.get("embeds") or body.get("components") or files):
            raise Refusal(Code.EMPTY_MESSAGE)
        draft = self._draft(int(body.get("flags") or 0) & (SETTABLE | Flag.EPHEMERAL), kind)
        if replied:
            draft.reference = messages.reference_to(self.world, replied)
        messages.post(self.world, draft, self.world.channel(self.channel), body, files, allowed=ONLY_USERS)
        return draft

    def _draft(self, flags: int, kind: int) -> Message:
        world = self.world
        message = Message(world.make_id(), self.channel, world.bot, kind, "", world.clock.now(), flags=int(flags))
        message.interaction, message.interaction_metadata = self.token, self._metadata()
        message.visible_to = self.person if message.ephemeral else None
        if self.source and kind == MessageType.REPLY:
            message.reference = messages.reference_to(world, self.source)
        return message

    def _reply_type(self) -> int:
        if self.kind == Kind.COMMAND:
            slash = self.payload["data"].get("type", 1) == 1
            return MessageType.CHAT_INPUT_COMMAND if slash else MessageType.CONTEXT_MENU_COMMAND
        return MessageType.REPLY if self.source else MessageType.DEFAULT

    def _metadata(self) -> Json:
        body: Json = {
            "id": self.id,
            "type": int(self.kind),
            "user": render.user(self.world.users[self.person]),
            "authorizing_integration_owners": {"0": self.world.guild},
        }
        if self.kind == Kind.COMMAND:
            body |= {"name": _full_name(self.payload["data"]), "command_type": self.payload["data"].get("type", 1)}
        elif self.kind == Kind.COMPONENT and self.source:
            body["interacted_message_id"] = self.source.id
        elif self.opened:
            body["triggering_interaction_metadata"] = self.opened._metadata()
        return body

    # what people and tests wait for

    async def response(self, within: float = 10) -> Json:
        """The callback: {"type", "data"}. Raises InteractionFailed."""
        await self._until(lambda: self.state != State.SENT, within)
        if self.state == State.FAILED or self.callback is None:
            raise InteractionFailed(self.why)
        return self.callback

    async def wait_message(self, within: float = 10) -> Json:
        """The reply once it says something: no longer "thinking". Raises InteractionFailed."""
        await self.response(within)
        await self._until(lambda: bool(self.original and not self.original.flags & Flag.LOADING), within)
        assert self.original
        return render.message(self.world, self.original)

    async def _until(self, condition: Callable[[], bool], within: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while not condition():
            if not await self.world.change(end - loop.time()) and not condition():
                raise InteractionFailed(f"nothing within {within:g} s; it is {self.state}")


def _full_name(data: Json) -> str:
    names, options = [data["name"]], data.get("options") or []
    while options and options[0].get("type") in (1, 2):
        names.append(options[0]["name"])
        options = options[0].get("options") or []
    return " ".join(names)


ACTIONS: dict[Callback, Callable[[Interaction, Json, Sequence[Upload]], Message | None]] = {
    Callback.MESSAGE: Interaction._speak,
    Callback.DEFERRED_MESSAGE: Interaction._defer,
    Callback.DEFERRED_UPDATE: Interaction._defer_update,
    Callback.UPDATE: Interaction._update,
    Callback.CHOICES: Interaction._choose,
    Callback.MODAL: Interaction._open_modal,
}
