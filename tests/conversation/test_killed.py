"""The app is killed in the middle of a turn, and started again: the same turn completes, and is answered once."""

import time
from pathlib import Path

import pytest

from tests.conversation.stage import staged

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@pytest.mark.parametrize("provider", ["local", "daytona"])
async def test_a_turn_survives_the_death_of_the_app_and_is_answered_once(tmp_path: Path, provider: str) -> None:
    async with staged(tmp_path, provider) as stage:
        thread = await stage.ask("!bash echo once >> runs.txt\n!slow 4\n!say Done after all.")
        await stage.discord.wait_for(lambda: len(stage.model.requests) >= 2, within=60)
        stage.kill()
        server = stage.server()

        await stage.start()
        await stage.until_said(thread, "Done after all.")

        (home,) = stage.homes
        assert stage.server() == server, "the machine should have been adopted"
        assert stage.said(thread) == ["Done after all."]
        assert (home / "workspace/runs.txt").read_text() == "once\n"
        assert len(stage.threads()) == 1


async def test_a_turn_survives_the_death_of_everything(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        thread = await stage.ask("!slow 3\n!say Done after all.")
        await stage.discord.wait_for(lambda: len(stage.model.requests) >= 1, within=60)
        stage.kill()
        for process in stage.processes():
            process.kill()

        await stage.start()
        await stage.until_said(thread, "Done after all.")

        assert stage.said(thread) == ["Done after all."]


async def test_a_turn_that_was_stopped_while_the_model_spoke_is_answered_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        thread = await stage.ask("!bash echo once >> runs.txt\n!long 3000 !say Done after all.")
        await stage.discord.wait_for(lambda: len(stage.model.requests) >= 2, within=60)
        await stage.stop()

        await stage.start()
        await stage.until_said(thread, "Done after all.")

        (home,) = stage.homes
        assert sum(text.count("Done after all.") for text in stage.said(thread)) == 1
        assert len(stage.said(thread)) == 2
        assert (home / "workspace/runs.txt").read_text() == "once\n"


@pytest.mark.parametrize("fault", ["a request that hangs", "a machine that is slow to come up"])
async def test_the_app_ends_in_time_while_a_machine_is_being_made(tmp_path: Path, fault: str) -> None:
    async with staged(tmp_path, "daytona") as stage:
        daytona = stage.daytona
        assert daytona is not None
        if fault == "a request that hangs":
            daytona.fail("POST", "^/sandbox$", hang=True)
        else:
            daytona.boot_seconds = 60.0
        await stage.ask("!say Never mind.")
        await daytona.wait_for(lambda: any(heard.method == "POST" for heard in daytona.requests), within=30)
        began = time.monotonic()

        code = await stage.stop()

        assert code in (0, -15)
        assert time.monotonic() - began < 10.0
        daytona.heal()
