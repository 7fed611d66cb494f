"""The shell script that makes a sandbox's HOME ready for OpenCode, and what its failures mean.

It may run any number of times and be killed at any point: the workspace is made beside its place and moved there
when it is complete. A workspace that exists is never touched again. Credentials reach git through the environment
and a helper, never through a command line or the repository's configuration. What people send and are sent (`inbox/`,
`outbox/`) is no part of the work: git does not see it.
"""

from urllib.parse import unquote, urlsplit, urlunsplit

from app.opencode.config import VERSION, Options
from app.sandboxes.ports import Project
from app.words.apologies import (
    CLONE_FAILED,
    NO_HOST,
    NO_SPACE,
    NO_SUCH_BRANCH,
    NO_SUCH_REPOSITORY,
    NOT_LET_IN,
    THEN_CONFIG,
    THEN_OPERATOR,
    UNREADABLE,
)

# Of what people chose. Git would also clone what lies on the computer it runs on.
# https://git-scm.com/docs/git#Documentation/git.txt-codeGITALLOWPROTOCOLcode
PROTOCOLS = "https:ssh"

NO_OPENCODE = 71
NO_GIT = 72
NOT_CLONED = 73

# Without this stub OpenCode installs its plugin package from npm whenever it starts.
_STUB = f'{{"packages":{{"":{{"dependencies":{{"@opencode-ai/plugin":"{VERSION}"}}}}}}}}'

# So that the agent can push: the repository remembers where the token is, and not the token.
_GITHUB = '!f() { [ -n "$GITHUB_TOKEN" ] && echo "username=x-access-token" && echo "password=$GITHUB_TOKEN"; }; f'

SCRIPT = rf"""
cd "$HOME" || exit 1
command -v opencode >/dev/null || exit {NO_OPENCODE}
mkdir -p .config/opencode/node_modules || exit 1
printf '%s\n' '{_STUB}' > .config/opencode/package-lock.json || exit 1
[ -d workspace ] && exit 0
export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS= LC_ALL=C
export GIT_SSH_COMMAND='ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new'
rm -rf workspace.new || exit 1
if [ -n "$CLONE_URL" ]; then
    command -v git >/dev/null || exit {NO_GIT}
    helper='!f() {{ echo "username=$CLONE_USER"; echo "password=$CLONE_PASSWORD"; }}; f'
    set -- -c credential.helper=
    [ -z "$CLONE_PASSWORD" ] || set -- "$@" -c "credential.$CLONE_SITE.helper=$helper"
    git "$@" clone --quiet ${{CLONE_BRANCH:+--branch="$CLONE_BRANCH"}} -- "$CLONE_URL" workspace.new ||
        {{ [ -n "$CLONE_OPTIONAL" ] && {{ git "$@" clone --quiet -- "$CLONE_URL" workspace.new || true; }}; }} ||
        exit {NOT_CLONED}
fi
if [ ! -d workspace.new ]; then
    mkdir workspace.new || exit 1
    command -v git >/dev/null && git -c init.defaultBranch=main init --quiet workspace.new
fi
if [ -d workspace.new/.git ]; then
    mkdir -p workspace.new/.git/info && printf '/inbox/\n/outbox/\n' >> workspace.new/.git/info/exclude || exit 1
    git -C workspace.new config user.name OpenCode || exit 1
    git -C workspace.new config user.email opencode@localhost || exit 1
    git -C workspace.new config credential.https://github.com.helper '{_GITHUB}' || exit 1
    git -C workspace.new rev-parse --quiet --verify HEAD >/dev/null ||
        git -C workspace.new commit --quiet --allow-empty --no-verify -m "Begin" || exit 1
fi
mv workspace.new workspace
"""

# Says something when there is work that exists nowhere else: uncommitted, stashed, or in commits that no remote has.
# A commit without a parent is the one that SCRIPT made.
UNSAVED = """
cd "$HOME/workspace" || exit 1
command -v git >/dev/null && [ -d .git ] || { ls -A; exit 0; }
git status --porcelain && git stash list && git rev-list --min-parents=1 --all --not --remotes
"""


def clone_environment(options: Options, project: Project) -> dict[str, str]:
    """What SCRIPT needs to know of the repository: the project's, else the operator's. A name and a password in its
    address are taken out of it, and the GitHub token is shown to GitHub alone."""
    repository, branch = project.repository or options.repository, project.branch or ""
    if not repository:
        return {"CLONE_URL": ""}
    parts = urlsplit(repository)
    optional = {"CLONE_OPTIONAL": "yes"} if project.is_fork else {}
    allowed = {"GIT_ALLOW_PROTOCOL": PROTOCOLS} if project.repository else {}
    if parts.scheme not in ("http", "https"):
        return {"CLONE_URL": repository, "CLONE_BRANCH": branch, **optional, **allowed}
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not password and parts.scheme == "https" and parts.hostname == "github.com" and options.github_token:
        user, password = "x-access-token", options.github_token
    return {
        "CLONE_URL": without_credentials(repository),
        # Git follows redirects, and would ask an unlimited helper for whatever host one leads to.
        "CLONE_SITE": without_credentials(urlunsplit((parts.scheme, parts.netloc, "", "", ""))),
        "CLONE_USER": user,
        "CLONE_PASSWORD": password,
        "CLONE_BRANCH": branch,
        **optional,
        **allowed,
    }


def without_credentials(repository: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(repository)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.scheme else repository


# The first that fits counts: a branch or a repository may be called like what is said of others.
_CLUES = (
    (("remote branch",), NO_SUCH_BRANCH),
    (("could not resolve host", "failed to connect", "couldn't connect", "timed out"), NO_HOST),
    (
        (
            "authentication failed",
            "could not read username",
            "could not read password",
            "permission denied",
            "returned error: 403",
        ),
        NOT_LET_IN,
    ),
    (("not found", "does not exist", "does not appear to be a git repository"), NO_SUCH_REPOSITORY),
    (("no space left",), NO_SPACE),
)


def why_not_cloned(output: str, project: Project) -> str:
    """In words, and what to do: that depends on who chose it. What git itself wrote is not repeated: it holds
    addresses."""
    text = output.lower()
    reason = next((words for clues, words in _CLUES if any(clue in text for clue in clues)), UNREADABLE)
    is_theirs = bool(project.repository or project.branch)
    return CLONE_FAILED.format(reason=reason, then=THEN_CONFIG if is_theirs else THEN_OPERATOR)
