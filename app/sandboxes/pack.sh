# Packs the workspace into pieces, for `unpack.sh`. $KEY names the box, $HAVES what commits the other side has already,
# $TREE the files to take, $SNAPSHOTS where OpenCode keeps trees, $MOST the bytes; the rest is in `cargo.COMMON`.
#
# Nothing is written into a repository itself: new objects go into a bare one of our own, that knows where the others
# are. The index is a copy, so that git need not read again what has not changed; with the time of the first, by which
# git knows what may have changed in the same moment. A tree that nobody has any more is as if none had been wished for.

export LC_ALL=C GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0
box="$HOME/$BOXES/$KEY"
find "$HOME/$BOXES" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} + 2>/dev/null
rm -rf "$box" && mkdir -p "$box/cargo" && cd "$HOME/workspace" || exit $FAILED
top=$(pwd -P)
git() { command git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c advice.addEmbeddedRepo=false "$@"; }

# Where it lies, what it is, its branch, its commit, how many files, its number in the cargo, what is unfinished in it.
describe() {
    printf '%s\0%s\0%s\0%s\0%s\0%s\0%s\0' "$1" "$2" "$3" "$4" "$5" "${6:--1}" "$7" >> "$box/list"
}

changes() { git status --porcelain --untracked-files=all --ignore-submodules=all | grep -vc '/$'; }

# A folder named .git is not always one, and git would go on looking above it.
is_repository() { command -v git >/dev/null && [ -d "$1/.git" ] && git --git-dir="$1/.git" rev-parse --git-dir; } \
    >/dev/null 2>&1

is_whole() {
    is_repository "$1" && git --git-dir="$1/.git" rev-parse --quiet --verify HEAD >/dev/null 2>&1 &&
        [ "$(git --git-dir="$1/.git" rev-parse --is-shallow-repository)" = false ]
}

# The objects of $TREE, where it is none of the workspace's own.
kept=
if [ -n "$TREE" ] && ! git cat-file -e "$TREE^{tree}" 2>/dev/null; then
    for one in "$HOME/$SNAPSHOTS"/* "$HOME/$SNAPSHOTS"/*/*; do
        git --git-dir="$one" cat-file -e "$TREE^{tree}" 2>/dev/null && kept="$one/objects" && break
    done
    [ -n "$kept" ] || TREE=
fi

# What git was told not to look at is looked at all the same, as long as it is there.
reveal() {
    git ls-files -v -z | xargs -0 sh -c 'for one do
        path=${one#? }
        case $one in "H "*) continue ;; esac
        if [ -e "$path" ] || [ -L "$path" ]; then printf "%s\0" "$path"; fi
    done' sh > "$item/hidden"
    git update-index --no-assume-unchanged -z --stdin < "$item/hidden" &&
        git update-index --no-skip-worktree -z --stdin < "$item/hidden"
    rm -f "$item/hidden"
}

unfinished() {
    for one in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD rebase-merge rebase-apply; do
        if [ -e "$1/$one" ]; then echo unfinished; return; fi
    done
}

# Of the repository in which we are: its refs, what is stashed, the oldest first, and of its settings what is no secret.
note() {
    git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags refs/remotes |
        grep -v ' refs/remotes/[^ ]*/HEAD$' > "$item/refs"
    git stash list --format='%H %gs' | sed '1!G;h;$!d' > "$item/stash"
    git config --local --get-regexp '^(branch|remote)\..*\.(remote|merge|url|fetch)$' |
        sed -e 's#\(https\{0,1\}://\)[^/ ]*@#\1#' -e 's#\(ssh://[^/:@ ]*\):[^/ ]*@#\1@#' \
            -e 's/^\([^ ]*\.url [^ ]*:\/\/[^?#]*\)[?#].*$/\1/' > "$item/config"
    cp "$dir/info/exclude" "$item/exclude" 2>/dev/null
}

# $1: where it lies, $2: a number, $3: the tree to take in place of the files as they are, or nothing
repository() (
    cd "$top/$1" || exit 1
    item="$box/cargo/$2"
    mkdir -p "$item" && git init --quiet --bare "$item/git" && mkdir -p "$item/git/info" || exit 1
    dir=$(git rev-parse --absolute-git-dir) && objects=$(cd "$(git rev-parse --git-path objects)" && pwd -P) || exit 1
    printf '%s\n' "$objects" ${kept:+"$kept"} > "$item/git/objects/info/alternates"
    head=$(git rev-parse --quiet --verify HEAD) || exit 1
    branch=$(git symbolic-ref --quiet --short HEAD)
    note
    cp -p "$dir/index" "$item/index" 2>/dev/null
    cp -p "$dir"/sharedindex.* "$item/git/" 2>/dev/null
    export GIT_INDEX_FILE="$item/index"
    [ ! -f "$item/index" ] || reveal
    count=$(changes)
    for key in core.excludesFile core.fileMode; do
        value=$(git config --local "$key") && git --git-dir="$item/git" config "$key" "$value"
    done
    cp "$item/exclude" "$item/git/info/exclude" 2>/dev/null
    # As they lie there: else git converts them on their way, and a filter may be missing, or what it needs.
    echo "$AS_THEY_ARE" > "$item/git/info/attributes"
    export GIT_DIR="$item/git" GIT_WORK_TREE="$PWD"
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
        count=$(git diff-index --cached --no-renames --name-only "$head" | wc -l)
    fi
    [ "$1" = . ] && [ -d inbox ] && git add -A -f inbox >/dev/null 2>&1
    git diff-index --cached --no-renames --diff-filter=A "$head" | grep '^:000000 160000' | cut -f2- |
        while IFS= read -r link; do git update-index --force-remove -- "$link"; done
    tree=$(git write-tree) || exit 1
    export GIT_AUTHOR_NAME=OpenCord GIT_AUTHOR_EMAIL=opencode@localhost
    export GIT_COMMITTER_NAME=OpenCord GIT_COMMITTER_EMAIL=opencode@localhost
    state=$(git commit-tree -p "$head" -m state "$tree" </dev/null) || exit 1
    unset GIT_INDEX_FILE GIT_WORK_TREE
    cd "$item" || exit 1
    {
        sed 's/^\([^ ]*\) \(.*\)$/create \2 \1/' refs
        sed 's/^\([^ ]*\).*$/\1/' stash | sort -u | sed 's#.*#create refs/opencord/stash/& &#'
        printf 'create refs/opencord/%s\n' "state $state" "head $head"
    } | git update-ref --stdin || exit 1
    not=
    [ "$1" = . ] && for have in $HAVES; do
        git cat-file -e "$have^{commit}" 2>/dev/null && not="$not ^$have"
    done
    git bundle create --quiet files --all $not || exit 1
    rm -rf git index
    printf '%s\n' "$head" > head
    describe "$1" $kind "$branch" "$(printf %.7s "$head")" "$count" "$2" "$(unfinished "$dir")"
)

# Nested repositories are no part of it: git names them by their folder, and where there is no git they are passed by.
names() {
    if is_repository .; then
        git ls-files --cached --others --exclude-standard -z
        [ "$1" = . ] && git ls-files --others --ignored --exclude-standard -z -- inbox
        return
    fi
    set -- -path ./outbox -o -name .git
    while IFS= read -r one; do
        set -- "$@" -o -path "./$one"
    done <<-END
	$nested
	END
    find . \( "$@" \) -prune -o -print0
}

# $1: where it lies, $2: a number. Its files, as long as git does not ignore them; some may change under our hands.
loose() (
    cd "$top/$1" && mkdir -p "$box/cargo/$2" || exit 1
    names "$1" | xargs -0 sh -c 'for one do
        if [ -f "$one" ] || [ -L "$one" ]; then printf "./%s\0" "${one#./}"; fi
    done' sh > "$box/names"
    tar -czf "$box/cargo/$2/files" --null -T "$box/names"
    [ $? -le 1 ] || exit 1
    describe "$1" files "" "" "$(($(tr -dc '\0' < "$box/names" | wc -c)))" "$2"
)

# $1: where a file lies that stands for a repository elsewhere
linked() {
    kind=left
    case $(cat "$1/.git") in
        *.git/worktrees/*) kind=worktree ;;
        *.git/modules/*) kind=submodule ;;
    esac
    if [ $kind = left ] && git check-ignore --quiet -- "$1"; then return; fi
    describe "$1" $kind "" "" "$(cd "$1" && changes 2>/dev/null)"
}

pruned() { find . -mindepth 2 \( -name node_modules -o -name .venv -o -path ./outbox \) -prune -o "$@"; }

nested=$(pruned -name .git -type d -print -prune | sed 's#^\./##; s#/\.git$##' | sort | while IFS= read -r one; do
    is_repository "$one" || continue
    if is_repository . && git check-ignore --quiet -- "$one"; then continue; fi
    printf '%s\n' "$one"
done)
if is_whole . && repository . 0 "$TREE"; then :; else  # it fails where objects are missing, as of a partial clone
    rm -rf "$box/cargo/0"
    loose . 0 || exit $FAILED
fi
printf '%s\n' "$nested" | sed '/^$/d' | {
    number=0
    while IFS= read -r one; do
        number=$((number+1))
        [ $number -le $MOST_NESTED ] || continue
        if is_whole "$one" && repository "$one" $number ""; then continue; fi
        rm -rf "$box/cargo/$number"
        loose "$one" $number || describe "$one" left "" "" 0
    done
    [ $number -le $MOST_NESTED ] || describe "" beyond "" "" $((number-MOST_NESTED))
}
is_repository . && pruned -name .git -type f -print | sed 's#^\./##; s#/\.git$##' | sort |
    while IFS= read -r one; do linked "$one"; done
cd "$box" && tar -cf all cargo && rm -rf cargo || exit $FAILED
[ $(($(wc -c < all))) -le $MOST ] || { rm -rf "$box"; exit $TOO_LARGE; }
split -b $PIECE_BYTES all piece. && rm -f all || exit $FAILED
{ od -An -v -tx1 list | tr -d ' \n'; echo; ls piece.*; } > $MANIFEST
