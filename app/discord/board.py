"""Our own messages in a channel: posted once, found again, edited.

A message carries a nonce made from what it is for, so that a second one within minutes is the first one. Discord
remembers a nonce for minutes only, so what may be repeated later than that is looked for first.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from app.discord import payloads
from app.discord.errors import ARCHIVED, UNKNOWN_MESSAGE, NotFound, Rejected, Unavailable
from app.discord.identity import Identity
from app.discord.limits import PAGE
from app.discord.payloads import Flag, View
from app.discord.rest import Object, Rest
from app.ids import MessageId, UserId

MOST_PAGES = 10
SILENT = Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS


class Board:
    """Every method raises Retriable and Refused."""

    def __init__(self, rest: Rest, identity: Identity) -> None:
        self._rest = rest
        self._identity = identity

    async def post(
        self, channel: str, view: View, nonce: str, *, reply_to: str | None = None, notify: UserId | None = None
    ) -> MessageId:
        """Notifies `notify`, whom its content mentions, and nobody else."""
        message = payloads.message(
            view.content,
            nonce=nonce,
            reply_to=reply_to,
            flags=SILENT if notify is None else Flag.SUPPRESS_EMBEDS,
            allowed_mentions=payloads.NOBODY if notify is None else payloads.only(notify),
            file_names=[file.name for file in view.files],
            components=view.components,
        )
        return id_of(await self._rest.create_message(channel, message, view.files))

    async def edit(self, channel: str, message: MessageId, view: View) -> None:
        """It shows this and nothing else from now on, if it is still there. Notifies nobody. Raises Refused in an
        archived thread."""
        names = [file.name for file in view.files]
        edit = payloads.edit(view.content, components=view.components, file_names=names)
        try:
            await self._rest.edit_message(channel, message, edit, view.files)
        except NotFound as refusal:
            if refusal.code != UNKNOWN_MESSAGE:
                raise

    async def edit_at_last(self, channel: str, message: MessageId, view: View) -> None:
        """The same for a last word, for which an archived thread is opened again: else it would look unfinished for
        ever."""
        try:
            await self.edit(channel, message, view)
        except Rejected as refusal:
            if refusal.code != ARCHIVED:
                raise
            await self._rest.wake_thread(channel)
            await self.edit(channel, message, view)

    async def find(self, channel: str, after: str, is_wanted: Callable[[Object], bool]) -> MessageId | None:
        """The oldest wanted one of our own messages behind `after`."""
        async with aclosing(self.search(channel, after, is_wanted)) as found:
            return await anext(found, None)

    async def search(
        self, channel: str, after: str, is_wanted: Callable[[Object], bool]
    ) -> AsyncGenerator[MessageId, None]:
        """All of them, the oldest first."""
        us = await self._identity.bot()
        for _ in range(MOST_PAGES):
            page = sorted(await self._rest.get_messages(channel, after=after), key=lambda message: int(message["id"]))
            for message in page:
                if message.get("author", {}).get("id") == us and is_wanted(message):
                    yield id_of(message)
            if len(page) < PAGE:
                return
            after = str(page[-1]["id"])


def id_of(message: Object) -> MessageId:
    if not message.get("id"):
        raise Unavailable("Discord's answer has no id in it")
    return MessageId(str(message["id"]))
