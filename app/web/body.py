"""Request bodies, up to a size."""

import asyncio

from starlette.requests import ClientDisconnect, Request

PATIENCE_SECONDS = 5.0
LARGEST = 1024 * 1024  # bytes; Discord's interactions are a few kilobytes


class TooLarge(Exception):
    """The body is larger than LARGEST; the rest of it was not read."""


async def read_body(request: Request) -> bytes:
    """The raw bytes, as they were signed. Raises TooLarge, and TimeoutError when they do not come, or whoever
    sends them hangs up."""
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise TooLarge
    except ClientDisconnect as error:
        raise TimeoutError from error
    return bytes(body)
