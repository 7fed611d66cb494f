"""The script is run for real, by sh and git, in a HOME of its own."""

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from app.opencode.config import Options
from app.opencode.workspace import NO_GIT, NO_OPENCODE, NOT_CLONED, SCRIPT, UNSAVED, clone_environment, why_not_cloned
from app.sandboxes.ports import Project
from app.sandboxes.provider import Completed
from tests.fakes.opencode import OneMachine
from tests.fakes.ssh import behind_ssh

anyio = pytest.mark.anyio


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@localhost")
    return subprocess.run(("git", *identity, *arguments), cwd=folder, check=True, capture_output=True, text=True).stdout


async def prepare(provider: OneMachine, repository: str | None = None) -> Completed:
    env = clone_environment(Options("own/model", repository=repository), Project())
    return await provider.exec("one", SCRIPT, env=env, within=20.0)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "README.md").write_text("theirs")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "One")
    return folder


@anyio
async def test_an_empty_workspace_is_a_repository_with_one_commit(provider: OneMachine) -> None:
    done = await prepare(provider)

    assert done.exit_code == 0, done.output
    workspace = provider.home / "workspace"
    assert git(workspace, "log", "--format=%s %ae") == "Begin opencode@localhost\n"
    assert (provider.home / ".config/opencode/node_modules").is_dir()
    assert "1.18.33" in (provider.home / ".config/opencode/package-lock.json").read_text()


@anyio
async def test_a_repository_is_cloned(provider: OneMachine, origin: Path) -> None:
    done = await prepare(provider, str(origin))

    assert done.exit_code == 0, done.output
    assert (provider.home / "workspace/README.md").read_text() == "theirs"


@anyio
@pytest.mark.parametrize("cloned", [True, False])
async def test_git_does_not_see_what_people_send_and_are_sent(provider: OneMachine, origin: Path, cloned: bool) -> None:
    await prepare(provider, str(origin) if cloned else None)
    workspace = provider.home / "workspace"
    for path in ("inbox/a.png", "outbox/deep/b.png", "src/inbox/c.png"):
        (workspace / path).parent.mkdir(parents=True)
        (workspace / path).touch()

    assert git(workspace, "status", "--porcelain", "-uall") == "?? src/inbox/c.png\n"


@anyio
async def test_an_empty_repository_gets_a_first_commit(provider: OneMachine, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")

    done = await prepare(provider, str(tmp_path / "empty.git"))

    assert done.exit_code == 0, done.output
    assert git(provider.home / "workspace", "log", "--format=%s") == "Begin\n"


@anyio
@pytest.mark.parametrize(
    ("name", "log"), [("origin", "One\n"), ("gone", "Begin\n")], ids=["without its branch", "deleted"]
)
async def test_a_fork_does_without_what_cannot_be_cloned(
    provider: OneMachine, origin: Path, name: str, log: str
) -> None:
    repository, branch = Options("own/model", repository=str(origin.parent / name)), "merged/meanwhile"
    refused = await provider.exec("one", SCRIPT, env=clone_environment(repository, Project(branch=branch)), within=20.0)

    done = await provider.exec(
        "one", SCRIPT, env=clone_environment(repository, Project(branch=branch, is_fork=True)), within=20.0
    )

    assert (refused.exit_code, done.exit_code) == (NOT_CLONED, 0), done.output
    assert git(provider.home / "workspace", "log", "--format=%s") == log
    assert "GITHUB_TOKEN" in git(provider.home / "workspace", "config", "credential.https://github.com.helper")


@anyio
async def test_a_workspace_that_exists_is_left_alone(provider: OneMachine, origin: Path) -> None:
    await prepare(provider, str(origin))
    (provider.home / "workspace/README.md").write_text("ours")

    done = await prepare(provider, str(origin))

    assert done.exit_code == 0, done.output
    assert (provider.home / "workspace/README.md").read_text() == "ours"


@anyio
async def test_what_a_killed_attempt_left_is_swept_away(provider: OneMachine, origin: Path) -> None:
    (provider.home / "workspace.new/.git").mkdir(parents=True)
    (provider.home / "workspace.new/half").touch()

    done = await prepare(provider, str(origin))

    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (provider.home / "workspace").iterdir()) == [".git", "README.md"]


@anyio
async def test_a_repository_that_is_not_there_leaves_no_workspace(provider: OneMachine, tmp_path: Path) -> None:
    done = await prepare(provider, str(tmp_path / "nowhere"))

    assert done.exit_code == NOT_CLONED
    assert not (provider.home / "workspace").exists()
    assert "there is no such repository" in why_not_cloned(done.output, Project())


@anyio
async def test_a_missing_program_is_told_apart(provider: OneMachine, origin: Path, tmp_path: Path) -> None:
    needed = tmp_path / "needed"
    needed.mkdir()
    for name in ("sh", "mkdir", "rm", "mv"):
        (needed / name).symlink_to(shutil.which(name) or "")
    everything, provider.path = provider.path, str(needed)
    without_opencode = await prepare(provider)
    provider.path = f"{everything.split(os.pathsep)[0]}{os.pathsep}{needed}"

    without_git = await prepare(provider, str(origin))
    empty_without_git = await prepare(provider)

    codes = (without_opencode.exit_code, without_git.exit_code, empty_without_git.exit_code)
    assert codes == (NO_OPENCODE, NO_GIT, 0)


@anyio
async def test_a_password_reaches_git_and_stays_out_of_its_command_line_and_files(
    provider: OneMachine, tmp_path: Path
) -> None:
    spy = tmp_path / "bin" / "git"
    spy.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\n'
        f'case "$*" in *clone*) for host in example.org example.org.elsewhere.net; do '
        f"printf 'protocol=https\\nhost=%s\\n\\n' $host | "
        f'{shutil.which("git")} $1 $2 $3 "$4" credential fill >> {tmp_path}/filled; done; exit 1;; esac\n'
    )
    spy.chmod(0o755)

    done = await prepare(provider, "https://ada:s3cret@example.org/some/where.git")

    assert done.exit_code == NOT_CLONED
    assert (tmp_path / "filled").read_text().count("password=s3cret") == 1
    assert "username=ada" in (tmp_path / "filled").read_text()
    assert "https://example.org/some/where.git" in (tmp_path / "arguments").read_text()
    assert "s3cret" not in (tmp_path / "arguments").read_text() + done.output


@contextmanager
def behind_a_password(folder: Path) -> Iterator[int]:
    """The port on which the folder is served to ada alone."""
    key = f"Basic {b64encode(b'ada:s3cret').decode()}"

    class Guarded(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") == key:
                super().do_GET()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(folder))) as server:
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


@anyio
async def test_a_private_repository_is_cloned_with_its_password(
    provider: OneMachine, origin: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(origin), "private.git")
    git(tmp_path / "private.git", "update-server-info")
    with behind_a_password(tmp_path) as port:
        wrong = await prepare(provider, f"http://ada:guess@127.0.0.1:{port}/private.git")
        done = await prepare(provider, f"http://ada:s3cret@127.0.0.1:{port}/private.git")

    assert wrong.exit_code == NOT_CLONED
    assert "it does not let me in" in why_not_cloned(wrong.output, Project())
    assert done.exit_code == 0, done.output
    assert (provider.home / "workspace/README.md").read_text() == "theirs"
    assert "s3cret" not in (provider.home / "workspace/.git/config").read_text()


@anyio
async def test_the_agent_can_push_to_github_with_the_token_of_its_environment(provider: OneMachine) -> None:
    await prepare(provider)
    asked = "cd workspace && printf 'protocol=https\\nhost=%s\\n\\n' {host} | "
    ask = asked + "GIT_ASKPASS= GIT_TERMINAL_PROMPT=0 git credential fill"

    github, elsewhere = [
        await provider.exec("one", ask.format(host=host), env={"GITHUB_TOKEN": "ghp_1"}, within=10.0)
        for host in ("github.com", "example.org")
    ]

    assert "password=ghp_1" in github.output
    assert "ghp_1" not in elsewhere.output + (provider.home / "workspace/.git/config").read_text()


def test_the_token_of_github_is_shown_to_github_alone() -> None:
    def password(url: str) -> str | None:
        return clone_environment(Options("own/model", repository=url, github_token="ghp"), Project()).get(
            "CLONE_PASSWORD"
        )

    assert password("https://github.com/some/where") == "ghp"
    assert not password("https://github.com.example.org/some/where")
    assert not password("http://github.com/some/where")
    assert not password("git@github.com:some/where")
    assert password("https://ada:own@github.com/some/where") == "own"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("fatal: unable to access 'https://u:pw@h/': Could not resolve host: h", "could not be reached"),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", "does not let me in"),
        ("remote: Repository not found.", "no such repository"),
        ("fatal: Remote branch fix-403-timed-out not found in upstream origin", "no such branch"),
        ("fatal: repository 'https://h/issue-403/' not found", "no such repository"),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 403", "does not let me in"),
        ("fatal: weather is bad", "git could not read it"),
    ],
)
def test_the_reason_is_told_in_words_and_without_what_git_wrote(output: str, reason: str) -> None:
    told = why_not_cloned(output, Project())

    assert reason in told
    assert "pw" not in told
    assert "fatal" not in told


@pytest.mark.parametrize("project", [Project("https://example.org/a.git"), Project(branch="next"), Project()])
def test_what_to_do_is_told_to_whom_it_concerns(project: Project) -> None:
    told = why_not_cloned("remote: Repository not found.", project)

    is_theirs = project != Project()
    assert ("`/opencord config thread`" in told) == is_theirs
    assert ("SANDBOX_REPO_URL" in told) != is_theirs


@anyio
async def test_a_branch_that_people_chose_is_cloned_and_one_that_is_not_there_is_told(
    provider: OneMachine, origin: Path
) -> None:
    git(origin, "checkout", "--quiet", "-b", "next")
    git(origin, "commit", "--quiet", "--allow-empty", "-m", "Two")
    git(origin, "checkout", "--quiet", "-")
    provider.path = f"{behind_ssh(origin)}{os.pathsep}{provider.path}"
    missing, chosen = [Project("git@example.org:origin", branch) for branch in ("--upload-pack=id", "next")]

    failed = await provider.exec("one", SCRIPT, env=clone_environment(Options("own/model"), missing), within=20.0)
    done = await provider.exec("one", SCRIPT, env=clone_environment(Options("own/model"), chosen), within=20.0)

    assert failed.exit_code == NOT_CLONED
    assert "it has no such branch" in why_not_cloned(failed.output, missing)
    assert done.exit_code == 0, done.output
    assert git(provider.home / "workspace", "log", "-1", "--format=%s %D").startswith("Two HEAD -> next")


@anyio
async def test_what_people_chose_is_not_cloned_from_the_computer_itself(provider: OneMachine, origin: Path) -> None:
    theirs = [Project(str(origin)), Project(f"file://{origin}")]

    refused = [
        await provider.exec("one", SCRIPT, env=clone_environment(Options("own/model"), project), within=20.0)
        for project in theirs
    ]
    operators = await prepare(provider, f"file://{origin}")

    assert [done.exit_code for done in refused] == [NOT_CLONED] * 2
    assert operators.exit_code == 0, operators.output


def test_a_chosen_repository_takes_the_place_of_the_operators_and_none_of_its_credentials() -> None:
    options = Options("own/model", repository="https://ada:own@example.org/a.git", github_token="ghp")

    chosen = clone_environment(options, Project("https://example.org/b.git", "next"))
    private = clone_environment(options, Project("https://github.com/some/where"))

    assert chosen == {
        "CLONE_URL": "https://example.org/b.git",
        "CLONE_SITE": "https://example.org",
        "CLONE_USER": "",
        "CLONE_PASSWORD": "",
        "CLONE_BRANCH": "next",
        "GIT_ALLOW_PROTOCOL": "https:ssh",
    }
    assert private["CLONE_URL"] == "https://github.com/some/where"
    assert (private["CLONE_USER"], private["CLONE_PASSWORD"]) == ("x-access-token", "ghp")


async def unsaved(provider: OneMachine) -> bool:
    done = await provider.exec("one", UNSAVED, within=20.0)
    assert done.exit_code == 0, done.output
    return bool(done.output.strip())


@anyio
@pytest.mark.parametrize("cloned", [False, True])
async def test_a_fresh_workspace_holds_nothing_that_could_be_lost(
    provider: OneMachine, origin: Path, cloned: bool
) -> None:
    await prepare(provider, str(origin) if cloned else None)

    assert not await unsaved(provider)


@anyio
@pytest.mark.parametrize("work", ["changed", "new", "committed", "stashed", "on a branch"])
async def test_work_that_exists_nowhere_else_is_found(provider: OneMachine, origin: Path, work: str) -> None:
    await prepare(provider, str(origin))
    workspace = provider.home / "workspace"
    (workspace / ("new.txt" if work == "new" else "README.md")).write_text("ours")
    if work == "stashed":
        git(workspace, "stash")
    if work == "on a branch":
        git(workspace, "checkout", "--quiet", "-b", "idea")
    if work in ("committed", "on a branch"):
        git(workspace, "commit", "--quiet", "--all", "-m", "Two")
    if work == "on a branch":
        git(workspace, "checkout", "--quiet", "-")

    assert await unsaved(provider)


@anyio
async def test_work_that_was_pushed_is_safe(provider: OneMachine, origin: Path) -> None:
    git(origin, "checkout", "--quiet", "-b", "elsewhere")
    await prepare(provider, str(origin))
    workspace = provider.home / "workspace"
    (workspace / "README.md").write_text("ours")
    git(workspace, "commit", "--quiet", "--all", "-m", "Two")
    git(workspace, "push", "--quiet", "origin", "HEAD:refs/heads/ours")

    assert not await unsaved(provider)
