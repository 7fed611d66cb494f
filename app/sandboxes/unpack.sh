# Unpacks what `pack.sh` has packed. $KEY names the box, $ITEMS has a line for each that is in it.
#
# May be killed at any point and begun again. A branch that was not there is not here: what the new machine had made, or
# cloned, is only where git finds what was left out.

export LC_ALL=C GIT_TERMINAL_PROMPT=0
box="$HOME/$BOXES/$KEY"
cd "$box" && rm -rf cargo && cat piece.* | tar -xf - || exit $FAILED
cd "$HOME/workspace" || exit 1
top=$(pwd -P)

# $1: where it goes, $2: its number, $3: its branch
repository() (
    item="$box/cargo/$2"
    mkdir -p "$top/$1" && cd "$top/$1" || exit 1
    if [ ! -d .git ]; then
        git init --quiet . || exit 1
        git config user.name OpenCode && git config user.email opencode@localhost
        git config credential.https://github.com.helper \
            "$(git -C "$top" config credential.https://github.com.helper)"
    fi
    mkdir -p .git/info && rm -f .git/index.lock
    git -c gc.auto=0 -c maintenance.auto=false fetch --quiet --no-tags --no-write-fetch-head \
        "$item/files" '+refs/*:refs/opencord/in/*' || exit 1
    state=$(git rev-parse --verify refs/opencord/in/opencord/state) && head=$(cat "$item/head") || exit 1
    git update-ref --no-deref HEAD "$head" || exit 1
    git for-each-ref --format='delete %(refname)' refs/heads refs/tags refs/remotes refs/stash |
        git update-ref --no-deref --stdin || exit 1
    sed 's/^\([^ ]*\) \(.*\)$/create \2 \1/' "$item/refs" | git update-ref --stdin || exit 1
    echo "$AS_THEY_ARE" > .git/info/attributes || exit 1
    git read-tree --reset -u "$state" && git clean -fdq
    done=$?
    rm -f .git/info/attributes
    [ $done = 0 ] || exit 1
    if [ -n "$3" ]; then git symbolic-ref HEAD "refs/heads/$3" || exit 1; fi
    git reset --quiet || exit 1
    while IFS=' ' read -r commit subject; do
        git stash store --quiet --message "$subject" "$commit" || exit 1
    done < "$item/stash"
    git for-each-ref --format='delete %(refname)' refs/opencord | git update-ref --stdin
    cut -d' ' -f1 "$item/config" | sort -u | while read -r key; do git config --unset-all "$key"; done
    while read -r key value; do
        git config --add "$key" "$value"
    done < "$item/config"
    [ ! -f "$item/exclude" ] || cp "$item/exclude" .git/info/exclude
)

# $1: where they go, $2: their number
loose() {
    if [ "$1" = ./ ]; then
        find . -mindepth 1 -maxdepth 1 ! -name .git ! -name outbox -exec rm -rf {} + || return 1
    fi
    mkdir -p "$top/$1" && tar -xzf "$box/cargo/$2/files" -C "$top/$1"
}

# No branch has a colon in its name, and behind a slash no space at the end of a path is lost.
printf '%s\n' "$ITEMS" | {
    while IFS=: read -r number kind branch path; do
        case $kind in
            files) loose "$path" "$number" || exit $FAILED ;;
            repository) repository "$path" "$number" "$branch" || exit $FAILED ;;
        esac
    done
} || exit $FAILED
