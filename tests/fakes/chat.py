"""Discord as a turn sees it, in memory: it passes the same contract tests as the real adapter on the simulator."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.ids import AskId, ChannelId, MessageId, ThreadId, TurnId, UserId
from app.turns.asks import Asked
from app.turns.errors import Refused, Unfit, UnfitFiles
from app.turns.history import Said
from app.turns.records import About, Attachment, Content, File, Parcel, Place, Source, Turn
from app.turns.status import Status, Summary


@dataclass(slots=True)
class Posted:
    id: MessageId
    content: str
    nonce: str | None
    at: float
    files: tuple[File, ...] = ()
    notified: UserId | None = None


@dataclass(slots=True)
class FakeChat:
    """`clock` decides how long a nonce is remembered. What happened is in `channels`, `threads` and `originals`.
    All that status messages and asks have shown is in `statuses` and `asks`, the last of it last; they stand beside the
    messages in `channels`. `files` are those that can be fetched, by the ids of their attachments. `failures` is what a
    verb meets every time, by its name; a summary also by that and its turn. An edit of a status waits for `hanging`,
    after it has set `hung`. What says one of the `blocked` words is not taken, and while `lacks` names a permission no
    message with files."""

    clock: Callable[[], float]
    channels: dict[str, list[Posted]] = field(default_factory=dict)
    threads: dict[str, tuple[str, str]] = field(default_factory=dict)  # thread -> channel, name
    private: dict[str, set[UserId]] = field(default_factory=dict)  # threads -> who was let in
    originals: dict[str, Posted] = field(default_factory=dict)  # interaction token -> its reply
    told: list[tuple[str, str]] = field(default_factory=list)
    announced: list[tuple[str, str]] = field(default_factory=list)
    forums: set[str] = field(default_factory=set)  # channels
    forks: list[tuple[ThreadId, ThreadId]] = field(default_factory=list)  # what was told of: from, to
    parents: dict[str, ChannelId] = field(default_factory=dict)  # of threads
    categories: dict[str, ChannelId] = field(default_factory=dict)
    statuses: dict[TurnId, list[Status | Summary]] = field(default_factory=dict)
    asks: dict[AskId, list[Asked]] = field(default_factory=dict)
    approvers: dict[AskId, str | None] = field(default_factory=dict)  # as the asks name them
    messages: dict[str, MessageId] = field(default_factory=dict)  # of turns and of asks
    files: dict[str, File] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    deleted: set[MessageId] = field(default_factory=set)  # of other people's messages
    blocked: set[str] = field(default_factory=set)
    lacks: str | None = None
    hanging: asyncio.Event | None = None
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    newest: int = 600_000_000_000_000_000

    NONCE_SECONDS = 180.0
    TOKEN_SECONDS = 900.0

    async def holds_posts(self, channel: ChannelId) -> bool:
        return channel in self.forums

    async def posts(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        return [ThreadId(id) for id, known in self.threads.items() if known == (turn.place.channel, name)]

    async def start_post(self, turn: Turn, name: str) -> ThreadId:
        thread = ThreadId(self._next())
        self.threads[thread] = (turn.place.channel, name)
        self._append(thread, f"**{turn.asker.name}** forked this: {turn.prompt}", None)
        return thread

    def origin(self, turn: Turn) -> str:
        assert turn.fork is not None
        return f"[that thread]({turn.fork.thread})"

    async def tell_origin(self, turn: Turn) -> None:
        assert turn.fork is not None
        if (turn.fork.thread, turn.home) not in self.forks:
            self.forks.append((turn.fork.thread, turn.home))
            self._append(turn.fork.thread, f"**{turn.asker.name}** went on there: {turn.home}", None)

    async def said_in_origin(self, turn: Turn, most: int) -> Sequence[Said]:
        self._meet("said_in_origin")
        assert turn.fork is not None
        until = int(turn.fork.until or 2**63)
        above = [one for one in self.channels.get(turn.fork.thread, []) if int(one.id) <= until]
        return [Said("somebody", one.content) for one in above[-most:]]

    async def openers(self, turn: Turn) -> Sequence[MessageId]:
        behind = [one for one in self.channels.get(turn.place.channel, []) if int(one.id) > int(turn.id)]
        return [one.id for one in behind if one.content == forked(turn)]

    async def post_opener(self, turn: Turn, others: Sequence[MessageId] = ()) -> MessageId:
        content = f"**{turn.asker.name}** asked: {turn.prompt}"
        if turn.opens_fork:
            return self._post(turn.place.channel, forked(turn), "-".join((turn.id, "o", *others)))
        place = turn.thread or turn.place.channel
        if turn.interaction_token is None or self.clock() - turn.admitted_at > self.TOKEN_SECONDS:
            shown = turn.attempts and self._find(place, turn.id, Content(content))
            return shown or self._post(place, content, f"{turn.id}-o")
        original = self.originals.get(turn.id)
        if original is None:
            original = self.originals[turn.id] = self._append(place, content, None)
        original.content = content
        return original.id

    async def take_back_opener(self, turn: Turn) -> None:
        beside = self.channels[turn.place.channel]
        beside[:] = [one for one in beside if one.id != turn.opener]

    async def start_thread(self, channel: ChannelId, message: MessageId, name: str) -> ThreadId:
        self._meet("start_thread")
        self.threads.setdefault(message, (channel, name))
        return ThreadId(message)

    async def private_threads(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        return [ThreadId(id) for id in self.private if self.threads[id] == (turn.place.channel, name)]

    async def start_private_thread(self, turn: Turn, name: str) -> ThreadId:
        self._meet("start_private_thread")
        thread = ThreadId(self._next())
        self.threads[thread] = (turn.place.channel, name)
        self.private[thread] = set()
        return thread

    async def invite(self, turn: Turn) -> None:
        self._meet("invite")
        self.private[turn.home].add(turn.asker.id)
        content = f"**{turn.asker.name}** asked: {turn.prompt}"
        if not self._find(turn.home, turn.id, Content(content)):
            self._post(turn.home, content, f"{turn.id}-o")

    async def locate(self, place: Place) -> Place:
        self._meet("locate")
        here = place.thread or place.channel
        channel = self.parents.get(here)
        thread = ThreadId(here) if channel else None
        channel = channel or ChannelId(here)
        return Place(place.guild, channel, thread, self.categories.get(channel))

    def compose(self, text: str, notify: UserId | None = None, remarks: Sequence[str] = ()) -> Sequence[Content]:
        contents = [Content(part) for part in text.split("\n\n") if part.strip()]
        lines = [f"-# {line}" for line in [*remarks, *([f"<@{notify}>"] if notify else [])]]
        if not lines:
            return contents
        *others, last = contents or [Content("")]
        return [*others, Content("\n".join([last.text, *lines]).strip(), last.files)]

    async def post(self, thread: ThreadId, parcel: Parcel, reply_to: MessageId | None) -> MessageId:
        self._meet("post")
        if any(word in parcel.content.text for word in self.blocked):
            raise Unfit("This was blocked.")
        if parcel.content.files and self.lacks:
            raise UnfitFiles(f"I lack {self.lacks}.")
        return self._post(thread, parcel.content.text, parcel.nonce, parcel.content.files, parcel.notify)

    def annotate(self, content: Content, remark: str) -> Sequence[Content]:
        return [Content(f"{content.text}\n-# {remark}".strip())]

    async def find_posted(self, thread: ThreadId, after: str, parcel: Parcel) -> MessageId | None:
        return self._find(thread, after, parcel.content)

    async def post_status(self, turn: Turn, status: Status) -> MessageId:
        self._meet("post_status")
        if turn.id not in self.statuses:
            self.statuses[turn.id] = [status]
            self.messages[turn.id] = self._next()
        return self.messages[turn.id]

    async def show_status(self, turn: Turn, status: Status) -> None:
        self._meet("show_status")
        if self.hanging is not None:
            self.hung.set()
            await self.hanging.wait()
        assert turn.status == self.messages[turn.id]
        self.statuses[turn.id].append(status)

    async def show_summary(self, turn: Turn, summary: Summary) -> None:
        self._meet("show_summary")
        self._meet(f"show_summary {turn.id}")
        assert turn.status == self.messages[turn.id]
        self.statuses[turn.id].append(summary)

    async def post_ask(self, turn: Turn, asked: Asked, approver: str | None = None) -> MessageId:
        self._meet("post_ask")
        self.approvers[asked.ask.id] = approver
        shown = self.asks.setdefault(asked.ask.id, [])
        if not shown or shown[-1].asked_at != asked.asked_at:
            shown.append(asked)
            self.messages[asked.ask.id] = self._next()
        return self.messages[asked.ask.id]

    async def show_ask(self, turn: Turn, asked: Asked, approver: str | None = None) -> None:
        self._meet("show_ask")
        self.approvers[asked.ask.id] = approver
        assert asked.message == self.messages[asked.ask.id]
        self.asks[asked.ask.id].append(asked)

    async def fetch(self, attachment: Attachment) -> File:
        self._meet("fetch")
        if attachment.id not in self.files:
            raise Refused(f"The file {attachment.name} is gone.")
        return self.files[attachment.id]

    async def show_typing(self, thread: ThreadId) -> None:
        return

    async def said_before(self, turn: Turn, most: int) -> Sequence[Said]:
        """Who said it is not remembered here."""
        self._meet("said_before")
        above = [one for one in self.channels.get(str(turn.thread), []) if int(one.id) < int(turn.opener or 0)]
        return [Said("somebody", one.content) for one in above[-most:]]

    async def said_around(self, about: About, before: int, after: int) -> Sequence[Said]:
        self._meet("said_around")
        beside = self.channels.get(about.channel, [])
        earlier = [one for one in beside if int(one.id) < int(about.message)][-before:]
        later = [one for one in beside if int(one.id) > int(about.message)][:after]
        return [Said("somebody", one.content) for one in (*earlier, *later)]

    async def stands(self, about: About) -> bool:
        self._meet("stands")
        return about.message not in self.deleted

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

    def _find(self, channel: str, after: str, content: Content) -> MessageId | None:
        for one in self.channels.get(channel, []):
            if int(one.id) > int(after) and (one.content, one.files) == (content.text, content.files):
                return one.id
        return None

    def _post(
        self,
        channel: str,
        content: str,
        nonce: str,
        files: tuple[File, ...] = (),
        notified: UserId | None = None,
    ) -> MessageId:
        for one in self.channels.get(channel, []):
            if one.nonce == nonce and self.clock() - one.at < self.NONCE_SECONDS:
                return one.id
        posted = self._append(channel, content, nonce)
        posted.files, posted.notified = files, notified
        return posted.id

    def _append(self, channel: str, content: str, nonce: str | None) -> Posted:
        posted = Posted(self._next(), content, nonce, self.clock())
        self.channels.setdefault(channel, []).append(posted)
        return posted

    def _next(self) -> MessageId:
        self.newest += 1
        return MessageId(str(self.newest))


def forked(turn: Turn) -> str:
    """What the opener of a fork says."""
    assert turn.fork is not None
    return f"**{turn.asker.name}** forked {turn.fork.thread} {turn.fork.last}: {turn.prompt}"
