"""The files that hang on messages, and the host that gives them out: to anybody, at an address that is signed and runs
out. Whoever reads the message again gets a fresh one.

https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import hashlib
import hmac
import mimetypes
import re
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from scripts.playground.discord.records import Attachment, Upload

if TYPE_CHECKING:
    from scripts.playground.discord.world import World

UNKNOWN = "application/octet-stream"
WORDY = re.compile(r"text/.*|application/(json|javascript|xml|x-sh|toml|yaml)")


def keep(world: "World", upload: Upload, *, description: str | None = None, ephemeral: bool = False) -> Attachment:
    """Under a name that fits into a URL; what it was called before is the title."""
    kind = upload.content_type if upload.content_type != UNKNOWN else mimetypes.guess_type(upload.filename)[0]
    kept = Upload(plain_name(upload.filename), upload.content, kind or UNKNOWN)
    title = None if kept.filename == upload.filename else upload.filename
    attachment = Attachment(world.make_id(), kept, description, ephemeral, title)
    world.attachments[attachment.id] = attachment
    return attachment


def plain_name(name: str) -> str:
    """Discord puts `_` for spaces and leaves out whatever is no letter, digit, dot or dash. Nowhere documented; seen on
    every file with such a name."""
    return re.sub(r"[^\w.-]", "", re.sub(r"\s+", "_", name)).strip(".") or "unknown"


def content_type(upload: Upload) -> str:
    """Of texts also the encoding, as Discord says it."""
    kind = upload.content_type.partition(";")[0].strip().lower()
    try:
        upload.content.decode()
    except UnicodeDecodeError:
        return kind
    return f"{kind}; charset=utf-8" if WORDY.fullmatch(kind) else kind


def address(world: "World", file: Attachment) -> str:
    """Good for a time between half of its life and all of it, and the same for all who read the message meanwhile: a
    client need not fetch a picture again because its message was edited."""
    half = max(int(world.rules.attachment_seconds / 2), 1)
    issued = int(world.clock.now()) // half * half
    expires = issued + 2 * half
    marks = f"ex={expires:x}&is={issued:x}&hm={_signature(world, file.id, f'{expires:x}', f'{issued:x}')}&"
    return f"{world.url}/attachments/{file.id}/{quote(file.upload.filename)}?{marks}"


def find(world: "World", id: str, name: str, marks: Mapping[str, str]) -> Attachment | None:
    """The file behind an address; None when it never was one, or has run out."""
    file = world.attachments.get(id)
    expires, issued = marks.get("ex", ""), marks.get("is", "")
    if file is None or name != file.upload.filename or not re.fullmatch(r"[0-9a-f]{1,12}", expires):
        return None
    signed = hmac.compare_digest(marks.get("hm", "").encode(), _signature(world, id, expires, issued).encode())
    return file if signed and world.clock.now() < int(expires, 16) else None


def _signature(world: "World", id: str, expires: str, issued: str) -> str:
    return hmac.new(world.application.seed, f"{id} {expires} {issued}".encode(), hashlib.sha256).hexdigest()


def dimensions(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or a GIF; None of anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    return None
