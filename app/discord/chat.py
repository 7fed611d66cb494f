"""Discord as a turn sees it: the Chat port.

A command is answered through its interaction's webhook while that lives, which is for fifteen minutes; after that, and
for everything else, with ordinary messages (see `board`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from app.discord import ask_view, payloads, status_view
from app.discord.board import Board, id_of
from app.discord.composing import compose
from app.discord.downloads import Downloads
from app.discord.errors import UNKNOWN_MESSAGE, Forbidden, NotFound, Rejected, TokenDead, unfit
from app.discord.identity import Identity
from app.discord.interactions import THREADS
from app.discord.limits import CONTENT, PAGE
from app.discord.markdown import split
from app.discord.notation import SUBTEXT, code, escape, mention, quote
from app.discord.payloads import Flag, View
from app.discord.recognition import answers, custom_ids, holds, is_for, says
from app.discord.rest import Object, Rest
from app.discord.text import clean, shorten, units
from app.discord.webhook import Webhook
from app.ids import ChannelId, MessageId, ThreadId, UserId
from app.turns.asks import Asked
from app.turns.attachments import MOST_BYTES
from app.turns.errors import Refused, Retriable, Withdrawn
from app.turns.history import Said
from app.turns.machine import ENDED
from app.turns.records import About, Attachment, Content, File, Parcel, Place, Source, Turn
from app.turns.status import Status, Summary
from app.words.asking import ASKED, ASKED_ABOUT, ASKED_PRIVATELY, WITH_FILES, WITH_WISHES

T = TypeVar("T")

PAUSES = (0.1, 0.2, 0.4)  # while the deferred answer is on its way: shorter than the turn's own
THREAD_STARTER = 21
PRIVATE = 12  # threads
NAME = 60  # characters of a file's name
WISH = 120  # of a model's, or an address
SELF = "OpenCode"  # by which name the model finds its own words


class DiscordChat:
    def __init__(
        self,
        rest: Rest,
        identity: Identity,
        downloads: Downloads,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` is compared with the times in Discord's ids: epoch seconds."""
        self._rest = rest
        self._identity = identity
        self._downloads = downloads
        self._board = Board(rest, identity)
        self._webhook = Webhook(identity, PAUSES, clock=clock, sleep=sleep)

    async def post_opener(self, turn: Turn) -> MessageId:
        return await self._reply(turn, opener(turn))

    async def start_thread(self, channel: ChannelId, message: MessageId, name: str) -> ThreadId:
        try:
            return ThreadId(await self._rest.start_thread_from_message(channel, message, name))
        except NotFound as refusal:
            if refusal.code == UNKNOWN_MESSAGE:
                raise Withdrawn("the message was deleted") from refusal
            raise

    async def private_threads(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        us, wanted = await self._identity.bot(), payloads.private_thread(name)["name"]
        found = [one for one in await self._rest.get_active_threads(turn.place.guild) if one.get("type") == PRIVATE]
        return [
            ThreadId(str(one["id"]))
            for one in found
            if one.get("name") == wanted and one.get("owner_id") == us and one.get("parent_id") == turn.place.channel
            if int(one["id"]) > int(turn.id)
        ]

    async def start_private_thread(self, turn: Turn, name: str) -> ThreadId:
        return ThreadId(await self._rest.start_private_thread(turn.place.channel, name))

    async def invite(self, turn: Turn) -> None:
        thread = turn.home
        await self._rest.add_thread_member(thread, turn.asker.id)
        await self._post_unless_there(turn, thread, opener(turn))
        edit = payloads.edit(ASKED_PRIVATELY.format(thread=thread))
        with suppress(TokenDead, NotFound):  # whoever was added is notified of the thread in any case
            await self._by_webhook(turn, lambda app, token: self._rest.edit_original(app, token, edit))

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

    async def said_around(self, about: About, before: int, after: int) -> Sequence[Said]:
        us = await self._identity.bot()
        earlier = await self._rest.get_messages(about.channel, before=about.message, limit=before)
        later = await self._rest.get_messages(about.channel, after=about.message, limit=after)
        return [said(message, us) for message in (*reversed(earlier), *reversed(later))]

    async def stands(self, about: About) -> bool:
        try:
            await self._rest.get_message(about.channel, about.message)
        except NotFound as refusal:
            return refusal.code != UNKNOWN_MESSAGE
        except Forbidden:
            return True
        return True

    async def announce(self, turn: Turn, text: str) -> None:
        assert turn.thread is not None
        plain = "\n".join(map(escape, clean(text).split("\n")))  # it names files as somebody else called them
        await self._post_unless_there(turn, turn.thread, shorten(plain, CONTENT))

    async def tell(self, turn: Turn, text: str) -> None:
        """Beside the opener where there is one: it quotes what was asked."""
        say = self._reply if turn.opener is None else self._post_once
        await say(turn, shorten(text, CONTENT))

    async def dismiss(self, turn: Turn, text: str) -> None:
        """Says nothing where nothing can be said to the asker alone: to a message, and once the token is dead.
        Repeated, it says it again, for a follow-up knows no nonce."""
        whisper = payloads.message(shorten(text, CONTENT), flags=Flag.EPHEMERAL)
        with suppress(TokenDead):
            with suppress(NotFound):  # taken back by an earlier attempt, or by a moderator
                await self._by_webhook(turn, self._rest.delete_original)
            await self._by_webhook(turn, lambda application, token: self._rest.follow_up(application, token, whisper))

    async def _reply(self, turn: Turn, text: str) -> MessageId:
        """Say it in place of “… is thinking”; else in an ordinary message."""
        if turn.source is Source.COMMAND:
            edit = payloads.edit(text)
            with suppress(TokenDead, NotFound):  # not found: a moderator deleted it
                return id_of(
                    await self._by_webhook(turn, lambda app, token: self._rest.edit_original(app, token, edit))
                )
        return await self._post_once(turn, text)

    async def _by_webhook(self, turn: Turn, call: Callable[[str, str], Awaitable[T]]) -> T:
        return await self._webhook.reach(turn.id, turn.interaction_token, call)

    async def _post_once(self, turn: Turn, text: str) -> MessageId:
        """An ordinary message where it was asked, unless it is there already. Two who ask the same at once look the
        same: so only who may have been here before looks."""
        reply_to = turn.id if turn.source is Source.MESSAGE else _subject_of(turn)
        return await self._post_unless_there(turn, _where_asked(turn), text, reply_to)

    async def _post_unless_there(self, turn: Turn, place: str, text: str, reply_to: str | None = None) -> MessageId:
        found = turn.attempts and await self._board.find(
            place, turn.id, lambda message: says(message, text) and answers(message, turn, reply_to)
        )
        nonce = payloads.nonce_of(turn.id, text)
        return found or await self._board.post(place, View(text), nonce, reply_to=reply_to)


def opener(turn: Turn) -> str:
    """The message that a command's thread hangs on: who asked what. The prompt is shortened here only, never for the
    model."""
    words = ASKED if turn.about is None else ASKED_ABOUT
    head = words.format(name=escape(shorten(turn.asker.name, 80))) + "\n"
    names = ", ".join(code(file.name, NAME) for file in turn.attachments)
    files = f"\n{SUBTEXT}{WITH_FILES.format(names=names)}" if names else ""
    wishes = ", ".join(f"{name} {code(value, WISH)}" for name, value in turn.wishes.items())
    tail = files + (f"\n{SUBTEXT}{WITH_WISHES.format(wishes=wishes)}" if wishes else "")
    return head + shorten(quote(clean(turn.prompt).strip()), CONTENT - units(head + tail)) + tail


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


def _where_asked(turn: Turn) -> ThreadId | ChannelId:
    """A thread that hangs on its question begins beside it."""
    if turn.private and turn.thread is not None:
        return turn.thread
    return turn.place.channel if turn.thread is None or turn.starts_thread else turn.thread


def _subject_of(turn: Turn) -> MessageId | None:
    """The message that it is about, where that stands beside what is said."""
    is_beside = turn.about is not None and turn.about.channel == _where_asked(turn)
    return turn.about.message if turn.about is not None and is_beside else None


def _parent_of(channel: Object) -> ChannelId | None:
    parent = channel.get("parent_id")
    return ChannelId(str(parent)) if parent else None
