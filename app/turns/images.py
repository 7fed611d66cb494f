"""Whether bytes are an image that a model can be shown, and of which type. Pure.

Seen from the content alone: the beginning, the frame that the format puts around it, and its measures. So a file that
was cut short, or only begins like an image, is none. The pixels themselves are not decoded.
"""

from collections.abc import Iterator

MOST_PIXELS = 100_000_000

PNG = b"\x89PNG\r\n\x1a\n"
# Frames that tell the measures; the others of 0xC0 to 0xCF are tables.
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers that nothing follows
_TRAILING = 64  # bytes that some programs leave behind the end of a GIF


def mime(content: bytes) -> str | None:
    """None for what is no image, or a broken one."""
    for type_, measure in (("png", _png), ("jpeg", _jpeg), ("gif", _gif), ("webp", _webp)):
        measures = measure(content)
        if measures is not None:
            width, height = measures
            return f"image/{type_}" if 0 < width * height <= MOST_PIXELS else None
    return None


def _png(content: bytes) -> tuple[int, int] | None:
    """https://www.w3.org/TR/png-3/#5DataRep"""
    if not content.startswith(PNG + b"\x00\x00\x00\x0dIHDR"):
        return None
    kinds = set(_png_chunks(content))
    if not {b"IDAT", b"IEND"} <= kinds:
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _png_chunks(content: bytes) -> Iterator[bytes]:
    """Their names, of those that are there with their checksum."""
    at = len(PNG)
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4])
        if end > len(content):
            return
        yield content[at + 4 : at + 8]
        at = end


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """https://www.w3.org/Graphics/JPEG/itu-t81.pdf"""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_FRAMES:
            if content.find(b"\xff\xd9", at) < 0:  # its end; cameras put things of their own behind it
                return None
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        if marker == 0xFF:  # filling
            at += 1
        else:
            at += 2 if marker in _JPEG_BARE else 2 + int.from_bytes(content[at + 2 : at + 4])
    return None


def _gif(content: bytes) -> tuple[int, int] | None:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""
    if content[:6] not in (b"GIF87a", b"GIF89a") or b"\x3b" not in content[-_TRAILING:] or len(content) < 14:
        return None
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _webp(content: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if int.from_bytes(content[4:8], "little") + 8 > len(content):
        return None
    match content[12:16]:
        case b"VP8 " if content[23:26] == b"\x9d\x01\x2a":
            return int.from_bytes(content[26:28], "little") & 0x3FFF, int.from_bytes(content[28:30], "little") & 0x3FFF
        case b"VP8L" if content[20] == 0x2F:
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    return None
