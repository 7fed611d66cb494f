"""`make start`: what is behind it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from honcho import manager

ROOT = Path(__file__).parent.parent.parent
STEADY = "trap 'echo in good order; exit 0' TERM; echo up; while :; do sleep 0.1; done"


@contextmanager
def started(folder: Path, *lines: str) -> Iterator["subprocess.Popen[str]"]:
    """In a session of its own, as in a terminal. Whatever a test leaves of it is killed."""
    (folder / "Procfile").write_text("\n".join(lines) + "\n")
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.start", str(folder / "Procfile")],
        cwd=ROOT, env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
            process.wait(20)
        finally:
            kill_all(process.pid)


def kill_all(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        for process in [*(parent := psutil.Process(pid)).children(recursive=True), parent]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def read_until(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stdout is not None
    while words not in process.stdout.readline():
        assert process.poll() is None


def rest(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=20)
    return said


def test_the_procfile_names_both_processes() -> None:
    assert (ROOT / "Procfile").read_text().splitlines() == ["app: python -m app", "scheduler: python -m scheduler"]


@pytest.mark.parametrize(("code", "shown"), [(3, 3), (0, 1)])
def test_when_one_ends_the_other_is_ended_in_good_order_and_all_of_it_fails(
    tmp_path: Path, code: int, shown: int
) -> None:
    with started(tmp_path, f"one: {STEADY}", f"two: sleep 0.3; exit {code}") as process:
        said = rest(process)

    assert "in good order" in said
    assert process.returncode == shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_ends_both_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, f"one: {STEADY}", f"two: {STEADY}") as process:
        read_until(process, "up")
        read_until(process, "up")
        process.send_signal(number)
        said = rest(process)

    assert said.count("in good order") == 2
    assert process.returncode != 0


def test_a_terminal_that_closes_ends_both_in_good_order(tmp_path: Path) -> None:
    """The terminal tells everybody in it, and not only the one that we wait for."""
    with started(tmp_path, f"one: {STEADY}", f"two: {STEADY}") as process:
        read_until(process, "up")
        read_until(process, "up")
        os.killpg(process.pid, signal.SIGHUP)
        said = rest(process)

    assert said.count("in good order") == 2


def test_told_to_stop_before_they_have_begun_it_ends_them_all_the_same(tmp_path: Path) -> None:
    with started(tmp_path, f"one: {STEADY}", f"two: {STEADY}") as process:
        read_until(process, "one started")
        for _ in range(5):
            process.send_signal(signal.SIGTERM)
        rest(process)

    assert process.returncode == 143


def test_each_has_the_environment_and_nothing_of_an_env_file_and_speaks_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COLOUR=red\n")

    with started(tmp_path, 'one: echo "colour ${COLOUR:-unset}, port ${PORT:-unset}, ${PYTHONUNBUFFERED}"') as process:
        said = rest(process)

    assert "colour unset, port unset, 1" in said


def test_honcho_takes_its_patience_from_where_we_put_it() -> None:
    """That it is long enough would take a test as long; that honcho still looks there is what may change."""
    assert "KILL_WAIT" in manager.Manager.loop.__code__.co_names
