"""`python -m app`, as an operator meets it when something is wrong, and what it loads before it answers."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = {
    "PATH": os.environ["PATH"],
    "DISCORD_TOKEN": "a-token",
    "SANDBOX_PROVIDER": "local",
    "OPENCODE_ZEN_API_KEY": "a-key",
    "HEALTH_HOST": "127.0.0.1",
}


def run(tmp_path: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**GOOD, "DATABASE_PATH": str(tmp_path / "app.sqlite"), "LOCAL_SANDBOX_DIR": str(tmp_path)}
    environment.update(changes)
    command = [sys.executable, "-m", "app"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DISCORD_TOKEN": ""}, ["DISCORD_TOKEN"]),
        ({"HEALTH_PORT": "none", "PAUSED_TTL_MINUTES": "-1"}, ["HEALTH_PORT", "PAUSED_TTL_MINUTES"]),
        ({"DATABASE_PATH": "/nonexistent/app.sqlite"}, ["DATABASE_PATH"]),
        ({"LOCAL_SANDBOX_DIR": "/dev/null/machines"}, ["LOCAL_SANDBOX_DIR"]),
        ({"SANDBOX_PROVIDER": "daytona"}, ["DAYTONA_API_KEY"]),
    ],
)
def test_what_is_wrong_is_said_in_a_line_each_and_ends_it_with_2(
    tmp_path: Path, changes: dict[str, str], named: list[str]
) -> None:
    ended = run(tmp_path, **changes)

    lines = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert sorted(line.split(maxsplit=1)[0].rstrip(":,") for line in lines) == named


def test_a_port_in_use_is_said_in_a_line_and_ends_it_with_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = run(tmp_path, HEALTH_PORT=str(port))

    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"HEALTH_HOST, HEALTH_PORT: cannot listen on 127.0.0.1:{port}: Address already in use"
    ]


def test_starting_loads_neither_daytona_nor_the_scheduler() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app.asgi; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "app.asgi" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {"daytona", "apscheduler", "daytona_api_client_async"}


def test_when_the_terminal_closes_it_ends_in_good_order(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **GOOD,
        "DATABASE_PATH": str(tmp_path / "app.sqlite"),
        "LOCAL_SANDBOX_DIR": str(tmp_path / "machines"),
        "DISCORD_API_BASE_URL": "http://127.0.0.1:9/api",
        "HEALTH_PORT": str(port),
    }
    with subprocess.Popen([sys.executable, "-m", "app"], env=environment, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        said = ""
        while "app.listening" not in said:
            said = app.stdout.readline()
            assert said

        app.send_signal(signal.SIGHUP)
        rest = app.stdout.read()

        assert app.wait(10) == -signal.SIGTERM
        assert "Application shutdown complete" in rest
