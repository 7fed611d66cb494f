"""What of a workspace is carried into another machine's, as two shell scripts and the list that goes with them. Pure.

Everything that git knows of a repository comes along: its branches and tags, what is stashed, and as one commit more
the files as they are, with those that are new and not ignored, byte for byte. So nothing of it is text, and nothing is
applied as a patch. A repository that lies inside of the workspace is packed in the same way by itself; a folder that is
no repository, or has no commit yet, or not its whole history, comes as its files.

A new machine has made its workspace already, as any does, with the repository that is settled for its thread. It says
which commits it has, and git leaves these out: so what comes from a large repository is small.

What was staged is not told apart from what was changed. Git's hooks and settings stay where they are, and with them
every credential; of the remotes only names and addresses come along, and of an address neither name nor password.
What the agent has put into the outbox was handed out already, and stays too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.turns.errors import Refused

BOXES = ".opencord/cargo"  # in HOME; a folder for each that is carried
MANIFEST = "manifest"
PIECE_BYTES = 8 * 2**20  # so much of it is in the app's memory at once
# It lies in each of the machines up to three times while it is packed, and a machine's disk has 8 GiB; at ten megabytes
# a second, which is what goes through the app, it takes half a minute.
MOST_BYTES = 256 * 2**20
SNAPSHOT_BYTES = 2 * 2**20
MOST_NESTED = 20  # repositories inside of the workspace
TOO_LARGE, UNPACKED = 64, 65

HAVES = """
cd "$HOME/workspace" && git rev-parse --quiet --verify HEAD && git for-each-ref --count=200 --format='%(objectname)'
"""
HASH = re.compile(r"^[0-9a-f]{40,64}$", re.MULTILINE)

# Nothing is written into the repository itself: new objects go into one of our own, that knows where the others are.
# The index is a copy, so that git need not read again what has not changed; with the time of the first, by which git
# knows what may have changed in the same moment. A tree that nobody has any more is as if
# none had been wished for.
PACK = rf"""
export LC_ALL=C GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0
box="$HOME/{BOXES}/$KEY"
find "$HOME/{BOXES}" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {{}} + 2>/dev/null
rm -rf "$box" && mkdir -p "$box/cargo" && cd "$HOME/workspace" || exit {UNPACKED}
top=$(pwd -P)
git() {{ command git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c advice.addEmbeddedRepo=false "$@"; }}

describe() {{
    printf '%s\0%s\0%s\0%s\0%s\0' "$1" "$2" "$3" "$4" "$5" >> "$box/list"
}}

# The objects of $TREE, where it is none of the workspace's own.
kept=
if [ -n "$TREE" ] && ! git cat-file -e "$TREE^{{tree}}" 2>/dev/null; then
    for one in "$HOME/$SNAPSHOTS"/* "$HOME/$SNAPSHOTS"/*/*; do
        git --git-dir="$one" cat-file -e "$TREE^{{tree}}" 2>/dev/null && kept="$one/objects" && break
    done
    [ -n "$kept" ] || TREE=
fi

# $1: where it lies, $2: a number, $3: the tree to take in place of the files as they are, or nothing
repository() (
    cd "$top/$1" || exit 1
    item="$box/cargo/$2"
    mkdir -p "$item" || exit 1
    git init --quiet --bare "$item/git" || exit 1
    dir=$(git rev-parse --absolute-git-dir) && objects=$(cd "$(git rev-parse --git-path objects)" && pwd -P) || exit 1
    printf '%s\n' "$objects" ${{kept:+"$kept"}} > "$item/git/objects/info/alternates"
    cp -p "$dir/index" "$item/index" 2>/dev/null
    export GIT_INDEX_FILE="$item/index" GIT_OBJECT_DIRECTORY="$item/git/objects"
    export GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects${{kept:+:$kept}}"
    head=$(git rev-parse --quiet --verify HEAD) || exit 1
    count=$(git status --porcelain --untracked-files=all --ignore-submodules=all | grep -vc '/$')
    kind=repository
    if [ -z "$3" ]; then
        git add -A --ignore-errors . >/dev/null 2>&1
    else
        kind=earlier
        git read-tree "$3" || exit 1
        # OpenCode leaves new files out of its trees that are larger than this: they come as they are.
        git ls-files --others --exclude-standard -z | xargs -0 sh -c 'for one do
            [ -f "$one" ] && [ $(($(wc -c < "$one"))) -gt {SNAPSHOT_BYTES} ] && printf "%s\0" "$one"
        done' sh | git update-index --add -z --stdin
        count=$(git diff-index --cached --no-renames --name-only HEAD | wc -l)
    fi
    [ "$1" = . ] && [ -d inbox ] && git add -A -f inbox >/dev/null 2>&1
    git diff-index --cached --no-renames --diff-filter=A HEAD | grep '^:000000 160000' | cut -f2- |
        while read -r link; do git update-index --force-remove -- "$link"; done
    tree=$(git write-tree) || exit 1
    export GIT_AUTHOR_NAME=OpenCord GIT_AUTHOR_EMAIL=opencode@localhost
    export GIT_COMMITTER_NAME=OpenCord GIT_COMMITTER_EMAIL=opencode@localhost
    state=$(git commit-tree -p "$head" -m state "$tree" </dev/null) || exit 1
    git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags refs/remotes refs/stash |
        grep -v ' refs/remotes/[^ ]*/HEAD$' > "$item/refs"
    branch=$(git symbolic-ref --quiet --short HEAD)
    git config --local --get-regexp '^(branch|remote)\..*\.(remote|merge|url|fetch)$' |
        sed -e 's#\(https\{{0,1\}}://\)[^/ ]*@#\1#' -e 's#\(ssh://[^/:@ ]*\):[^/ ]*@#\1@#' > "$item/config"
    cp "$dir/info/exclude" "$item/exclude" 2>/dev/null
    unset GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    cd "$item" || exit 1
    export GIT_DIR="$item/git"
    sed 's/^/create /; s/^create \([^ ]*\) \(.*\)$/create \2 \1/' refs | git update-ref --stdin || exit 1
    git update-ref refs/opencord/state "$state" && git update-ref refs/opencord/head "$head" || exit 1
    not=
    [ "$1" = . ] && for have in $HAVES; do
        git cat-file -e "$have^{{commit}}" 2>/dev/null && not="$not ^$have"
    done
    git bundle create --quiet files --all $not || exit 1
    rm -rf git index
    printf '%s\n' "$head" > head
    describe "$1" $kind "$branch" "$(printf %.7s "$head")" "$count"
)

is_whole() {{
    command -v git >/dev/null && [ -d "$1/.git" ] && git -C "$1" rev-parse --quiet --verify HEAD >/dev/null 2>&1 &&
        [ "$(git -C "$1" rev-parse --is-shallow-repository)" = false ]
}}

nested=$(find . -mindepth 2 -maxdepth 5 \( -name node_modules -o -name .venv \) -prune -o \
    -name .git -type d -print -prune | head -n {MOST_NESTED} | sed 's#^\./##; s#/\.git$##' | sort)
if is_whole .; then
    repository . 0 "$TREE" || exit {UNPACKED}
else
    mkdir "$box/cargo/0" || exit 1
    set -- --exclude=./.git --exclude=./outbox
    for one in $nested; do set -- "$@" --exclude="./$one"; done
    tar -czf "$box/cargo/0/files" "$@" . || exit {UNPACKED}
    describe . files "" "" "$(find . \( -path ./.git -o -path ./outbox \) -prune -o -type f -print | wc -l)"
fi
number=1
printf '%s\n' "$nested" | {{
    while read -r one; do
        [ -n "$one" ] || continue
        if command -v git >/dev/null && [ -d .git ] && git check-ignore --quiet -- "$one"; then continue; fi
        if is_whole "$one" && repository "$one" $number ""; then :; else
            rm -rf "$box/cargo/$number"
            describe "$one" left "" "" 0
        fi
        number=$((number+1))
    done
}}
cd "$box" && tar -cf all cargo && rm -rf cargo || exit {UNPACKED}
[ $(($(wc -c < all))) -le $MOST ] || {{ rm -rf "$box"; exit {TOO_LARGE}; }}
split -b {PIECE_BYTES} all piece. && rm -f all || exit {UNPACKED}
{{ od -An -v -tx1 list | tr -d ' \n'; echo; ls piece.*; }} > {MANIFEST}
"""

# May be killed at any point and begun again. A branch that was not there is not here: what the new machine had made, or
# cloned, is only where git finds what was left out.
UNPACK = rf"""
export LC_ALL=C GIT_TERMINAL_PROMPT=0
box="$HOME/{BOXES}/$KEY"
cd "$box" && rm -rf cargo && cat piece.* | tar -xf - || exit {UNPACKED}
cd "$HOME/workspace" || exit 1
top=$(pwd -P)

# $1: where it goes, $2: its number, $3: its branch
repository() (
    item="$box/cargo/$2"
    mkdir -p "$top/$1" && cd "$top/$1" || exit 1
    if [ ! -d .git ]; then
        git init --quiet . && mkdir -p .git/info || exit 1
        git config user.name OpenCode && git config user.email opencode@localhost
        git config credential.https://github.com.helper \
            "$(git -C "$top" config credential.https://github.com.helper)"
    fi
    rm -f .git/index.lock
    git -c gc.auto=0 -c maintenance.auto=false fetch --quiet --no-tags --no-write-fetch-head \
        "$item/files" '+refs/*:refs/opencord/in/*' || exit 1
    state=$(git rev-parse --verify refs/opencord/in/opencord/state) && head=$(cat "$item/head") || exit 1
    git update-ref --no-deref HEAD "$head" || exit 1
    git for-each-ref --format='delete %(refname)' refs/heads refs/tags refs/remotes refs/stash |
        git update-ref --no-deref --stdin || exit 1
    sed 's/^\([^ ]*\) \(.*\)$/create \2 \1/' "$item/refs" | git update-ref --stdin || exit 1
    git read-tree --reset -u "$state" && git clean -fdq || exit 1
    if [ -n "$3" ]; then git symbolic-ref HEAD "refs/heads/$3" || exit 1; fi
    git reset --quiet || exit 1
    git for-each-ref --format='delete %(refname)' refs/opencord | git update-ref --stdin
    while read -r key value; do
        git config --replace-all "$key" "$value"
    done < "$item/config"
    [ ! -f "$item/exclude" ] || cp "$item/exclude" .git/info/exclude
)

printf '%s\n' "$ITEMS" | {{
    while IFS=' ' read -r number kind branch path; do
        case $kind in
            files)
                find . -mindepth 1 -maxdepth 1 ! -name .git ! -name outbox -exec rm -rf {{}} +
                tar -xzf "$box/cargo/$number/files" -C "$top" || exit {UNPACKED} ;;
            repository) repository "$path" "$number" "${{branch#-}}" || exit {UNPACKED} ;;
        esac
    done
}} || exit {UNPACKED}
"""

TIDY = f'rm -rf "$HOME/{BOXES}/$KEY"'


class Unmovable(Refused):
    """The files stay where they are. The sentence says why, for people."""


@dataclass(frozen=True, slots=True)
class Item:
    """A repository, or a folder that is none. `path` is from the workspace, which is itself "."."""

    path: str
    branch: str  # empty: none is checked out
    commit: str  # short; empty where it comes as files
    changed: int  # files that are not committed; of a folder, all of them
    number: int  # in the cargo; below zero where it was left behind
    is_earlier: bool = False  # its files are as they were at the tree that was wished for

    @property
    def is_left(self) -> bool:
        return self.number < 0


@dataclass(frozen=True, slots=True)
class Manifest:
    items: tuple[Item, ...]
    pieces: tuple[str, ...]  # names of files


def haves(output: str) -> str:
    """The commits that a workspace has, for PACK."""
    return " ".join(dict.fromkeys(HASH.findall(output)))


def manifest_of(content: bytes) -> Manifest:
    """Raises ValueError."""
    listed, *pieces = content.decode().split()
    fields = bytes.fromhex(listed).decode("utf-8", "replace").split("\0")[:-1]
    rows = [fields[at : at + 5] for at in range(0, len(fields), 5)]
    items = []
    for number, (path, kind, branch, commit, changed) in enumerate(rows):
        place = -1 if kind == "left" else number
        items.append(Item(path, branch, commit, int(changed), place, kind == "earlier"))
    return Manifest(tuple(items), tuple(pieces))


def order_of(items: Sequence[Item]) -> str:
    """For UNPACK: a line for each."""
    coming = [item for item in items if not item.is_left]
    kinds = {True: "repository", False: "files"}
    return "\n".join(f"{item.number} {kinds[bool(item.commit)]} -{item.branch} {item.path}" for item in coming)
