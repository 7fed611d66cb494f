"""What the model is shown of what people send, and what it is called."""

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.turns.attachments import (
    LONGEST_NAME,
    MOST_BYTES,
    MOST_FILES,
    MOST_TEXT,
    MOST_TOGETHER,
    Kind,
    Laid,
    in_words,
    mention,
    mime,
    parts,
    safe_name,
    sift,
    sort,
    too_large,
)
from app.turns.records import Attachment, File
from app.words.answer import TOO_MUCH
from tests.turns.pictures import GIF, JPEG, WEBP, WEBP_LOSSLESS, WHOLE, png


def attached(number: int, size: int, name: str = "") -> Attachment:
    return Attachment(str(number), name or f"{number}.bin", size, "https://cdn.discordapp.com/attachments/1/2/a")


# What it is.


@pytest.mark.parametrize(("type_", "content"), [*WHOLE.items(), ("image/webp", WEBP_LOSSLESS)])
def test_an_image_is_told_by_its_content_whatever_its_name_says(type_: str, content: bytes) -> None:
    file = File("letter.txt", content)

    assert (sort(file), mime(file)) == (Kind.IMAGE, type_)


@pytest.mark.parametrize("content", [*WHOLE.values(), WEBP_LOSSLESS], ids=[*WHOLE, "lossless"])
def test_an_image_that_was_cut_short_is_not_shown(content: bytes) -> None:
    shown = [end for end in range(len(content) - 2) if sort(File("a.png", content[:end])) is Kind.IMAGE]

    assert shown == []


def test_an_image_with_something_behind_its_end_is_whole() -> None:
    """Cameras and editors leave notes there."""
    assert mime(File("a", JPEG + b"SEFT" * 5_000)) == "image/jpeg"
    assert mime(File("a", png() + b"notes")) == "image/png"


@pytest.mark.parametrize(
    "content",
    [
        png(0, 1),
        png().replace(b"IDAT", b"XDAT"),
        png().replace(b"\0\0\0\x02\0\0\0\x01", b"\0\xff\xff\xff\0\xff\xff\xff"),
        GIF[:6] + b"\0\0" + GIF[8:],
        b"\xff\xd8\xff" + b"\xff" * 1000 + b"\xff\xd9",
        b"\xff\xd8\xff\xe0\0\0" * 1000 + b"\xff\xd9",
        b"GIF89a is what this letter begins with; \xff",
        WEBP[:12] + b"VP8?" + WEBP[16:],
        b"BM" + bytes(100),
    ],
)
def test_what_only_begins_like_an_image_is_not_shown(content: bytes) -> None:
    file = File("a.png", content)

    assert (sort(file), mime(file)) == (Kind.OTHER, None)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b'{"a": 1}'), ("a.svg", b"<svg/>"), ("a.py", "# Überblick\r\n".encode()), ("a.png", b"no image")],
)
def test_text_is_shown_as_plain_text_whatever_it_is_written_in(name: str, content: bytes) -> None:
    file = File(name, content)

    assert (sort(file), mime(file)) == (Kind.TEXT, "text/plain")


@pytest.mark.parametrize(
    "content", [b"", b"a\0b", "Überblick".encode("latin-1"), b"PK\x03\x04\xff", b"%PDF-1.7\xe2\xe3"]
)
def test_everything_else_is_not_shown(content: bytes) -> None:
    assert mime(File("a.txt", content)) is None


def test_a_long_text_is_not_shown() -> None:
    assert sort(File("a.txt", b"x" * MOST_TEXT)) is Kind.TEXT
    assert sort(File("a.txt", b"x" * (MOST_TEXT + 1))) is Kind.OTHER


@given(st.binary(max_size=60), st.sampled_from([b"", *(content[:20] for content in WHOLE.values())]))
def test_no_content_is_too_odd_to_be_sorted(rest: bytes, head: bytes) -> None:
    file = File("a", head + rest)

    assert (mime(file) is None) == (sort(file) is Kind.OTHER)


# How many, and how large.


def test_files_within_the_limits_are_taken() -> None:
    files = [attached(number, MOST_TOGETHER // MOST_FILES) for number in range(MOST_FILES)]

    sifted = sift(files)

    assert (sifted.taken, sifted.left) == (tuple(files), ())


def test_a_file_that_is_too_large_is_left_out_and_the_others_are_not() -> None:
    sifted = sift([attached(1, 1), attached(2, MOST_BYTES + 1, "film.mp4"), attached(3, 1)])

    assert [one.id for one in sifted.taken] == ["1", "3"]
    assert sifted.left == (TOO_MUCH.format(name="film.mp4", most="25 MB"),)


def test_more_files_than_may_be_are_left_out() -> None:
    sifted = sift([attached(number, 1) for number in range(MOST_FILES + 1)])

    assert len(sifted.taken) == MOST_FILES
    assert sifted.left == (
        "Sorry, I left out the file 10.bin: I can take 10 files at a time. Please send it separately.",
    )


def test_what_is_too_much_together_is_left_out() -> None:
    sifted = sift([attached(1, MOST_BYTES), attached(2, MOST_BYTES), attached(3, 1, "last.txt")])

    assert len(sifted.taken) == 2
    assert sifted.left == (
        "Sorry, I left out the file last.txt: I can take 50 MB at a time. Please send it separately.",
    )


def test_a_sentence_names_a_file_safely() -> None:
    assert "the file a b.txt: 10 bytes is" in too_large("../x/a\n\u202eb.txt", 10)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (1_234, "1.2 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1 MB"),
        (1_250_000, "1.2 MB"),
        (25_000_000, "25 MB"),
    ],
)
def test_a_size_is_told_as_people_read_it(size: int, words: str) -> None:
    assert in_words(size) == words


def test_the_prompt_says_what_lies_where() -> None:
    laid = [Laid("inbox/data.zip", 1_234_567), Laid("inbox/a.png", 70)]

    assert mention(laid) == "(Attached, in the workspace: inbox/data.zip, 1.2 MB; inbox/a.png, 70 bytes.)"
    assert mention([]) == ""


# What it is called.


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plot.png", "plot.png"),
        ("Überblick 図.tar.gz", "Überblick 図.tar.gz"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\a.txt", "a.txt"),
        ("folder/", "folder"),
        ("a\nb\tc\x00d.txt", "a b cd.txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe"),
        (".env", ".env"),
        ("", "file"),
        ("..", "file"),
        ("\u200b", "file"),
        ("x" * 200 + ".tar.gz", "x" * 97 + ".gz"),
        ("x." + "y" * 200, "x." + "y" * 98),
        ("U\u0308.txt", "\u00dc.txt"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300) | st.text(alphabet="./\\ \n\ud800\u202eä図.", max_size=300))
def test_any_name_is_safe_and_stays_so(name: str) -> None:
    safe = safe_name(name)

    assert 0 < len(safe) <= LONGEST_NAME
    assert len(safe.encode()) <= 200
    assert PurePosixPath(safe).name == safe
    assert safe not in (".", "..")
    assert not any(unicodedata.category(one).startswith("C") for one in safe)
    assert safe_name(safe) == safe
    assert "".join(parts(safe)) == safe
