"""What is said to a command or to a press after its first answer, by whoever worked on it meanwhile.

Nobody takes this up again: a reply that is lost is lost. So its patience with a webhook that does not exist yet
outlasts the time in which it can come to exist.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from app.discord import payloads
from app.discord.identity import Identity
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.payloads import Flag, Payload
from app.discord.rest import Rest
from app.discord.text import shorten
from app.discord.webhook import Webhook

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
        self._webhook = Webhook(identity, PAUSES, clock=clock, sleep=sleep)

    async def edit(self, interaction: Interaction, text: str, components: Sequence[Payload] = ()) -> None:
        """Say it in place of the first answer; of a press, in place of the message whose button it was. Buttons that
        stood there are gone."""
        edit = payloads.edit(shorten(text, CONTENT), components=components)
        await self._reach(interaction, lambda app, token: self._rest.edit_original(app, token, edit))

    async def follow_up(self, interaction: Interaction, text: str) -> None:
        """Say it to everybody, in a message of its own. Only after an edit, where the first answer was deferred: else
        Discord takes it for that edit.

        https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
        """
        message = payloads.message(shorten(text, CONTENT), flags=Flag.SUPPRESS_EMBEDS)
        await self._reach(interaction, lambda app, token: self._rest.follow_up(app, token, message))

    async def _reach(self, interaction: Interaction, call: Callable[[str, str], Awaitable[object]]) -> None:
        await self._webhook.reach(interaction.id, interaction.token, call)
