"""The files of machines, in memory. It remembers what it holds."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Sequence

from app.ids import ThreadId
from app.sandboxes.files import INBOX, MOST_FOUND, OUTBOX, Found
from app.sandboxes.provider import Absent, TooLarge
from app.turns.attachments import parts, safe_name


class FakeFiles:
    """As `Files`, of machines that are always awake. `failure` is what every call meets."""

    def __init__(self) -> None:
        self.held: defaultdict[ThreadId, dict[str, bytes]] = defaultdict(dict)  # by path, from the workspace
        self.failure: Exception | None = None

    async def put(self, thread: ThreadId, name: str, content: bytes) -> str:
        held = self._of(thread)
        stem, extension = parts(safe_name(name))
        path, number = f"{INBOX}/{stem}{extension}", 1
        while held.setdefault(path, content) != content:
            number += 1
            path = f"{INBOX}/{stem}-{number}{extension}"
        return path

    async def made(self, thread: ThreadId, also: Collection[str] = ()) -> Sequence[Found]:
        held = self._of(thread)
        out = sorted(path for path in held if path.startswith(f"{OUTBOX}/"))
        paths = sorted({*out[:MOST_FOUND], *(held.keys() & set(also))})
        return [Found(path, len(held[path]), f"{zlib.crc32(held[path])}:{len(held[path])}") for path in paths]

    async def get(self, thread: ThreadId, path: str, most: int) -> bytes:
        content = self._of(thread).get(path)
        if content is None:
            raise Absent(path)
        if len(content) > most:
            raise TooLarge(path, most)
        return content

    def _of(self, thread: ThreadId) -> dict[str, bytes]:
        if self.failure is not None:
            raise self.failure
        return self.held[thread]
