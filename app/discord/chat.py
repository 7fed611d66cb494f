"""The port Chat: Discord as a turn sees it. What it shows are messages of ours, posted once and edited (see `board`);
what it says in plain words, and where, is decided in `speech`; how it comes to its thread in `threads`."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from app.discord import ask_view, payloads, status_view
from app.discord.board import Board
from app.discord.composing import compose
from app.discord.downloads import Downloads
from app.discord.errors import NotFound, Rejected, TokenDead, unfit
from app.discord.identity import Identity
from app.discord.kinds import THREAD_STARTER, THREADS
from app.discord.limits import CONTENT, PAGE
from app.discord.markdown import split
from app.discord.notation import SUBTEXT, escape, jump, mention
from app.discord.payloads import Flag, View
from app.discord.recognition import custom_ids, holds, is_for
from app.discord.rest import Object, Rest
from app.discord.speech import Speech
from app.discord.text import clean, shorten, units
from app.ids import ChannelId, MessageId, ThreadId, UserId
from app.turns.asks import Asked
from app.turns.attachments import MOST_BYTES
from app.turns.errors import Refused, Retriable
from app.turns.history import Said
from app.turns.machine import ENDED
from app.turns.records import About, Attachment, Content, File, Parcel, Place, Source, Turn
from app.turns.status import Status, Summary
from app.words.forking import THAT_MESSAGE, THAT_THREAD

SELF = "OpenCode"  # by which name the model finds its own words


class DiscordChat:
    def __init__(self, rest: Rest, identity: Identity, downloads: Downloads, speech: Speech) -> None:
        self._rest = rest
        self._identity = identity
        self._downloads = downloads
        self._speech = speech
        self._board = Board(rest, identity)

    def origin(self, turn: Turn) -> str:
        assert turn.fork is not None
        words = THAT_THREAD if turn.fork.until is None else THAT_MESSAGE
        return jump(words, turn.place.guild, turn.fork.thread, turn.fork.until)

    async def locate(self, place: Place) -> Place:
        here = place.thread or place.channel
        found = await self._rest.get_channel(here)
        if found.get("type") not in THREADS or not found.get("parent_id"):
            return Place(place.guild, ChannelId(here), category=_parent_of(found))
        parent = ChannelId(str(found["parent_id"]))
        category = _parent_of(await self._rest.get_channel(parent))
        return Place(place.guild, parent, ThreadId(here), category)

    def compose(self, text: str, notify: UserId | None = None, remarks: Sequence[str] = ()) -> Sequence[Content]:
        return closed(compose(text), remarks, notify)

    async def post(self, thread: ThreadId, parcel: Parcel, reply_to: MessageId | None) -> MessageId:
        view = View(parcel.content.text, files=parcel.content.files)
        try:
            return await self._board.post(thread, view, parcel.nonce, reply_to=reply_to, notify=parcel.notify)
        except Rejected as refusal:
            if (narrowed := unfit(refusal, with_files=bool(view.files))) is not None:
                raise narrowed from refusal
            raise

    def annotate(self, content: Content, remark: str) -> Sequence[Content]:
        return closed([Content(content.text)], [remark], None)

    async def find_posted(self, thread: ThreadId, after: str, parcel: Parcel) -> MessageId | None:
        return await self._board.find(thread, after, lambda message: holds(message, parcel.content))

    async def post_status(self, turn: Turn, status: Status) -> MessageId:
        buttons = {f"stop:{turn.id}", f"now:{turn.id}"}  # one of them is on every status
        found = await self._find_again(turn, turn.id, lambda message: not buttons.isdisjoint(custom_ids(message)))
        if found is not None:
            return found
        question = None if turn.starts_thread else turn.opener
        nonce = payloads.nonce_of(turn.id, "status")
        return await self._board.post(turn.home, status_view.status(status, turn.id), nonce, reply_to=question)

    async def show_status(self, turn: Turn, status: Status) -> None:
        assert turn.status is not None
        await self._board.edit(turn.home, turn.status, status_view.status(status, turn.id))

    async def show_summary(self, turn: Turn, summary: Summary) -> None:
        assert turn.status is not None
        await self._board.edit_at_last(turn.home, turn.status, status_view.summary(summary, turn.id))

    async def post_ask(self, turn: Turn, asked: Asked, approver: str | None = None) -> MessageId:
        key, behind = f":{turn.id}:{asked.ask.id}:", turn.status or turn.id
        found = await self._find_again(turn, behind, lambda message: is_for(message, key))
        if found is not None:
            return found
        nonce = payloads.nonce_of(turn.id, "ask", asked.ask.id, str(asked.asked_at))  # and not that of a deleted one
        view = ask_view.ask(asked, turn.asker.id, approver=approver)
        return await self._board.post(turn.home, view, nonce, notify=turn.asker.id)

    async def _find_again(self, turn: Turn, behind: str, is_it: Callable[[Object], bool]) -> MessageId | None:
        """What an earlier attempt may have posted. The first has posted nothing, and need not look."""
        return await self._board.find(turn.home, behind, is_it) if turn.attempts else None

    async def show_ask(self, turn: Turn, asked: Asked, approver: str | None = None) -> None:
        assert asked.message is not None
        view = ask_view.ask(asked, approver=approver, is_over=turn.stage in ENDED)
        await self._board.edit_at_last(turn.home, asked.message, view)

    async def fetch(self, attachment: Attachment) -> File:
        return await self._downloads.fetch(attachment, MOST_BYTES)

    async def show_typing(self, thread: ThreadId) -> None:
        with suppress(Retriable, Refused):
            await self._rest.show_typing(thread)

    async def said_before(self, turn: Turn, most: int) -> Sequence[Said]:
        question = turn.id if turn.source is Source.MESSAGE else turn.opener
        if turn.thread is None or question is None:
            return []
        us = await self._identity.bot()
        page = await self._rest.get_messages(turn.thread, before=question, limit=min(most, PAGE))
        return [said(message, us) for message in reversed(page)]

    async def said_in_origin(self, turn: Turn, most: int) -> Sequence[Said]:
        assert turn.fork is not None
        before = turn.id if turn.fork.until is None else str(int(turn.fork.until) + 1)
        us = await self._identity.bot()
        page = await self._rest.get_messages(turn.fork.thread, before=before, limit=min(most, PAGE))
        return [said(message, us) for message in reversed(page)]

    async def said_around(self, about: About, before: int, after: int) -> Sequence[Said]:
        us = await self._identity.bot()
        earlier = await self._rest.get_messages(about.channel, before=about.message, limit=before)
        later = await self._rest.get_messages(about.channel, after=about.message, limit=after)
        return [said(message, us) for message in (*reversed(earlier), *reversed(later))]

    async def announce(self, turn: Turn, text: str) -> None:
        assert turn.thread is not None
        plain = "\n".join(map(escape, clean(text).split("\n")))  # it names files as somebody else called them
        await self._speech.post(turn, turn.thread, shorten(plain, CONTENT))

    async def tell(self, turn: Turn, text: str) -> None:
        """Beside the opener where there is one: it quotes what was asked. Of a fork, where that was wished
        for; and in a private thread that is not open yet nobody might hear it."""
        is_elsewhere = turn.opens_fork or (turn.private and turn.starts_thread)
        say = self._speech.reply if turn.opener is None or is_elsewhere else self._speech.say
        await say(turn, shorten(text, CONTENT))

    async def dismiss(self, turn: Turn, text: str) -> None:
        """Says nothing where nothing can be said to the asker alone: to a message, and once the token is dead.
        Repeated, it says it again, for a follow-up knows no nonce."""
        whisper = payloads.message(shorten(text, CONTENT), flags=Flag.EPHEMERAL)
        with suppress(TokenDead):
            with suppress(NotFound):  # taken back by an earlier attempt, or by a moderator
                await self._speech.by_webhook(turn, self._rest.delete_original)
            await self._speech.by_webhook(
                turn, lambda application, token: self._rest.follow_up(application, token, whisper)
            )


def said(message: Object, us: str) -> Said:
    """A thread that hangs on a message begins with one that has nothing but a reference to it: type 21.
    https://docs.discord.com/developers/resources/message#message-object-message-types"""
    if message.get("type") == THREAD_STARTER:
        message = message.get("referenced_message") or message
    author = message.get("author") or {}
    name = SELF if author.get("id") == us else str(author.get("global_name") or author.get("username") or "somebody")
    return Said(name, str(message.get("content", "")))


def closed(contents: Sequence[Content], remarks: Sequence[str], user: UserId | None) -> list[Content]:
    """The same with our remarks and the mention of the user, in small print, below the last of them; that is cut once
    more where that takes it. Very many remarks are messages of their own."""
    lines = [*(SUBTEXT + escape(remark) for remark in remarks), *([SUBTEXT + mention(user)] if user else [])]
    tail = "\n".join(lines)
    if not lines or units(tail) > CONTENT // 2:
        return [*contents, *(Content(text) for text in split(tail))]
    *others, last = contents or [Content("")]
    *before, end = split(last.text, CONTENT - units(tail) - 1) or [""]
    return [*others, *(Content(text) for text in before), Content(f"{end}\n{tail}".strip(), last.files)]


def _parent_of(channel: Object) -> ChannelId | None:
    parent = channel.get("parent_id")
    return ChannelId(str(parent)) if parent else None
