"""The port Threads: how a turn comes to the thread that it takes place in.

A command's opener is the reply to it while that can be given, and then an ordinary message (see `speech`). What Discord
does not make twice by itself, such as a private thread or a post, is found again by what it is called.
"""

from collections.abc import Sequence
from contextlib import suppress

from app.discord import payloads
from app.discord.board import Board
from app.discord.errors import UNKNOWN_MESSAGE, Forbidden, NotFound
from app.discord.identity import Identity
from app.discord.kinds import HOLDS_POSTS, PRIVATE_THREAD, PUBLIC_THREAD
from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT, code, escape, jump, quote
from app.discord.payloads import View
from app.discord.recognition import says
from app.discord.rest import Rest
from app.discord.speech import Speech
from app.discord.text import clean, shorten, units
from app.ids import ChannelId, MessageId, ThreadId
from app.turns.errors import Refused, Withdrawn
from app.turns.records import About, Turn
from app.words.asking import ASKED, ASKED_ABOUT, ASKED_PRIVATELY, WITH_FILES, WITH_WISHES
from app.words.forking import AT_MESSAGE, FORK_OPENED, FORKED, FORKED_AND_ASKED, FORKED_HERE

NAME = 60  # characters of a file's name
WISH = 120  # of a model's, or an address


class DiscordThreads:
    def __init__(self, rest: Rest, identity: Identity, speech: Speech) -> None:
        self._rest = rest
        self._identity = identity
        self._speech = speech
        self._board = Board(rest, identity)

    async def post_opener(self, turn: Turn, others: Sequence[MessageId] = ()) -> MessageId:
        if not turn.opens_fork:
            return await self._speech.reply(turn, opener(turn))
        # The reply to the command stands in another thread. What this one had posted another turn may have taken, since
        # it says the same: with the same nonce Discord would bring that back, for minutes.
        nonce = payloads.nonce_of(turn.id, "opener", *others)
        return await self._board.post(turn.place.channel, View(opener(turn)), nonce)

    async def openers(self, turn: Turn) -> Sequence[MessageId]:
        text = opener(turn)
        found = self._board.search(turn.place.channel, turn.id, lambda message: says(message, text))
        return [message async for message in found]

    async def take_back_opener(self, turn: Turn) -> None:
        assert turn.opener is not None
        with suppress(NotFound):
            await self._rest.delete_message(turn.place.channel, turn.opener)

    async def stands(self, about: About) -> bool:
        try:
            await self._rest.get_message(about.channel, about.message)
        except NotFound as refusal:
            return refusal.code != UNKNOWN_MESSAGE
        except Forbidden:
            return True
        return True

    async def start_thread(self, channel: ChannelId, message: MessageId, name: str) -> ThreadId:
        try:
            return ThreadId(await self._rest.start_thread_from_message(channel, message, name))
        except NotFound as refusal:
            if refusal.code == UNKNOWN_MESSAGE:
                raise Withdrawn("the message was deleted") from refusal
            raise

    async def private_threads(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        return await self._threads(turn, name, PRIVATE_THREAD)

    async def posts(self, turn: Turn, name: str) -> Sequence[ThreadId]:
        return await self._threads(turn, name, PUBLIC_THREAD)

    async def _threads(self, turn: Turn, name: str, kind: int) -> Sequence[ThreadId]:
        us, wanted = await self._identity.bot(), payloads.thread(name)["name"]
        found = [one for one in await self._rest.get_active_threads(turn.place.guild) if one.get("type") == kind]
        return [
            ThreadId(str(one["id"]))
            for one in found
            if one.get("name") == wanted and one.get("owner_id") == us and one.get("parent_id") == turn.place.channel
            if int(one["id"]) > int(turn.id)
        ]

    async def start_private_thread(self, turn: Turn, name: str) -> ThreadId:
        return ThreadId(await self._rest.start_private_thread(turn.place.channel, name))

    async def holds_posts(self, channel: ChannelId) -> bool:
        return (await self._rest.get_channel(channel)).get("type") in HOLDS_POSTS

    async def start_post(self, turn: Turn, name: str) -> ThreadId:
        tags = await self._tags(turn)
        return ThreadId(await self._rest.start_post(turn.place.channel, name, opener(turn), tags))

    async def _tags(self, turn: Turn) -> Sequence[str]:
        """Those of the post that it forks, for a forum may want one of each; without what is not there any more, and
        what moderators alone give.
        https://docs.discord.com/developers/resources/channel#forum-tag-object"""
        assert turn.fork is not None
        with suppress(Refused):  # the post may be gone
            old = await self._rest.get_channel(turn.fork.thread)
            forum = await self._rest.get_channel(turn.place.channel)
            free = {tag.get("id") for tag in forum.get("available_tags") or () if not tag.get("moderated")}
            return [str(tag) for tag in old.get("applied_tags") or () if tag in free]
        return ()

    async def tell_origin(self, turn: Turn) -> None:
        assert turn.fork is not None
        await self._speech.answer(turn, FORK_OPENED.format(thread=turn.home))
        name = escape(shorten(turn.asker.name, 80))
        line = SUBTEXT + FORKED_HERE.format(name=name, thread=turn.home)
        with suppress(Refused):  # it may be closed, or gone: the fork is there all the same
            await self._speech.post(turn, turn.fork.thread, line)

    async def invite(self, turn: Turn) -> None:
        await self._rest.add_thread_member(turn.home, turn.asker.id)
        await self._speech.post(turn, turn.home, opener(turn))
        # Whoever was added is notified of the thread in any case.
        await self._speech.answer(turn, ASKED_PRIVATELY.format(thread=turn.home))


def opener(turn: Turn) -> str:
    """The message that a command's thread hangs on: who asked what. The prompt is shortened here only, never for the
    model."""
    head = _head(turn)
    if not turn.asks:
        return head
    names = ", ".join(code(file.name, NAME) for file in turn.attachments)
    wishes = ", ".join(f"{name} {code(value, WISH)}" for name, value in turn.wishes.items())
    tail = f"\n{SUBTEXT}{WITH_FILES.format(names=names)}" if names else ""
    tail += f"\n{SUBTEXT}{WITH_WISHES.format(wishes=wishes)}" if wishes else ""
    said = turn.prompt or turn.subject  # the message itself, where nothing is asked about it
    return f"{head}\n{shorten(quote(clean(said).strip()), CONTENT - units(head + tail) - 1)}{tail}"


def _head(turn: Turn) -> str:
    name = escape(shorten(turn.asker.name, 80))
    if turn.fork is None or (turn.asks and not turn.opens_fork):
        return (ASKED if turn.about is None else ASKED_ABOUT).format(name=name)
    where = f"<#{turn.fork.thread}>"
    if turn.fork.until is not None:
        where += " " + jump(AT_MESSAGE, turn.place.guild, turn.fork.thread, turn.fork.until)
    return (FORKED_AND_ASKED if turn.asks else FORKED).format(name=name, where=where)
