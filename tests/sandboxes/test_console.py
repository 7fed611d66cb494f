"""A machine by hand, by the real shell in a local sandbox, and once all the way at Daytona's."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.ids import ThreadId
from app.sandboxes.console import MOST_LISTED, Console, Elsewhere, Entry
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.machine import State
from app.sandboxes.provider import Absent, Overdue, Provider, TooLarge
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Retriable
from tests.fakes.provider import FakeProvider
from tests.sandboxes.daytona_stage import provider_of, simulated

pytestmark = pytest.mark.anyio

THREAD = ThreadId("400000000000000000")
NOW = 1_000.0
LOGS = "logs/opencode"
ODD = ["two\nlines.txt", "back\\slash", " spaces  and\ttabs ", 'it\'s "$HOME" `x` \\n *.md', "Überblick 図.png", "-rf"]


@dataclass(frozen=True, slots=True)
class Desk:
    console: Console
    home: Path

    def write(self, path: str, content: bytes = b"x") -> None:
        """From the workspace."""
        file = self.home / "workspace" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    async def listed(self, path: str = "") -> list[tuple[str, int | None]]:
        return [(entry.name, entry.size) for entry in (await self.console.list(THREAD, path)).entries]


async def console_at(provider: Provider, sqlite: Sqlite) -> Console:
    """With a machine that is awake, and an empty workspace in it."""
    ref = (await provider.create("one", {}, within=10)).ref
    await provider.exec(ref, "mkdir workspace", within=10)
    shelf = SqliteShelf(sqlite)
    sandbox = await shelf.shelve(THREAD, "one", {}, NOW)
    assert await shelf.take(sandbox, State.CREATING, "ours", NOW, NOW + 10, password="hunter2")
    await shelf.settle(THREAD, "ours", State.ACTIVE, NOW, ref=ref)
    return Console(provider, shelf, LOGS)


@pytest.fixture
async def desk(tmp_path: Path, sqlite: Sqlite) -> AsyncIterator[Desk]:
    provider = LocalProvider(tmp_path / "boxes", os.environ["PATH"], grace=1)
    console = await console_at(provider, sqlite)
    yield Desk(console, tmp_path / "boxes/one/home")
    await provider.close()


# Commands.


async def test_a_command_runs_in_the_workspace_and_says_how_it_ended(desk: Desk) -> None:
    desk.write("a.txt")

    done = await desk.console.run(THREAD, "ls; echo err >&2; exit 3", 10)

    assert (done.exit_code, done.output) == (3, "a.txt\nerr\n")


async def test_a_command_is_what_was_written_whatever_is_in_it(desk: Desk) -> None:
    done = await desk.console.run(THREAD, "printf '%s' \"it's `echo a` \\$HOME\"\necho; echo ${LINE-unset}", 10)

    assert done.output == "it's a $HOME\nunset\n"


async def test_a_command_that_reads_finds_nothing(desk: Desk) -> None:
    done = await desk.console.run(THREAD, "cat; echo done", 10)

    assert done.output == "done\n"


async def test_what_goes_on_in_the_background_is_not_waited_for(desk: Desk) -> None:
    done = await desk.console.run(THREAD, "sleep 60 & echo started", 5)

    assert done.output == "started\n"


async def test_of_a_flood_the_beginning_is_kept(desk: Desk) -> None:
    done = await desk.console.run(THREAD, "yes | head -c 9000000; exit 7", 20)

    assert (done.exit_code, len(done.output), done.is_cut) == (7, 4 * 2**20, True)


async def test_what_just_fits_is_whole_and_no_text_is_longer_for_being_unreadable(desk: Desk) -> None:
    fits = await desk.console.run(THREAD, "yes | head -c 4194304", 20)
    binary = await desk.console.run(THREAD, "head -c 2000000 /dev/zero | tr '\\0' '\\377'", 20)

    assert (len(fits.output), fits.is_cut) == (4 * 2**20, False)
    assert (len(binary.output), binary.is_cut) == (2_000_000, False)


async def test_a_line_that_begins_like_an_option_is_a_command(desk: Desk) -> None:
    done = await desk.console.run(THREAD, "-c 'echo hello'", 10)

    assert done.exit_code == 127


async def test_a_flood_does_not_fill_the_disk_while_it_lasts(desk: Desk) -> None:
    flood = "yes | head -c 90000000; while [ $(wc -c </dev/stderr) -gt 5000000 ]; do sleep 0.05; done; exit 7"

    done = await desk.console.run(THREAD, flood, 20)

    assert (done.exit_code, len(done.output), done.is_cut) == (7, 4 * 2**20, True)


async def test_a_command_past_its_time_is_ended(desk: Desk) -> None:
    with pytest.raises(Overdue):
        await desk.console.run(THREAD, "echo hello; sleep 60", 0.3)

    assert list((desk.home.parent / "tmp").iterdir()) == []


async def test_a_command_leaves_nothing_of_ours_behind(desk: Desk) -> None:
    await desk.console.run(THREAD, "echo hello", 10)

    assert list((desk.home.parent / "tmp").iterdir()) == []


# Logs.


async def test_the_last_lines_of_the_newest_log_are_told(desk: Desk) -> None:
    folder = desk.home / LOGS
    folder.mkdir(parents=True)
    (folder / "b-old.log").write_text("old\n")
    os.utime(folder / "b-old.log", (1, 1))
    (folder / "a-new.log").write_text("one\ntwo\nthree\n")

    assert await desk.console.log(THREAD, 2) == "two\nthree\n"


async def test_without_a_log_there_are_no_lines(desk: Desk) -> None:
    assert await desk.console.log(THREAD, 10) == ""
    (desk.home / LOGS).mkdir(parents=True)
    assert await desk.console.log(THREAD, 10) == ""


# Files.


async def test_a_folder_is_listed_with_sizes_and_what_is_hidden_last(desk: Desk) -> None:
    desk.write("b.txt", b"12345")
    desk.write("a/deep.txt")
    desk.write(".env", b"")
    (desk.home / "workspace/link").symlink_to("b.txt")
    os.mkfifo(desk.home / "workspace/pipe")

    listing = await desk.console.list(THREAD, "")

    assert list(listing.entries) == [
        Entry("a/", None),
        Entry("b.txt", 5),
        Entry("link", None),
        Entry("pipe", None),
        Entry(".env", 0),
    ]
    assert listing.total == 5
    assert await desk.listed("a") == [("deep.txt", 1)]


async def test_an_empty_folder_has_nothing_in_it(desk: Desk) -> None:
    (desk.home / "workspace/empty").mkdir()

    listing = await desk.console.list(THREAD, "empty")

    assert (list(listing.entries), listing.total) == ([], 0)


async def test_names_are_told_as_they_are_and_lead_to_their_files(desk: Desk) -> None:
    for name in ODD:
        desk.write(f"odd/{name}", name.encode())

    listed = await desk.listed("odd")

    assert {name for name, _ in listed} == set(ODD)
    assert [await desk.console.get(THREAD, f"odd/{name}", 100) for name in ODD] == [name.encode() for name in ODD]


async def test_of_many_the_first_are_listed_and_all_are_counted(desk: Desk) -> None:
    for number in range(MOST_LISTED + 5):
        desk.write(f"{number:04}")

    listing = await desk.console.list(THREAD, "")

    assert (len(listing.entries), listing.total) == (MOST_LISTED, MOST_LISTED + 5)
    assert listing.entries[-1].name == f"{MOST_LISTED - 1:04}"


async def test_a_file_is_no_folder_and_a_folder_no_file(desk: Desk) -> None:
    desk.write("a/b.txt")

    with pytest.raises(Elsewhere):
        await desk.console.list(THREAD, "a/b.txt")
    with pytest.raises(Elsewhere):
        await desk.console.get(THREAD, "a", 100)


async def test_what_is_not_there_is_absent(desk: Desk) -> None:
    with pytest.raises(Absent):
        await desk.console.list(THREAD, "nowhere")
    with pytest.raises(Absent):
        await desk.console.get(THREAD, "nowhere/a.txt", 100)


@pytest.mark.parametrize("path", ["/etc", "..", "a/../..", "a\0", "a\ud800", "far", "far/inner", "$(echo a)"])
async def test_nothing_leads_out_of_the_workspace(desk: Desk, path: str, tmp_path: Path) -> None:
    (tmp_path / "far/inner").mkdir(parents=True)
    (tmp_path / "far/inner/secret").touch()
    (desk.home / "workspace/far").symlink_to(tmp_path / "far")
    desk.write("a/b.txt")

    with pytest.raises(Absent):
        await desk.console.list(THREAD, path)


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret", "link", "far/secret", "pipe", ""])
async def test_no_file_is_fetched_from_elsewhere(desk: Desk, path: str, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/secret").write_text("theirs")
    (desk.home / "secret").write_text("theirs")
    (desk.home / "workspace/far").symlink_to(tmp_path / "far")
    (desk.home / "workspace/link").symlink_to(tmp_path / "far/secret")
    os.mkfifo(desk.home / "workspace/pipe")

    with pytest.raises(Absent):
        await desk.console.get(THREAD, path, 100)


async def test_a_file_that_is_too_large_is_told(desk: Desk) -> None:
    desk.write("a.txt", b"x" * 101)

    with pytest.raises(TooLarge):
        await desk.console.get(THREAD, "a.txt", 100)


# Anywhere.


async def test_nothing_is_woken(sqlite: Sqlite) -> None:
    provider = FakeProvider()
    console = Console(provider, SqliteShelf(sqlite), LOGS)

    for call in (
        console.run(THREAD, "ls", 1),
        console.log(THREAD, 1),
        console.list(THREAD, ""),
        console.get(THREAD, "a", 1),
        console.preview(THREAD, 3000, 60),
        console.ssh(THREAD, 10),
    ):
        with pytest.raises(Retriable, match="not awake"):
            await call

    assert provider.calls == []


async def test_at_daytona_it_is_the_same(tmp_path: Path, sqlite: Sqlite) -> None:
    async with simulated(tmp_path / "cloud") as daytona:
        provider = provider_of(daytona)
        console = await console_at(provider, sqlite)
        desk = Desk(console, daytona.sandboxes[0].home)
        for name in ODD:
            desk.write(f"odd/{name}", name.encode())
        (desk.home / LOGS).mkdir(parents=True)
        (desk.home / LOGS / "a.log").write_text("one\ntwo\n")

        done = await console.run(THREAD, "pwd -P; exit 3", 5)
        listed = await desk.listed("odd")
        content = await console.get(THREAD, f"odd/{ODD[0]}", 100)

        assert (done.exit_code, done.output.strip()) == (3, str(desk.home / "workspace"))
        assert {name for name, _ in listed} == set(ODD)
        assert content == ODD[0].encode()
        assert await console.log(THREAD, 1) == "two\n"
        assert (await console.ssh(THREAD, 10)).command.startswith("ssh ")
        await provider.close()
