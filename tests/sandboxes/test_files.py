"""Files between people and a machine, by the real shell in a local sandbox, and once all the way at Daytona's."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.ids import ThreadId
from app.sandboxes.files import DRAFTS, MARKED_BYTES, MOST_FOUND, Files
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.machine import State
from app.sandboxes.provider import Absent, Provider, TooLarge
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns import delivery
from app.turns.errors import Retriable
from tests.fakes.provider import FakeProvider
from tests.sandboxes.daytona_stage import provider_of, simulated

pytestmark = pytest.mark.anyio

THREAD = ThreadId("400000000000000000")
NOW = 1_000.0
ODD = ["two\nlines.txt", "back\\slash", " spaces  and\ttabs ", 'it\'s "$HOME" `x` \\n *.md', "Überblick 図.png", "-rf"]


@dataclass(frozen=True, slots=True)
class Desk:
    files: Files
    provider: Provider
    ref: str
    workspace: Path

    def write(self, path: str, content: bytes = b"x") -> None:
        file = self.workspace / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    async def found(self, *also: str) -> list[str]:
        return [found.path for found in await self.files.made(THREAD, also)]


async def desk_at(provider: Provider, sqlite: Sqlite) -> tuple[Files, str]:
    """With a machine that is awake, and an empty workspace in it."""
    ref = (await provider.create("one", {}, within=10)).ref
    await provider.exec(ref, "mkdir workspace", within=10)
    shelf = SqliteShelf(sqlite)
    sandbox = await shelf.shelve(THREAD, "one", {}, NOW)
    assert await shelf.take(sandbox, State.CREATING, "ours", NOW, NOW + 10, password="hunter2")
    await shelf.settle(THREAD, "ours", State.ACTIVE, NOW, ref=ref)
    return Files(provider, shelf), ref


@pytest.fixture
async def desk(tmp_path: Path, sqlite: Sqlite) -> AsyncIterator[Desk]:
    provider = LocalProvider(tmp_path / "boxes", os.environ["PATH"], grace=1)
    files, ref = await desk_at(provider, sqlite)
    yield Desk(files, provider, ref, tmp_path / "boxes/one/home/workspace")
    await provider.close()


@asynccontextmanager
async def at_daytona(root: Path, sqlite: Sqlite) -> AsyncIterator[Desk]:
    async with simulated(root) as daytona:
        provider = provider_of(daytona)
        files, ref = await desk_at(provider, sqlite)
        yield Desk(files, provider, ref, daytona.sandboxes[0].home / "workspace")
        await provider.close()


# In.


@pytest.mark.parametrize("name", ["data.zip", "Überblick 図.png", "it's $HOME `x`.md", ".env", "-rf"])
async def test_a_file_lies_in_the_inbox_under_its_name(desk: Desk, name: str) -> None:
    path = await desk.files.put(THREAD, name, b"\x00\xff")

    assert path == f"inbox/{name}"
    assert (desk.workspace / path).read_bytes() == b"\x00\xff"


async def test_the_same_file_twice_is_one(desk: Desk) -> None:
    first = await desk.files.put(THREAD, "a.txt", b"one")

    second = await desk.files.put(THREAD, "a.txt", b"one")

    assert second == first
    assert [file.name for file in (desk.workspace / "inbox").iterdir()] == ["a.txt"]


async def test_another_file_of_the_same_name_gets_a_number_and_keeps_it(desk: Desk) -> None:
    contents = (b"one", b"two", b"three", b"two", b"one")

    paths = [await desk.files.put(THREAD, "a.tar.gz", content) for content in contents]

    one, two, three = "inbox/a.tar.gz", "inbox/a.tar-2.gz", "inbox/a.tar-3.gz"
    assert paths == [one, two, three, two, one]
    assert [(desk.workspace / path).read_bytes() for path in (one, two, three)] == [b"one", b"two", b"three"]


async def test_files_that_come_at_the_same_time_lose_nothing(desk: Desk) -> None:
    contents = [b"one", b"two", b"three", b"one"]

    paths = await asyncio.gather(*(desk.files.put(THREAD, "a.txt", content) for content in contents))

    assert [(desk.workspace / path).read_bytes() for path in paths] == contents
    assert len(set(paths)) == 3


async def test_nothing_is_left_of_what_was_put(desk: Desk) -> None:
    drafts = desk.workspace.parent / DRAFTS
    drafts.mkdir(parents=True)
    (drafts / "forgotten").touch()
    os.utime(drafts / "forgotten", (1, 1))

    await asyncio.gather(*(desk.files.put(THREAD, "a.txt", b"one") for _ in range(2)))

    assert not list(drafts.iterdir())


async def test_a_name_leads_nowhere_else(desk: Desk) -> None:
    assert await desk.files.put(THREAD, "../../.ssh/authorized_keys", b"") == "inbox/authorized_keys"


async def test_a_file_is_not_written_through_a_link_that_the_repository_brought(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("theirs")
    (desk.workspace / "inbox").mkdir()
    (desk.workspace / "inbox/a.txt").symlink_to(tmp_path / "a.txt")

    path = await desk.files.put(THREAD, "a.txt", b"ours")

    assert path == "inbox/a-2.txt"
    assert (tmp_path / "a.txt").read_text() == "theirs"


async def test_an_inbox_that_leads_out_of_the_workspace_takes_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (desk.workspace / "inbox").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Retriable) as told:
        await desk.files.put(THREAD, "a.txt", b"ours")

    assert told.value.tell
    assert "could not put your files" in told.value.tell
    assert not list((tmp_path / "elsewhere").iterdir())


# Out.


async def test_what_is_in_the_outbox_is_found_with_its_size(desk: Desk) -> None:
    desk.write("outbox/plot.png", b"12345")
    desk.write("outbox/deep/er/data.csv", b"")
    desk.write("elsewhere.txt")

    found = await desk.files.made(THREAD)

    assert [(one.path, one.size) for one in found] == [("outbox/deep/er/data.csv", 0), ("outbox/plot.png", 5)]


async def test_names_are_told_as_they_are(desk: Desk) -> None:
    for name in ODD:
        desk.write(f"outbox/{name}", name.encode())

    found = await desk.files.made(THREAD)

    assert {one.path for one in found} == {f"outbox/{name}" for name in ODD}
    assert [(await desk.files.get(THREAD, one.path, 100)).decode() for one in found] == [
        one.path.removeprefix("outbox/") for one in found
    ]


async def test_a_mark_stays_as_long_as_the_content_does(desk: Desk) -> None:
    desk.write("outbox/a", b"one")
    (before,) = await desk.files.made(THREAD)
    os.utime(desk.workspace / "outbox/a", (1, 1))
    (touched,) = await desk.files.made(THREAD)
    desk.write("outbox/a", b"two")

    (changed,) = await desk.files.made(THREAD)

    assert touched == before
    assert changed.mark != before.mark


async def marked(desk: Desk, size: int, first: bytes, *, at: int = 1) -> tuple[int, str]:
    """A file that takes no room on the disk, last changed `at`."""
    desk.write("outbox/film", first)
    os.truncate(desk.workspace / "outbox/film", size)
    os.utime(desk.workspace / "outbox/film", (at, at))
    (found,) = await desk.files.made(THREAD)
    return found.size, found.mark


async def test_what_can_be_attached_is_marked_by_what_is_in_it(desk: Desk) -> None:
    assert MARKED_BYTES >= delivery.MOST_BYTES

    size, mark = await marked(desk, MARKED_BYTES, b"one")

    assert size == MARKED_BYTES
    assert await marked(desk, MARKED_BYTES, b"one", at=2) == (size, mark)
    assert await marked(desk, MARKED_BYTES, b"two") != (size, mark)


async def test_what_is_larger_is_marked_without_being_read(desk: Desk) -> None:
    size, mark = await marked(desk, MARKED_BYTES + 1, b"one")

    assert size == MARKED_BYTES + 1
    assert await marked(desk, MARKED_BYTES + 1, b"two") == (size, mark)
    assert await marked(desk, MARKED_BYTES + 1, b"one", at=2) != (size, mark)
    assert await marked(desk, MARKED_BYTES + 2, b"one") != (size, mark)


async def test_links_pipes_and_hidden_files_are_no_files(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_text("theirs")
    (tmp_path / "far").mkdir()
    (tmp_path / "far/away.png").write_text("theirs")
    desk.write("outbox/.DS_Store")
    desk.write("outbox/.hidden/plot.png")
    desk.write("outbox/plots/.hidden/plot.png")
    (desk.workspace / "outbox/link.png").symlink_to(tmp_path / "secret.png")
    (desk.workspace / "outbox/folder").symlink_to(tmp_path / "far")
    (desk.workspace / "link.png").symlink_to(tmp_path / "secret.png")
    (desk.workspace / "folder").symlink_to(tmp_path / "far")
    os.mkfifo(desk.workspace / "outbox/pipe")

    assert await desk.found("link.png", "folder/away.png") == []


async def test_an_outbox_that_is_a_link_is_empty(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/away.png").write_text("theirs")
    (desk.workspace / "outbox").symlink_to(tmp_path / "far")

    assert await desk.found() == []


async def test_images_elsewhere_are_found_where_they_are_named(desk: Desk) -> None:
    for path in ("docs/a b.PNG", "docs/b.md", "c.jpeg", "outbox/d.gif"):
        desk.write(path)

    found = await desk.found("docs/a b.PNG", "docs/b.md", "gone.png", "c.jpeg", "c.jpeg", "outbox/d.gif")

    assert found == ["c.jpeg", "docs/a b.PNG", "outbox/d.gif"]


@pytest.mark.parametrize("path", ["/etc/a.png", "../a.png", "docs/../../a.png", "", ".", "a\0.png", "a\ud800.png"])
async def test_a_path_out_of_the_workspace_leads_to_nothing(desk: Desk, path: str) -> None:
    (desk.workspace.parent / "a.png").write_text("not theirs")

    assert await desk.found(path) == []
    with pytest.raises(Absent):
        await desk.files.get(THREAD, path, 100)


async def test_of_a_flood_the_first_are_found_in_their_order(desk: Desk) -> None:
    paths = [f"outbox/{number // 100:02}/{number:04}\n.txt" for number in range(MOST_FOUND + 5)]
    for path in reversed(paths):
        desk.write(path)

    assert await desk.found() == paths[:MOST_FOUND]


async def test_a_name_that_looks_like_what_is_told_of_a_file_hides_no_other(desk: Desk) -> None:
    for name in ("a\n12 34 ./outbox/c.txt", "b.txt", "d.txt\n", "\n"):
        desk.write(f"outbox/{name}")

    found = await desk.found()

    assert {"outbox/b.txt", "outbox/d.txt\n", "outbox/\n"} <= set(found)


async def test_without_an_outbox_nothing_was_made(desk: Desk) -> None:
    assert await desk.found() == []


async def test_what_is_too_large_or_a_pipe_is_not_fetched(desk: Desk) -> None:
    desk.write("outbox/a", b"x" * 11)
    os.mkfifo(desk.workspace / "outbox/pipe")

    with pytest.raises(TooLarge):
        await desk.files.get(THREAD, "outbox/a", 10)
    with pytest.raises(Absent):
        await desk.files.get(THREAD, "outbox/pipe", 10)


async def test_nothing_is_woken_for_a_file(sqlite: Sqlite) -> None:
    provider = FakeProvider()
    files = Files(provider, SqliteShelf(sqlite))

    with pytest.raises(Retriable, match="not awake"):
        await files.put(THREAD, "a.txt", b"")

    assert provider.calls == []


async def test_at_daytona_it_is_the_same(tmp_path: Path, sqlite: Sqlite) -> None:
    async with at_daytona(tmp_path / "cloud", sqlite) as desk:
        for name in ODD:
            desk.write(f"outbox/{name}", name.encode())

        paths = [await desk.files.put(THREAD, "a b.txt", content) for content in (b"\x00\r\n", b"two", b"\x00\r\n")]
        found = await desk.files.made(THREAD, ["inbox/a b.png"])
        content = [await desk.files.get(THREAD, one.path, 100) for one in found]

        assert paths == ["inbox/a b.txt", "inbox/a b-2.txt", "inbox/a b.txt"]
        assert (desk.workspace / "inbox/a b.txt").read_bytes() == b"\x00\r\n"
        assert sorted(content) == sorted(name.encode() for name in ODD)
        with pytest.raises(TooLarge):
            await desk.files.get(THREAD, "inbox/a b.txt", 2)
