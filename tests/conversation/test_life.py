"""A thread's machine falls asleep, wakes, is deleted and replaced, on every provider; minutes are seconds here."""

import asyncio
from pathlib import Path

import pytest

from app.words.answer import NEW_MACHINE
from scripts.playground.daytona import State
from tests.conversation.stage import Stage, staged

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
SECOND = str(1 / 60)  # in minutes


def awake(stage: Stage) -> bool:
    """Whether anything runs in the machines: what a person would see on the bill."""
    if stage.daytona is not None:
        return any(sandbox.state is State.STARTED for sandbox in stage.daytona.sandboxes)
    return bool(stage.processes())


async def job_until(stage: Stage, name: str, count: str) -> None:
    """The clock asks until it is time."""
    async with asyncio.timeout(60):
        while not (await stage.job(name)).get(count):  # noqa: ASYNC110 - nobody tells when it is time
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("provider", ["local", "daytona"])
async def test_a_thread_outlives_its_machine(tmp_path: Path, provider: str) -> None:
    async with staged(tmp_path, provider, SANDBOX_TIMEOUT_MINUTES=SECOND, PAUSED_TTL_MINUTES=SECOND) as stage:
        thread = await stage.ask("!bash echo kept > kept.txt\n!say The file is there.")
        await stage.until_said(thread, "The file is there.")
        (home,) = stage.homes

        await job_until(stage, "pause-idle", "paused")
        slept = not awake(stage)
        await stage.ask("!bash cat kept.txt\n!say It is still there.", thread)
        await stage.until_said(thread, "It is still there.")
        same_machine = stage.homes == [home]
        remembered = stage.prompts()[-1]

        await job_until(stage, "pause-idle", "paused")
        await job_until(stage, "destroy-expired", "destroyed")
        deleted = not stage.homes
        await stage.ask("!say I am new here.", thread)
        await stage.until_said(thread, "I am new here.")
        told = stage.prompts()[-1]

        assert (slept, same_machine, deleted) == (True, True, True)
        assert "echo kept" in remembered[0]
        assert [NEW_MACHINE in text for text in stage.said(thread)].count(True) == 1
        assert len(told) == 1
        assert "The file is there." in told[0]
        assert "It is still there." in told[0]
        assert told[0].endswith("!say I am new here.")
