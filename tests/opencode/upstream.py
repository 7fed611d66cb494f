"""A server on loopback that answers every request with the bytes that it was given, or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


def http(status: int, body: str = "", *headers: str) -> bytes:
    content = body.encode()
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    headers: dict[str, str]  # by names in small letters
    body: Any


@dataclass(slots=True)
class Upstream:
    """`answer` None keeps everybody waiting. `asked` holds the requests so far."""

    url: str = ""
    answer: bytes | None = None
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.asked.append(Asked(head[0].split()[1], headers, json.loads(body)))
        if self.answer is None:
            await reader.read()  # until they have had enough
        else:
            writer.write(self.answer)
        writer.close()


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    one = Upstream()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    async with server:
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/zen/v1"
        yield one
