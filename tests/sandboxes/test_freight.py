"""Files from machine to machine, by the real shell and the real git in local sandboxes."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.ids import ThreadId
from app.opencode.config import SNAPSHOTS, Options
from app.opencode.workspace import SCRIPT, clone_environment
from app.sandboxes.cargo import BOXES, PACK, UNPACK, Item, Unmovable
from app.sandboxes.freight import MachineFreight
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.machine import State
from app.sandboxes.ports import Project
from app.sandboxes.provider import Provider
from app.store.shelf import SqliteShelf
from app.store.sqlite import Sqlite
from app.turns.errors import Retriable
from tests.sandboxes.daytona_stage import provider_of, simulated

pytestmark = pytest.mark.anyio

OLD, NEW = ThreadId("400000000000000000"), ThreadId("500000000000000000")
NOW = 1_000.0
BINARY = bytes(range(256)) * 64
ODD = "two\nlines \"quoted\" 'it' Überblick.txt"


@dataclass(slots=True)
class Pair:
    """Two machines, with a workspace as every new machine has it."""

    provider: Provider
    shelf: SqliteShelf
    home: Callable[[ThreadId], Path]

    @property
    def freight(self) -> MachineFreight:
        return MachineFreight(self.provider, self.shelf, SNAPSHOTS)

    def workspace(self, thread: ThreadId) -> Path:
        return self.home(thread) / "workspace"

    async def sh(self, thread: ThreadId, line: str) -> str:
        sandbox = await self.shelf.sandbox_of(thread)
        assert sandbox is not None
        assert sandbox.ref is not None
        done = await self.provider.exec(sandbox.ref, f"cd workspace && {{ {line}\n}}", within=60)
        assert done.exit_code == 0, done.output
        return done.output.strip()

    async def make(self, thread: ThreadId, repository: str = "") -> None:
        ref = (await self.provider.create(thread, {}, within=10)).ref
        env = clone_environment(Options("p/m", repository=repository or None), Project())
        stub = "mkdir -p bin && touch bin/opencode && chmod +x bin/opencode && PATH=$PWD/bin:$PATH\n"
        done = await self.provider.exec(ref, stub + SCRIPT, env=env, within=60)
        assert done.exit_code == 0, done.output
        sandbox = await self.shelf.shelve(thread, thread, {}, NOW)
        assert await self.shelf.take(sandbox, State.CREATING, "ours", NOW, NOW + 10, password="hunter2")
        await self.shelf.settle(thread, "ours", State.ACTIVE, NOW, ref=ref)


@pytest.fixture
async def pair(tmp_path: Path, sqlite: Sqlite) -> AsyncIterator[Pair]:
    provider = LocalProvider(tmp_path / "boxes", os.environ["PATH"], grace=1)
    yield Pair(provider, SqliteShelf(sqlite), lambda thread: tmp_path / "boxes" / str(thread) / "home")
    await provider.close()


async def test_commits_branches_and_whatever_is_not_committed_come_along_byte_for_byte(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    old, new = pair.workspace(OLD), pair.workspace(NEW)
    await pair.sh(OLD, "echo one > kept.txt; echo gone > gone.txt; git add -A; git commit -qm one; git tag v1")
    await pair.sh(OLD, "git checkout -qb feature/x; echo two >> kept.txt; git commit -qam two; rm gone.txt")
    (old / "image.bin").write_bytes(BINARY)
    (old / ODD).write_text("odd")
    (old / "inbox").mkdir()
    (old / "inbox" / "sent.pdf").write_bytes(BINARY)
    await pair.sh(OLD, "echo three >> kept.txt; git add kept.txt; echo '*.log' > .gitignore; echo x > a.log")
    await pair.sh(OLD, "mkdir outbox; echo x > outbox/result.txt; ln -s kept.txt link; mkdir d; printf '' > d/empty")
    before = await pair.sh(OLD, "git status --porcelain; git count-objects; git for-each-ref")

    items = await pair.freight.carry(OLD, NEW, "1")

    (item,) = items
    assert (item.path, item.branch, item.changed) == (".", "feature/x", 7)
    assert item.commit == (await pair.sh(OLD, "git rev-parse HEAD"))[:7]
    assert await pair.sh(NEW, "git rev-parse HEAD main v1") == await pair.sh(OLD, "git rev-parse HEAD main v1")
    assert await pair.sh(NEW, "git symbolic-ref HEAD") == "refs/heads/feature/x"
    assert (new / "kept.txt").read_text() == "one\ntwo\nthree\n"
    assert (new / "image.bin").read_bytes() == BINARY
    assert (new / "inbox" / "sent.pdf").read_bytes() == BINARY
    assert (new / ODD).read_text() == "odd"
    assert (new / "link").is_symlink()
    assert (new / "d" / "empty").exists()
    assert not [name for name in ("gone.txt", "a.log", "outbox") if (new / name).exists()]
    assert await pair.sh(NEW, "git diff --cached --name-only") == ""
    lines = (await pair.sh(NEW, "git status --porcelain")).split("\n")
    assert "D gone.txt" in lines[0]
    assert len(lines) == 7
    assert await pair.sh(NEW, "git for-each-ref --format='%(refname)'") == (
        "refs/heads/feature/x\nrefs/heads/main\nrefs/tags/v1"
    )
    assert await pair.sh(OLD, "git status --porcelain; git count-objects; git for-each-ref") == before
    assert not [path for thread in (OLD, NEW) for path in (pair.workspace(thread).parent / BOXES).glob("*")]


async def test_what_the_new_machine_has_cloned_by_itself_is_left_out_and_credentials_too(
    pair: Pair, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    await pair.make(OLD)
    await pair.sh(OLD, f"git clone -q . {origin}; cd {origin}; head -c 3000000 /dev/urandom > big; git add -A")
    await pair.sh(OLD, f"cd {origin} && git -c user.name=o -c user.email=o@o commit -qm big")
    threads = ThreadId("600000000000000000"), NEW
    for thread in threads:
        await pair.make(thread, str(origin))
    cloned = threads[0]
    await pair.sh(cloned, "echo x > mine.txt; git add -A; git commit -qm mine")
    await pair.sh(cloned, "git remote add paid https://me:ghp_secret@github.com/a/b.git")
    await pair.sh(cloned, "git config http.extraheader 'Authorization: ghp_secret'")

    small = MachineFreight(pair.provider, pair.shelf, SNAPSHOTS, most=200_000)
    (item,) = await small.carry(cloned, NEW, "1")

    assert (item.branch, item.changed) == ("main", 0)
    assert await pair.sh(NEW, "git log --format=%s -n 2") == "mine\nbig"
    assert await pair.sh(NEW, "git rev-parse --abbrev-ref @{u}") == "origin/main"
    assert await pair.sh(NEW, "git remote get-url paid") == "https://github.com/a/b.git"
    assert "ghp_secret" not in (pair.workspace(NEW) / ".git" / "config").read_text()
    assert "GITHUB_TOKEN" in await pair.sh(NEW, "git config credential.https://github.com.helper")


async def test_what_was_changed_in_the_moment_of_the_commit_comes_along(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    moment = "touch -d 2020-01-01"
    await pair.sh(
        OLD, f"echo 12 > price; {moment} price; git add -A; git commit -qm x; echo 10 > price; {moment} price"
    )
    await pair.sh(OLD, f"{moment} .git/index")

    (item,) = await pair.freight.carry(OLD, NEW, "1")

    assert item.changed == 1
    assert (pair.workspace(NEW) / "price").read_text() == "10\n"


async def test_a_repository_inside_of_the_workspace_comes_along_with_its_own_history(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    await pair.sh(OLD, "mkdir -p shop && cd shop && git init -qb trunk && echo a > a && git add -A")
    await pair.sh(OLD, "cd shop && git -c user.name=x -c user.email=x@x commit -qm a && echo b > b")
    await pair.sh(OLD, "mkdir begun && git init -q begun && echo top > top.txt")

    items = await pair.freight.carry(OLD, NEW, "1")

    assert [(item.path, item.branch, item.changed, item.is_left) for item in items] == [
        (".", "main", 1, False),
        ("begun", "", 0, True),
        ("shop", "trunk", 1, False),
    ]
    assert await pair.sh(NEW, "cd shop && git log --format=%s && git status --porcelain") == "a\n?? b"
    assert (pair.workspace(NEW) / "top.txt").exists()


async def test_a_folder_that_is_no_repository_comes_as_its_files(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    await pair.sh(OLD, "rm -rf .git; mkdir -p a/b outbox; echo x > a/b/c; echo y > .hidden; echo z > outbox/z")

    items = await pair.freight.carry(OLD, NEW, "1")

    assert items == (Item(".", "", "", 2, 0),)
    assert (pair.workspace(NEW) / "a" / "b" / "c").read_text() == "x\n"
    assert (pair.workspace(NEW) / ".hidden").exists()
    assert not (pair.workspace(NEW) / "outbox").exists()


async def test_too_much_is_told_and_nothing_is_done(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    await pair.sh(OLD, "head -c 400000 /dev/urandom > big")

    with pytest.raises(Unmovable) as refused:
        await MachineFreight(pair.provider, pair.shelf, SNAPSHOTS, most=200_000).carry(OLD, NEW, "1")

    assert "than the 200 kB" in str(refused.value)
    assert not (pair.workspace(NEW) / "big").exists()
    assert not [path for thread in (OLD, NEW) for path in (pair.workspace(thread).parent / BOXES).glob("*")]


async def test_the_same_twice_is_once_also_on_top_of_what_was_left_half_done(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    await pair.sh(OLD, "echo a > a; git add -A; git commit -qm a; echo b > b")
    first = await pair.freight.carry(OLD, NEW, "1")
    await pair.sh(NEW, "echo half > half.txt; touch .git/index.lock; git update-ref refs/opencord/in/x HEAD")

    again = await pair.freight.carry(OLD, NEW, "1")

    assert again == first
    assert await pair.sh(NEW, "git status --porcelain") == "?? b"
    assert "opencord" not in await pair.sh(NEW, "git for-each-ref")


@pytest.mark.parametrize("is_kept", [True, False])
async def test_files_can_be_those_of_an_earlier_tree_as_long_as_that_is_kept(pair: Pair, is_kept: bool) -> None:
    await pair.make(OLD)
    await pair.make(NEW)
    await pair.sh(OLD, "echo a > a; git add -A; git commit -qm a; echo then > b; mkdir inbox; echo i > inbox/i")
    await pair.sh(OLD, "head -c 2200000 /dev/zero > large")
    kept = f"GIT_DIR=$HOME/{SNAPSHOTS}/project/one GIT_WORK_TREE=$PWD"
    await pair.sh(OLD, f"git init -q --bare $HOME/{SNAPSHOTS}/project/one; {kept} git add a b")
    tree = await pair.sh(OLD, f"{kept} git write-tree")
    await pair.sh(OLD, "echo now > b; echo now > c; git add -A; git commit -qm later")
    if not is_kept:
        await pair.sh(OLD, f"rm -rf $HOME/{SNAPSHOTS}")

    (item,) = await pair.freight.carry(OLD, NEW, "1", tree)

    assert (item.is_earlier, item.changed) == (is_kept, 2 if is_kept else 0)
    assert (pair.workspace(NEW) / "b").read_text() == ("then\n" if is_kept else "now\n")
    assert (pair.workspace(NEW) / "c").exists() is not is_kept
    assert (pair.workspace(NEW) / "inbox" / "i").exists()
    assert (pair.workspace(NEW) / "large").stat().st_size == 2_200_000
    assert await pair.sh(NEW, "git log --format=%s -n 1") == "later"


async def test_a_machine_that_is_not_awake_is_not_woken_for_it(pair: Pair) -> None:
    await pair.make(OLD)

    with pytest.raises(Retriable):
        await pair.freight.carry(OLD, NEW, "1")


async def test_it_goes_from_sandbox_to_sandbox_at_daytona_in_several_pieces(tmp_path: Path, sqlite: Sqlite) -> None:
    async with simulated(tmp_path / "cloud") as daytona:
        provider = provider_of(daytona)
        homes = {OLD: lambda: daytona.sandboxes[0].home, NEW: lambda: daytona.sandboxes[1].home}
        pair = Pair(provider, SqliteShelf(sqlite), lambda thread: homes[thread]())
        await pair.make(OLD)
        await pair.make(NEW)
        await pair.sh(OLD, "echo a > a; git add -A; git commit -qm a; head -c 9000000 /dev/urandom > large")

        (item,) = await pair.freight.carry(OLD, NEW, "1")

        assert (item.branch, item.changed) == ("main", 1)
        assert (pair.workspace(NEW) / "large").read_bytes() == (pair.workspace(OLD) / "large").read_bytes()
        assert await pair.sh(NEW, "git status --porcelain") == "?? large"
        await provider.close()


@pytest.mark.parametrize("script", [PACK, UNPACK])
def test_the_scripts_can_be_read_by_a_shell(script: str) -> None:
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
