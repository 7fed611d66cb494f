"""Discord as a turn sees it, in memory: it passes the same contract tests as the real adapter on the simulator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.ids import ChannelId, MessageId, ThreadId
from app.turns.history import Said
from app.turns.records import Parcel, Place, Source, Turn


@dataclass(slots=True)
class Posted:
    id: MessageId
    content: str
    nonce: str | None
    at: float


@dataclass(slots=True)
class FakeChat:
    """`clock` decides how long a nonce is remembered. What happened is in `channels`, `threads` and `originals`.
    `failures` is what a verb meets every time, by its name."""

    clock: Callable[[], float]
    channels: dict[str, list[Posted]] = field(default_factory=dict)
    threads: dict[str, tuple[str, str]] = field(default_factory=dict)  # thread -> channel, name
    originals: dict[str, Posted] = field(default_factory=dict)  # interaction token -> its reply
    told: list[tuple[str, str]] = field(default_factory=list)
    announced: list[tuple[str, str]] = field(default_factory=list)
    parents: dict[str, ChannelId] = field(default_factory=dict)  # of threads
    categories: dict[str, ChannelId] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    newest: int = 600_000_000_000_000_000

    NONCE_SECONDS = 180.0
    TOKEN_SECONDS = 900.0

    async def post_opener(self, turn: Turn) -> MessageId:
        content = f"**{turn.asker.name}** asked: {turn.prompt}"
        place = turn.thread or turn.place.channel
        if turn.interaction_token is None or self.clock() - turn.admitted_at > self.TOKEN_SECONDS:
            shown = await self.find_posted(ThreadId(place), turn.id, content)
            return shown or self._post(place, content, f"{turn.id}-o")
        original = self.originals.get(turn.id)
        if original is None:
            original = self.originals[turn.id] = self._append(place, content, None)
        original.content = content
        return original.id

    async def start_thread(self, channel: ChannelId, message: MessageId, name: str) -> ThreadId:
        self._meet("start_thread")
        self.threads.setdefault(message, (channel, name))
        return ThreadId(message)

    async def locate(self, place: Place) -> Place:
        self._meet("locate")
        here = place.thread or place.channel
        channel = self.parents.get(here)
        thread = ThreadId(here) if channel else None
        channel = channel or ChannelId(here)
        return Place(place.guild, channel, thread, self.categories.get(channel))

    def compose(self, text: str) -> Sequence[str]:
        return text.split("\n\n")

    async def post(self, thread: ThreadId, parcel: Parcel, reply_to: MessageId | None) -> MessageId:
        return self._post(thread, parcel.content, parcel.nonce)

    async def find_posted(self, thread: ThreadId, after: str, content: str) -> MessageId | None:
        posted = self.channels.get(thread, [])
        return next((one.id for one in posted if int(one.id) > int(after) and one.content == content), None)

    async def show_typing(self, thread: ThreadId) -> None:
        return

    async def said_before(self, turn: Turn, most: int) -> Sequence[Said]:
        """Who said it is not remembered here."""
        self._meet("said_before")
        above = [one for one in self.channels.get(str(turn.thread), []) if int(one.id) < int(turn.opener or 0)]
        return [Said("somebody", one.content) for one in above[-most:]]

    async def announce(self, turn: Turn, text: str) -> None:
        assert turn.thread is not None
        if (turn.id, text) not in self.announced:
            self.announced.append((turn.id, text))

    async def tell(self, turn: Turn, text: str) -> None:
        self._tell(turn, text)

    async def dismiss(self, turn: Turn, text: str) -> None:
        if turn.source is Source.COMMAND:
            self._tell(turn, text)

    def _meet(self, verb: str) -> None:
        if verb in self.failures:
            raise self.failures[verb]

    def _tell(self, turn: Turn, text: str) -> None:
        if (turn.id, text) not in self.told:
            self.told.append((turn.id, text))

    def _post(self, channel: str, content: str, nonce: str) -> MessageId:
        for one in self.channels.get(channel, []):
            if one.nonce == nonce and self.clock() - one.at < self.NONCE_SECONDS:
                return one.id
        return self._append(channel, content, nonce).id

    def _append(self, channel: str, content: str, nonce: str | None) -> Posted:
        self.newest += 1
        posted = Posted(MessageId(str(self.newest)), content, nonce, self.clock())
        self.channels.setdefault(channel, []).append(posted)
        return posted
