"""Fetching what people attach.

An attachment's address comes with a message, and whoever can send us one could name any host in it: so only Discord's
own are asked, over https, and nowhere else are we led from there. The one exception is another Discord, as
DISCORD_API_BASE_URL names it, whose host keeps the files as well. Nobody is shown the bot's token.

An address is good for a day or so. Later the message, read again, has a new one; what came with a command cannot be had
again. The address lets whoever knows it read the file: it never gets into a log or an exception.

https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import asyncio
import logging
from urllib.parse import urlsplit

import httpx

from app.connections import user_agent
from app.discord.attachments import attachments_of
from app.discord.errors import NotFound
from app.discord.rest import Rest
from app.turns.attachments import safe_name, too_large
from app.turns.errors import Refused, Retriable
from app.turns.records import Attachment, File
from app.words.answer import FILE_GONE, FILE_UNFETCHED, FILES_UNFETCHED

HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
DISCORD = frozenset({"discord.com", "discordapp.com"})
SECONDS = 60.0  # for one file
QUIET_SECONDS = 15.0  # between two pieces of it
RUN_OUT = frozenset({403, 404})

# What came with a command lies under /ephemeral-attachments/.
logging.getLogger("httpx").addFilter(lambda record: "attachments/" not in record.getMessage())


class RunOut(Exception):
    """The address opens nothing, any more."""


class Downloads:
    def __init__(self, http: httpx.AsyncClient, api_base: str, rest: Rest) -> None:
        self._http = http
        self._rest = rest
        api = urlsplit(api_base).hostname or ""
        is_discord = any(api == host or api.endswith(f".{host}") for host in DISCORD)
        self._stand_in = None if is_discord else api

    async def fetch(self, attachment: Attachment, most: int) -> File:
        """Raises Refused when it is gone, or longer than
        `most` bytes, whatever Discord said of its size; Retriable."""
        if attachment.size > most:
            raise Refused(too_large(attachment.name, most))
        try:
            content = await self._download(attachment, most)
        except RunOut:
            try:
                content = await self._download(await self._again(attachment), most)
            except RunOut as error:
                raise Refused(_gone(attachment)) from error
        return File(attachment.name, content)

    async def _again(self, attachment: Attachment) -> Attachment:
        """As the message shows it now; what came with a command cannot be had again."""
        if attachment.channel is None or attachment.message is None:
            raise RunOut
        try:
            shown = await self._rest.get_message(attachment.channel, attachment.message)
        except NotFound as error:
            raise RunOut from error
        for found in attachments_of(shown.get("attachments")):
            if found.id == attachment.id:
                return found
        raise RunOut

    async def _download(self, attachment: Attachment, most: int) -> bytes:
        if not self._is_trusted(attachment.url):
            raise Refused(_foreign(attachment))
        try:
            async with asyncio.timeout(SECONDS):
                return await self._read(attachment, most)
        except (httpx.HTTPError, TimeoutError) as error:
            # Not with the library's words: they may hold the address.
            raise Retriable(f"an attachment: {type(error).__name__}", tell=FILES_UNFETCHED) from None

    async def _read(self, attachment: Attachment, most: int) -> bytes:
        content = bytearray()
        headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
        async with self._http.stream(
            "GET", attachment.url, headers=headers, timeout=QUIET_SECONDS, follow_redirects=False
        ) as response:
            _judge(response.status_code, attachment)
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > most:
                    raise Refused(too_large(attachment.name, most))
        return bytes(content)

    def _is_trusted(self, url: str) -> bool:
        try:
            parts = httpx.URL(url)  # as whoever connects will read it
        except httpx.InvalidURL:
            return False
        if parts.userinfo:
            return False
        if parts.scheme == "https" and parts.host in HOSTS and parts.port is None:
            return True
        return parts.scheme in ("http", "https") and bool(parts.host) and parts.host == self._stand_in


def _judge(status: int, attachment: Attachment) -> None:
    if status in RUN_OUT:
        raise RunOut
    if status in (408, 429) or status >= 500:
        raise Retriable(f"an attachment: status {status}", tell=FILES_UNFETCHED)
    if status != 200:
        raise Refused(_foreign(attachment))


def _gone(attachment: Attachment) -> str:
    return FILE_GONE.format(name=safe_name(attachment.name))


def _foreign(attachment: Attachment) -> str:
    return FILE_UNFETCHED.format(name=safe_name(attachment.name))
