# Packs the workspace into pieces, for `unpack.sh`. $KEY names the box, $HAVES what the other side has of commits already,
# $TREE the files to take, $SNAPSHOTS where OpenCode keeps trees, $MOST the bytes; the rest is in `cargo.COMMON`.
#
# Nothing is written into the repository itself: new objects go into one of our own, that knows where the others are.
# The index is a copy, so that git need not read again what has not changed; with the time of the first, by which git
# knows what may have changed in the same moment. A tree that nobody has any more is as if
# none had been wished for.

export LC_ALL=C GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0
box="$HOME/$BOXES/$KEY"
find "$HOME/$BOXES" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} + 2>/dev/null
rm -rf "$box" && mkdir -p "$box/cargo" && cd "$HOME/workspace" || exit $FAILED
top=$(pwd -P)
git() { command git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c advice.addEmbeddedRepo=false "$@"; }

describe() {
    printf '%s\0%s\0%s\0%s\0%s\0' "$1" "$2" "$3" "$4" "$5" >> "$box/list"
}

# The objects of $TREE, where it is none of the workspace's own.
kept=
if [ -n "$TREE" ] && ! git cat-file -e "$TREE^{tree}" 2>/dev/null; then
    for one in "$HOME/$SNAPSHOTS"/* "$HOME/$SNAPSHOTS"/*/*; do
        git --git-dir="$one" cat-file -e "$TREE^{tree}" 2>/dev/null && kept="$one/objects" && break
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
    printf '%s\n' "$objects" ${kept:+"$kept"} > "$item/git/objects/info/alternates"
    cp -p "$dir/index" "$item/index" 2>/dev/null
    export GIT_INDEX_FILE="$item/index" GIT_OBJECT_DIRECTORY="$item/git/objects"
    export GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects${kept:+:$kept}"
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
            [ -f "$one" ] && [ $(($(wc -c < "$one"))) -gt $SNAPSHOT_BYTES ] && printf "%s\0" "$one"
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
        sed -e 's#\(https\{0,1\}://\)[^/ ]*@#\1#' -e 's#\(ssh://[^/:@ ]*\):[^/ ]*@#\1@#' > "$item/config"
    cp "$dir/info/exclude" "$item/exclude" 2>/dev/null
    unset GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    cd "$item" || exit 1
    export GIT_DIR="$item/git"
    sed 's/^/create /; s/^create \([^ ]*\) \(.*\)$/create \2 \1/' refs | git update-ref --stdin || exit 1
    git update-ref refs/opencord/state "$state" && git update-ref refs/opencord/head "$head" || exit 1
    not=
    [ "$1" = . ] && for have in $HAVES; do
        git cat-file -e "$have^{commit}" 2>/dev/null && not="$not ^$have"
    done
    git bundle create --quiet files --all $not || exit 1
    rm -rf git index
    printf '%s\n' "$head" > head
    describe "$1" $kind "$branch" "$(printf %.7s "$head")" "$count"
)

is_whole() {
    command -v git >/dev/null && [ -d "$1/.git" ] && git -C "$1" rev-parse --quiet --verify HEAD >/dev/null 2>&1 &&
        [ "$(git -C "$1" rev-parse --is-shallow-repository)" = false ]
}

nested=$(find . -mindepth 2 -maxdepth 5 \( -name node_modules -o -name .venv \) -prune -o \
    -name .git -type d -print -prune | head -n $MOST_NESTED | sed 's#^\./##; s#/\.git$##' | sort)
if is_whole .; then
    repository . 0 "$TREE" || exit $FAILED
else
    mkdir "$box/cargo/0" || exit 1
    set -- --exclude=./.git --exclude=./outbox
    for one in $nested; do set -- "$@" --exclude="./$one"; done
    tar -czf "$box/cargo/0/files" "$@" . || exit $FAILED
    describe . files "" "" "$(find . \( -path ./.git -o -path ./outbox \) -prune -o -type f -print | wc -l)"
fi
number=1
printf '%s\n' "$nested" | {
    while read -r one; do
        [ -n "$one" ] || continue
        if command -v git >/dev/null && [ -d .git ] && git check-ignore --quiet -- "$one"; then continue; fi
        if is_whole "$one" && repository "$one" $number ""; then :; else
            rm -rf "$box/cargo/$number"
            describe "$one" left "" "" 0
        fi
        number=$((number+1))
    done
}
cd "$box" && tar -cf all cargo && rm -rf cargo || exit $FAILED
[ $(($(wc -c < all))) -le $MOST ] || { rm -rf "$box"; exit $TOO_LARGE; }
split -b $PIECE_BYTES all piece. && rm -f all || exit $FAILED
{ od -An -v -tx1 list | tr -d ' \n'; echo; ls piece.*; } > $MANIFEST
