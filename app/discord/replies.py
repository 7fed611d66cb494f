"""What is said to a command or to a press after its first answer, by whoever worked on it meanwhile.

Nobody takes this up again: a reply that is lost is lost. So its patience with a webhook that does not exist yet
outlasts the time in which it can come to exist.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from app.discord import payloads
from app.discord.board import Board
from app.discord.errors import Rejected, TokenDead, token_dead, unfit
from app.discord.identity import Identity
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.payloads import Payload, View
from app.discord.rest import Rest
from app.discord.text import shorten
from app.discord.webhook import Webhook
from app.turns.records import File

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


class Replies:
    """Texts are shortened to what a message holds. Every method raises Retriable and Refused."""

    def __init__(
        self,
        rest: Rest,
        identity: Identity,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rest = rest
        self._board = Board(rest, identity)
        self._webhook = Webhook(identity, PAUSES, clock=clock, sleep=sleep)

    async def edit(
        self, interaction: Interaction, text: str, components: Sequence[Payload] = (), files: Sequence[File] = ()
    ) -> None:
        """Say it in place of the first answer; of a press, in place of the message whose button it was. Buttons and
        files that stood there are gone. Raises UnfitFiles where it may be said without the files."""
        names = [file.name for file in files]
        edit = payloads.edit(shorten(text, CONTENT), components=components, file_names=names)
        try:
            await self._reach(interaction, lambda app, token: self._rest.edit_original(app, token, edit, files))
        except TokenDead:
            raise
        except Rejected as refusal:
            if (narrowed := unfit(refusal, with_files=bool(files))) is not None:
                raise narrowed from refusal
            raise

    async def post(
        self, interaction: Interaction, text: str, components: Sequence[Payload] = (), files: Sequence[File] = ()
    ) -> None:
        """Say it to everybody in an ordinary message, whatever became of the interaction's answers: once, however often
        it is said. Nobody is notified. Raises TokenDead where there is no channel for it."""
        if interaction.channel is None:
            raise token_dead("nowhere else to say it")
        view = seen(text, components, files)
        await self._board.post(interaction.channel.id, view, payloads.nonce_of(interaction.id, text))

    async def _reach(self, interaction: Interaction, call: Callable[[str, str], Awaitable[object]]) -> None:
        await self._webhook.reach(interaction.id, interaction.token, call)


def seen(text: str, components: Sequence[Payload], files: Sequence[File]) -> View:
    return View(shorten(text, CONTENT), tuple(components), tuple(files))
