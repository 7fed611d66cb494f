"""What of a workspace is carried into another machine's, as two shell scripts (`pack.sh` and `unpack.sh`, beside
this) and the list that goes with them. Pure.

Everything that git knows of a repository comes along: its branches and tags, what is stashed, and as one commit more
the files as they are, with those that are new and not ignored: what has changed comes byte for byte, whatever git would
make of it. So nothing of it is text, and nothing is applied as a patch. A repository that lies inside of the workspace
is packed in the same way by itself; a folder that is no repository, or has no commit yet, or not its whole history,
comes as its files. What cannot come along is named as left behind, and counted where it is too much.

A new machine has made its workspace already, as any does, with the repository that is settled for its thread. It says
which commits it has, and git leaves these out: so what comes from a large repository is small.

What was staged is not told apart from what was changed. Git's hooks and settings stay where they are, and with them
every credential; of the remotes only names and addresses come along, and of an address neither name nor password.
What the agent has put into the outbox was handed out already, and stays too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from app.turns.errors import Refused

BOXES = ".opencord/cargo"  # in HOME; a folder for each that is carried
MANIFEST = "manifest"
PIECE_BYTES = 8 * 2**20  # so much of it is in the app's memory at once
# It lies in each of the machines up to three times while it is packed, and a machine's disk has 8 GiB; at ten megabytes
# a second, which is what goes through the app, it takes half a minute.
MOST_BYTES = 256 * 2**20
SNAPSHOT_BYTES = 2 * 2**20
MOST_NESTED = 20  # repositories inside of the workspace
TOO_LARGE, FAILED = 64, 65  # exit codes

HAVES = """
cd "$HOME/workspace" && git rev-parse --quiet --verify HEAD && git for-each-ref --count=200 --format='%(objectname)'
"""
HASH = re.compile(r"^[0-9a-f]{40,64}$", re.MULTILINE)
PIECE = re.compile(r"piece\.[a-z]+")
LONGEST_PATH = 4_096
FIELDS = 7  # of each item in the manifest

PACK, UNPACK = (files(__package__).joinpath(name).read_text() for name in ("pack.sh", "unpack.sh"))
TIDY = 'rm -rf "$HOME/$BOXES/$KEY"'

# What all of them find in their environment; each is given more by whoever runs it.
COMMON: Mapping[str, str] = {
    "BOXES": BOXES,
    "MANIFEST": MANIFEST,
    "PIECE_BYTES": str(PIECE_BYTES),
    "SNAPSHOT_BYTES": str(SNAPSHOT_BYTES),
    "MOST_NESTED": str(MOST_NESTED),
    "TOO_LARGE": str(TOO_LARGE),
    "FAILED": str(FAILED),
    # https://git-scm.com/docs/gitattributes#_effects
    "AS_THEY_ARE": "* -text -filter -ident -working-tree-encoding",
}


class Unmovable(Refused):
    """The files stay where they are. The sentence says why, for people."""


class Left(StrEnum):
    """Why something was left behind."""

    UNREADABLE = "left"
    SUBMODULE = "submodule"
    WORKTREE = "worktree"  # another one of a repository
    BEYOND = "beyond"  # more repositories than are carried; they are counted, and have no path


@dataclass(frozen=True, slots=True)
class Item:
    """A repository, or a folder that is none. `path` is from the workspace, which is itself "."."""

    path: str
    branch: str  # empty: none is checked out
    commit: str  # short; empty where it comes as files
    changed: int  # files that are not committed; of a folder, all of them
    number: int  # in the cargo; below zero where it was left behind
    is_earlier: bool = False  # its files are as they were at the tree that was wished for
    is_unfinished: bool = False  # a merge or the like is under way in it, and does not come along
    left: Left | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    items: tuple[Item, ...]
    pieces: tuple[str, ...]  # names of files


def haves(output: str) -> str:
    """The commits that a workspace has, for PACK."""
    return " ".join(dict.fromkeys(HASH.findall(output)))


def manifest_of(content: bytes) -> Manifest:
    """The machine that made it belongs to whoever works there: nothing in it is believed. Raises ValueError."""
    listed, *pieces = content.decode().split()
    fields = bytes.fromhex(listed).decode("utf-8", "replace").split("\0")[:-1]
    items = [_item(*fields[at : at + FIELDS]) for at in range(0, len(fields), FIELDS)]
    if len(pieces) > MOST_BYTES / PIECE_BYTES or not all(map(PIECE.fullmatch, pieces)):
        raise ValueError(pieces)
    return Manifest(tuple(items), tuple(pieces))


def _item(path: str, kind: str, branch: str, commit: str, changed: str, number: str, unfinished: str) -> Item:
    if len(path) > LONGEST_PATH:
        raise ValueError(len(path))
    left = Left(kind) if kind in set(Left) else None
    return Item(path, branch, commit, int(changed), int(number), kind == "earlier", bool(unfinished), left)


def order_of(items: Sequence[Item]) -> str:
    """For UNPACK: a line for each."""
    coming = [item for item in items if item.left is None]
    kinds = {True: "repository", False: "files"}
    return "\n".join(f"{item.number}:{kinds[bool(item.commit)]}:{item.branch}:{item.path}/" for item in coming)
