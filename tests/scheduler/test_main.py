"""`python -m scheduler`, as whoever runs it meets it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.web.doorway import SEED, front_of, listening

pytestmark = pytest.mark.anyio
GOOD = {
    "PATH": os.environ["PATH"], "DISCORD_TOKEN": "swordfish.token.value", "RELAY_SIGNING_KEY": SEED.hex(),
    "RELAY_MODE": "off",
}  # fmt: skip
HANGING_LOOKUP = """
import socket, sys, time
def hang(*_, **__):
    print('{"event": "looked up"}', flush=True)
    time.sleep(30)
socket.getaddrinfo = hang
from scheduler.__main__ import main
main()
"""


class Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    async def says(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line that matches; all before it are read over."""
        assert self.process.stdout is not None
        async with asyncio.timeout(10):
            while line := await self.process.stdout.readline():
                self.said.append(json.loads(line))
                if matches(self.said[-1]):
                    return self.said[-1]
        raise AssertionError(f"it ended, and said only {self.said}")

    async def has_said(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that matches, by now or from now on."""
        return next(filter(matches, self.said), None) or await self.says(matches)

    async def event(self, name: str) -> dict[str, Any]:
        return await self.says(lambda line: line["event"] == name)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and how long it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), 10)
        return code, time.monotonic() - started


@asynccontextmanager
async def scheduler(url: str, *arguments: str, **environment: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *(arguments or ("-m", "scheduler")), "--every", "0.05",
        env={**GOOD, "APP_URL": url, **environment}, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


async def test_it_has_the_jobs_done_survives_an_app_that_goes_and_comes_and_ends_with_0() -> None:
    asked: list[str] = []

    async def pause() -> dict[str, int]:
        asked.append("pause-idle")
        return {"paused": 1}

    async def fail() -> dict[str, int]:
        raise RuntimeError("a defect")

    front, port = front_of({"pause-idle": pause, "reconcile": fail}), free_port()
    async with scheduler(f"http://127.0.0.1:{port}") as clock:
        down = await clock.event("relay.unreachable")
        async with listening(front, port):
            await clock.event("relay.recovered")
            done = await clock.has_said(lambda line: line["event"] == "job.done")
            failed = await clock.has_said(lambda line: line.get("name") == "reconcile")
        await clock.event("relay.unreachable")
        async with listening(front, port):
            await clock.event("relay.recovered")
            await clock.event("job.done")
        code, seconds = await clock.end()

    assert (down["level"], failed["event"], failed["why"]) == ("warning", "job.failed", "status 500")
    assert (done["name"], done["paused"]) == ("pause-idle", 1)
    assert asked
    assert (code, seconds < 1) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_within_a_second_though_the_app_does_not_answer(number: signal.Signals) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang() -> dict[str, int]:
        reached.set()
        await never.wait()
        return {}

    async with listening(front_of({"prune": hang})) as url, scheduler(url) as clock:
        async with asyncio.timeout(10):
            await reached.wait()
        code, seconds = await clock.end(number)
        await clock.event("scheduler.ended")

    assert (code, seconds < 1) == (0, True)
    assert not [line for line in clock.said if line["level"] == "error"]


async def test_it_ends_within_a_second_though_the_name_of_the_app_cannot_be_looked_up() -> None:
    async with scheduler("http://app.invalid", "-c", HANGING_LOOKUP) as clock:
        await clock.event("looked up")
        code, seconds = await clock.end()

    assert (code, seconds < 1) == (0, True)


async def test_an_app_with_another_key_is_an_error_that_shows_no_secret() -> None:
    async with listening(front_of({})) as url, scheduler(url, RELAY_SIGNING_KEY="", LOG_LEVEL="debug") as clock:
        refused = await clock.event("relay.refused")
        code, _ = await clock.end()

    assert (refused["level"], code) == ("error", 0)
    assert "swordfish" not in json.dumps(clock.said)


async def test_a_proxy_of_the_environment_is_not_used_for_an_app_on_this_machine() -> None:
    async def prune() -> dict[str, int]:
        return {"pruned": 1}

    async with (
        listening(front_of({"prune": prune})) as url,
        scheduler(url, HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9") as clock,
    ):
        done = await clock.event("job.done")

    assert done["pruned"] == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DISCORD_TOKEN": ""}, ["DISCORD_TOKEN"]),
        ({"APP_URL": "somewhere", "RELAY_SIGNING_KEY": "swordfish"}, ["APP_URL", "RELAY_SIGNING_KEY"]),
    ],
)
def test_what_is_wrong_is_said_in_a_line_each_and_ends_it_with_2(changes: dict[str, str], named: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "scheduler"], env={**GOOD, **changes}, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip

    assert ended.returncode == 2
    assert sorted(line.split(maxsplit=1)[0] for line in ended.stderr.splitlines()) == named
    assert "swordfish" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("pace", ["0", "nan", "soon"])
def test_a_pace_that_is_none_ends_it_with_2(pace: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "scheduler", f"--every={pace}"], env=GOOD, capture_output=True, timeout=30, check=False
    )

    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
