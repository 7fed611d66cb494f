"""Request bodies, up to a size."""

from starlette.requests import Request

LARGEST = 1024 * 1024  # bytes; Discord's interactions are a few kilobytes


class TooLarge(Exception):
    """The body is larger than LARGEST; the rest of it was not read."""


async def read_body(request: Request) -> bytes:
    """The raw bytes, as they were signed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge
    return bytes(body)
