"""Files from machine to machine, by the real shell and the real git in local sandboxes."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.ids import ThreadId
from app.opencode.config import SNAPSHOTS, Options
from app.opencode.workspace import SCRIPT, clone_environment
from app.sandboxes.cargo import BOXES, PACK, UNPACK, Item, Left, Manifest, Unmovable, manifest_of
from app.sandboxes.freight import MachineFreight
from app.sandboxes.local.provider import LocalProvider
from app.sandboxes.machine import State
from app.sandboxes.ports import Project, Sandbox
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
    sqlite: Sqlite

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
    provider = LocalProvider(tmp_path / "boxes", f"{tmp_path / 'bin'}:{os.environ['PATH']}", grace=1)
    yield Pair(provider, SqliteShelf(sqlite), lambda thread: tmp_path / "boxes" / str(thread) / "home", sqlite)
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
    await pair.sh(OLD, "mkdir begun && git init -q begun && echo top | tee begun/b > top.txt")

    items = await pair.freight.carry(OLD, NEW, "1")

    assert items == (
        Item(".", "main", items[0].commit, 1, 0),
        Item("begun", "", "", 1, 1),
        Item("shop", "trunk", items[2].commit, 1, 2),
    )
    assert await pair.sh(NEW, "cd shop && git log --format=%s && git status --porcelain") == "a\n?? b"
    assert (pair.workspace(NEW) / "top.txt").exists()
    assert (pair.workspace(NEW) / "begun" / "b").exists()


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
        pair = Pair(provider, SqliteShelf(sqlite), lambda thread: homes[thread](), sqlite)
        await pair.make(OLD)
        await pair.make(NEW)
        await pair.sh(OLD, "echo a > a; git add -A; git commit -qm a; head -c 9000000 /dev/urandom > large")

        (item,) = await pair.freight.carry(OLD, NEW, "1")

        assert (item.branch, item.changed) == ("main", 1)
        assert (pair.workspace(NEW) / "large").read_bytes() == (pair.workspace(OLD) / "large").read_bytes()
        assert await pair.sh(NEW, "git status --porcelain") == "?? large"
        await provider.close()


ME = "git -c user.name=x -c user.email=x@x"


async def both(pair: Pair) -> None:
    await pair.make(OLD)
    await pair.make(NEW)


async def test_all_that_is_stashed_comes_along_in_its_order(pair: Pair) -> None:
    await both(pair)
    await pair.sh(OLD, "echo a > a; git add -A; git commit -qm a; echo b > a; git stash -q; echo c > c; git stash -qu")
    await pair.sh(OLD, "echo d > a; git stash push -qm 'three: \"x\"  y'")

    for key in "12":
        await pair.freight.carry(OLD, NEW, key)

    assert (await pair.sh(NEW, "git stash list --format='%H %gs'")).count("\n") == 2
    assert await pair.sh(NEW, "git stash list --format='%gd %H %gs'") == await pair.sh(
        OLD, "git stash list --format='%gd %H %gs'"
    )
    await pair.sh(NEW, "git stash pop -q 1")
    assert (pair.workspace(NEW) / "c").exists()


async def test_a_folder_called_git_that_is_no_repository_is_nothing_special(pair: Pair) -> None:
    await both(pair)
    await pair.sh(OLD, "mkdir -p odd/.git/x; echo y > odd/y; echo z > odd/.git/x/z")

    items = await pair.freight.carry(OLD, NEW, "1")

    assert [item.path for item in items] == ["."]
    assert (pair.workspace(NEW) / "odd" / "y").exists()
    assert not (pair.workspace(NEW) / "odd" / "odd").exists()


async def test_files_come_as_they_lie_there_whatever_git_would_make_of_them(pair: Pair) -> None:
    await both(pair)
    lines, filtered = b"one\r\ntwo\r\n", "filter.big.clean false; git config filter.big.required true"
    (pair.workspace(OLD) / "windows.txt").write_bytes(lines)
    (pair.workspace(OLD) / "huge.bin").write_bytes(BINARY)
    await pair.sh(OLD, f"printf '* text=auto\\n*.bin filter=big -text\\n' > .gitattributes; git config {filtered}")
    await pair.sh(NEW, "git config --global filter.big.smudge false; git config --global filter.big.required true")

    (item,) = await pair.freight.carry(OLD, NEW, "1")

    assert item.changed == 3
    assert (pair.workspace(NEW) / "windows.txt").read_bytes() == lines
    assert (pair.workspace(NEW) / "huge.bin").read_bytes() == BINARY
    assert not (pair.workspace(NEW) / ".git" / "info" / "attributes").exists()


async def test_what_cannot_be_unpacked_stays_behind_for_good(pair: Pair) -> None:
    await both(pair)
    await pair.sh(NEW, "rm -rf .git; echo no > .git")

    with pytest.raises(Unmovable, match="unpacked"):
        await pair.freight.carry(OLD, NEW, "1")


async def test_changes_that_git_was_told_not_to_look_at_come_along(pair: Pair) -> None:
    await both(pair)
    await pair.sh(
        OLD, "echo 1 | tee a | tee b > c; git add -A; git commit -qm x; git update-index --assume-unchanged a"
    )
    await pair.sh(OLD, "git update-index --skip-worktree b c; echo 2 | tee a > b; rm c")
    before = await pair.sh(OLD, "git ls-files -v")

    (item,) = await pair.freight.carry(OLD, NEW, "1")

    assert item.changed == 2
    assert await pair.sh(NEW, "cat a b c") == "2\n2\n1"
    assert await pair.sh(OLD, "git ls-files -v") == before


async def test_a_merge_that_is_under_way_is_named(pair: Pair) -> None:
    await both(pair)
    await pair.sh(OLD, "git checkout -qb side; echo 1 > a; git add -A; git commit -qm side; git checkout -q main")
    await pair.sh(OLD, "echo 2 > a; git add -A; git commit -qm a; git merge -q side || true")

    (item,) = await pair.freight.carry(OLD, NEW, "1")

    assert item.is_unfinished
    assert "<<<<<<<" in (pair.workspace(NEW) / "a").read_text()


async def test_submodules_and_worktrees_are_named_with_what_is_not_committed_in_them(pair: Pair) -> None:
    await both(pair)
    origin = f"$HOME/lib && cd $HOME/lib && {ME} commit -q --allow-empty -m lib"
    await pair.sh(OLD, f"git init -q {origin}")
    await pair.sh(OLD, "git -c protocol.file.allow=always submodule --quiet add $HOME/lib lib; git commit -qm lib")
    await pair.sh(OLD, "git worktree add -q trees/side; echo /trees/ > .gitignore; echo x > lib/x")
    await pair.sh(OLD, "echo x > trees/side/x; echo y > trees/side/y")

    items = await pair.freight.carry(OLD, NEW, "1")

    assert [(item.path, item.left, item.changed) for item in items[1:]] == [
        ("lib", Left.SUBMODULE, 1),
        ("trees/side", Left.WORKTREE, 2),
    ]


async def test_deep_repositories_come_too_and_those_beyond_the_limit_are_counted(pair: Pair) -> None:
    await both(pair)
    make = f"git init -q $one && (cd $one && {ME} commit -q --allow-empty -m x)"
    await pair.sh(
        OLD,
        f"for one in $(seq 101 122) a/b/c/d/e/f ' odd'; do {make.replace('$one', chr(34) + '$one' + chr(34))}; done",
    )

    items = await pair.freight.carry(OLD, NEW, "1")

    assert items[-1] == Item("", "", "", 4, -1, left=Left.BEYOND)
    assert [item.path for item in items[1:-1]] == [" odd", *map(str, range(101, 120))]
    assert await pair.sh(NEW, "cd ' odd' && git log --format=%s") == "x"


async def test_a_repository_without_its_whole_history_comes_as_files_without_what_git_ignores(
    pair: Pair, tmp_path: Path
) -> None:
    origin = f"file://{tmp_path}/origin"
    await both(pair)
    await pair.sh(
        OLD, f"echo a > a; git add -A; git commit -qm a; echo b > a; git commit -qam b; git clone -q . {origin[7:]}"
    )
    await pair.sh(OLD, f"git -C {origin[7:]} config uploadpack.allowFilter true")
    await pair.sh(OLD, f"rm -rf .git a; git clone -q --depth 1 {origin} x; mv x/.git x/a .; rmdir x")
    await pair.sh(OLD, f"git clone -q --depth 1 {origin} shallow; git clone -q --filter=blob:none {origin} partial")
    await pair.sh(OLD, "echo .env > .gitignore; echo 1 > .env; mkdir inbox; echo i > inbox/i; echo c > partial/c")
    await pair.sh(OLD, "cp .gitignore .env shallow; rm shallow/a; mkfifo shallow/pipe; ln -s a shallow/link")

    items = await pair.freight.carry(OLD, NEW, "1")

    assert items == (Item(".", "", "", 3, 0), Item("partial", "", "", 2, 1), Item("shallow", "", "", 2, 2))
    found = await pair.sh(NEW, "find . -path ./.git -prune -o ! -type d -print | sort")
    assert found.split() == [
        *("./.gitignore", "./a", "./inbox/i", "./partial/a", "./partial/c"),
        *("./shallow/.gitignore", "./shallow/link"),
    ]


async def test_a_file_that_changes_while_it_is_packed_keeps_no_other_back(pair: Pair, tmp_path: Path) -> None:
    await both(pair)
    await pair.sh(OLD, "rm -rf .git; echo a > a")
    # https://www.gnu.org/software/tar/manual/html_node/Synopsis.html (exit codes)
    script = f'#!/bin/sh\n{shutil.which("tar")} "$@" || exit\ncase $1 in -czf) exit 1 ;; esac\n'
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tar").write_text(script)
    (tmp_path / "bin" / "tar").chmod(0o700)

    (item,) = await pair.freight.carry(OLD, NEW, "1")

    assert item.changed == 1
    assert (pair.workspace(NEW) / "a").exists()


async def test_remotes_keep_all_of_their_addresses_and_none_of_their_tokens(pair: Pair) -> None:
    await both(pair)
    await pair.sh(
        OLD, "git remote add two https://x.example/a; git remote set-url --add two https://x.example/b?token=s3cret"
    )
    await pair.sh(OLD, "git config --add remote.two.fetch '+refs/pull/*:refs/pull/*'")

    for key in "12":
        await pair.freight.carry(OLD, NEW, key)

    assert await pair.sh(NEW, "git config --get-all remote.two.url") == "https://x.example/a\nhttps://x.example/b"
    assert (await pair.sh(NEW, "git config --get-all remote.two.fetch")).count("\n") == 1
    assert "s3cret" not in (pair.workspace(NEW) / ".git" / "config").read_text()


class Going(SqliteShelf):
    """By the second look the old machine is gone."""

    looks = 0

    async def sandbox_of(self, thread: ThreadId) -> Sandbox | None:
        found = await super().sandbox_of(thread)
        self.looks += thread == OLD
        return replace(found, state=State.DESTROYED) if found and thread == OLD and self.looks > 1 else found


async def test_a_machine_that_is_deleted_meanwhile_is_no_reason_of_its_files(pair: Pair) -> None:
    await both(pair)
    await pair.sh(OLD, "cd .. && rm -rf workspace")

    with pytest.raises(Retriable):
        await MachineFreight(pair.provider, Going(pair.sqlite), SNAPSHOTS).carry(OLD, NEW, "1")


def manifest(*pieces: str, path: str = ".") -> bytes:
    listed = "".join(f"{field}\0" for field in (path, "repository", "main", "abc1234", "2", "0", "unfinished"))
    return "\n".join([listed.encode().hex(), *pieces]).encode()


def test_a_manifest_is_read() -> None:
    assert manifest_of(manifest("piece.aa", "piece.ab")) == Manifest(
        (Item(".", "main", "abc1234", 2, 0, is_unfinished=True),), ("piece.aa", "piece.ab")
    )


@pytest.mark.parametrize(
    "content",
    [
        manifest("../../.bashrc"),
        manifest("piece.a/../x"),
        manifest(*["piece.aa"] * 33),
        manifest(path="x" * 5_000),
        b"zz",
    ],
)
def test_a_manifest_that_asks_for_something_else_is_not_believed(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several libraries
        manifest_of(content)


@pytest.mark.parametrize("script", [PACK, UNPACK])
def test_the_scripts_can_be_read_by_a_shell(script: str) -> None:
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
