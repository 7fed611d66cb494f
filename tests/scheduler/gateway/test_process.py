"""`python -m scheduler` listening to the simulator, ended politely and not."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scripts.playground.discord import Simulator
from tests.scheduler.gateway.rig import Rig, rigged
from tests.web.doorway import SEED

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def scheduler(rig: Rig, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    variables = {
        "PATH": os.environ["PATH"], "DISCORD_TOKEN": rig.discord.token, "RELAY_SIGNING_KEY": SEED.hex(),
        "APP_URL": rig.url, "DISCORD_API_BASE_URL": rig.discord.api_url, **environment,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scheduler", env=variables, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def end(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGTERM) -> tuple[str, float]:
    """What it has said, and how long it took to end."""
    started = time.monotonic()
    process.send_signal(number)
    said, _ = await asyncio.wait_for(process.communicate(), 15)
    return said.decode(), time.monotonic() - started


async def test_told_to_stop_it_leaves_a_session_that_the_next_one_resumes() -> None:
    async with rigged(Simulator()) as rig:
        async with scheduler(rig, LOG_LEVEL="debug") as process:
            await rig.connected()
            asked = await rig.ask("before")
            await rig.heard(*asked)
            said, seconds = await end(process)
        asked += await rig.ask("meanwhile")
        async with scheduler(rig) as process:
            await rig.heard(*asked)
            await end(process)

        assert (rig.identifies, process.returncode, seconds < 2) == (1, 0, True)
        assert rig.discord.token not in said
        assert "before" not in said


async def test_what_waits_gets_some_seconds_and_is_resumed_if_they_are_not_enough() -> None:
    async with rigged(Simulator()) as rig:
        rig.inbox.verdict = lambda envelope: 503 if envelope["t"] == "MESSAGE_CREATE" else 204
        async with scheduler(rig) as process:
            await rig.connected()
            asked = await rig.ask("one", "two")
            await rig.inbox.until(lambda: rig.inbox.tried[-1]["t"] == "MESSAGE_CREATE")
            _, seconds = await end(process)
        last = rig.inbox.beats[-1]
        rig.inbox.verdict = lambda envelope: 204
        async with scheduler(rig):
            await rig.heard(*asked)

        assert (rig.identifies, process.returncode) == (1, 0)
        assert 2.9 < seconds < 5
        assert (last["s"], last["d"]["leaving"]) == (2, True)


async def test_killed_it_is_followed_by_one_that_resumes_and_loses_nothing() -> None:
    async with rigged(Simulator()) as rig:
        async with scheduler(rig) as process:
            await rig.connected()
            asked = await rig.ask("before")
            await rig.heard(*asked)
            await end(process, signal.SIGKILL)
        asked += await rig.ask("meanwhile")
        rig.inbox.leases.clear()  # it runs out
        async with scheduler(rig):
            await rig.heard(*asked)

        assert rig.identifies == 1


@pytest.mark.parametrize("mode", ["poll", "off"])
async def test_in_other_modes_it_does_not_go_near_the_gateway(mode: str) -> None:
    async with rigged(Simulator()) as rig, scheduler(rig, RELAY_MODE=mode) as process:
        assert process.stdout
        while b"scheduler.started" not in await process.stdout.readline():
            pass
        said, _ = await end(process)

        assert (rig.discord.requests, rig.inbox.tried, process.returncode) == ([], [], 0)
        assert "gateway" not in said
