"""What is said of a turn in plain words, once: as the answer to its command while that can be given, which is for
fifteen minutes, and then as an ordinary message where it was asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from app.discord import payloads
from app.discord.board import Board, id_of
from app.discord.errors import NotFound, TokenDead
from app.discord.identity import Identity
from app.discord.payloads import View
from app.discord.recognition import answers, says
from app.discord.rest import Rest
from app.discord.webhook import Webhook
from app.ids import ChannelId, MessageId, ThreadId
from app.turns.records import Source, Turn

T = TypeVar("T")

PAUSES = (0.1, 0.2, 0.4)  # while the deferred answer is on its way: shorter than the turn's own


class Speech:
    def __init__(
        self,
        rest: Rest,
        identity: Identity,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` is compared with the times in Discord's ids: epoch seconds."""
        self._rest = rest
        self._board = Board(rest, identity)
        self._webhook = Webhook(identity, PAUSES, clock=clock, sleep=sleep)

    async def reply(self, turn: Turn, text: str) -> MessageId:
        """Say it in place of “… is thinking”; else in an ordinary message."""
        answer = await self.answer(turn, text) if turn.source is Source.COMMAND else None
        return answer or await self.say(turn, text)

    async def answer(self, turn: Turn, text: str) -> MessageId | None:
        """Say it in place of “… is thinking”. None where that is gone: its time is over, or a moderator deleted it."""
        edit = payloads.edit(text)
        with suppress(TokenDead, NotFound):
            return id_of(await self.by_webhook(turn, lambda app, token: self._rest.edit_original(app, token, edit)))
        return None

    async def by_webhook(self, turn: Turn, call: Callable[[str, str], Awaitable[T]]) -> T:
        return await self._webhook.reach(turn.id, turn.interaction_token, call)

    async def say(self, turn: Turn, text: str) -> MessageId:
        """An ordinary message where it was asked, unless it is there already. Two who ask the same at once look the
        same: so only who may have been here before looks."""
        reply_to = turn.id if turn.source is Source.MESSAGE else _subject_of(turn)
        return await self.post(turn, _where_asked(turn), text, reply_to)

    async def post(self, turn: Turn, place: str, text: str, reply_to: str | None = None) -> MessageId:
        """An ordinary message, unless an earlier attempt has posted it."""
        found = turn.attempts and await self._board.find(
            place, turn.id, lambda message: says(message, text) and answers(message, turn, reply_to)
        )
        nonce = payloads.nonce_of(turn.id, text)
        return found or await self._board.post(place, View(text), nonce, reply_to=reply_to)


def _where_asked(turn: Turn) -> ThreadId | ChannelId:
    """A thread that hangs on its question begins beside it."""
    if turn.fork is not None and turn.opens_fork:
        return turn.fork.thread
    if turn.private and turn.thread is not None:
        return turn.thread
    return turn.place.channel if turn.thread is None or turn.opens_thread else turn.thread


def _subject_of(turn: Turn) -> MessageId | None:
    """The message that it is about, where that stands beside what is said."""
    is_beside = turn.about is not None and turn.about.channel == _where_asked(turn)
    return turn.about.message if turn.about is not None and is_beside else None
