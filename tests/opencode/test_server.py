import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from app.opencode.config import Options
from app.opencode.server import OpenCodeServer
from app.sandboxes.ports import Errand, Note, Project
from app.sandboxes.provider import PORT, Endpoint
from app.turns.catalogue import Entry
from app.turns.errors import Refused, Retriable
from tests.fakes.opencode import OneMachine
from tests.opencode.conftest import PASSWORD

pytestmark = pytest.mark.anyio


async def boot(
    server: OpenCodeServer, provider: OneMachine, *, within: float = 20.0, fresh: bool = True, note: Note = print
) -> Endpoint:
    return await server.boot(
        provider, provider.instance.ref, PASSWORD, project=Project(), within=within, fresh=fresh, note=note
    )


async def test_a_booted_server_answers_to_its_password(server: OpenCodeServer, provider: OneMachine) -> None:
    endpoint = await boot(server, provider)

    assert await server.answers(endpoint, PASSWORD)
    assert not await server.answers(endpoint, "another")


async def test_secrets_travel_in_the_environment_only(server: OpenCodeServer, provider: OneMachine) -> None:
    await boot(server, provider)

    (program,) = provider.programs
    assert program.env["OPENCODE_SERVER_PASSWORD"] == PASSWORD
    assert PASSWORD not in program.command + "".join(provider.commands)
    assert (program.port, '"$PORT"' in program.command, "127.0.0.1" in program.command) == (PORT, True, True)
    assert json.loads(program.env["OPENCODE_CONFIG_CONTENT"])["share"] == "disabled"


async def test_booting_again_is_harmless(server: OpenCodeServer, provider: OneMachine) -> None:
    await boot(server, provider)

    endpoint = await boot(server, provider)

    assert await server.answers(endpoint, PASSWORD)


async def test_requests_of_the_boot_window_are_not_waited_for(server: OpenCodeServer, provider: OneMachine) -> None:
    provider.faults = {"silent": 2}

    async with asyncio.timeout(5):
        endpoint = await boot(server, provider)

    assert await server.answers(endpoint, PASSWORD)


async def test_another_version_is_refused(server: OpenCodeServer, provider: OneMachine) -> None:
    provider.faults = {"version": "1.19.0"}

    with pytest.raises(Refused, match="another version"):
        await boot(server, provider)
    assert not await server.answers(await provider.endpoint("one", PORT), PASSWORD)


async def test_web_pages_instead_of_json_are_refused(server: OpenCodeServer, provider: OneMachine) -> None:
    provider.faults = {"html": True}

    with pytest.raises(Refused, match="another version"):
        await boot(server, provider)


async def test_a_configuration_that_is_not_accepted_is_refused(server: OpenCodeServer, provider: OneMachine) -> None:
    provider.faults = {"bad_config": True}

    with pytest.raises(Refused, match="OPENCODE_CONFIG_JSON"):
        await boot(server, provider)


async def test_a_model_that_is_not_known_is_refused(http: httpx.AsyncClient, provider: OneMachine) -> None:
    server = OpenCodeServer(http, Options("playground/nobody"))

    with pytest.raises(Refused, match="playground/nobody"):
        await boot(server, provider)


async def test_a_server_that_ends_at_once_again_and_again_is_told(server: OpenCodeServer, provider: OneMachine) -> None:
    provider.dies_at_once = True

    with pytest.raises(Refused, match="did not come up"):
        await boot(server, provider)


async def test_a_server_that_never_gets_ready_is_worth_another_try(
    server: OpenCodeServer, provider: OneMachine
) -> None:
    provider.faults = {"silent": 10_000}

    with pytest.raises(Retriable, match="within 2 s"):
        await boot(server, provider, within=2.0)


async def test_a_missing_binary_is_refused(server: OpenCodeServer, provider: OneMachine, tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "")
    provider.path = str(tmp_path)

    with pytest.raises(Refused, match="not installed"):
        await boot(server, provider)


async def test_a_repository_that_cannot_be_cloned_is_refused(http: httpx.AsyncClient, provider: OneMachine) -> None:
    server = OpenCodeServer(http, Options("playground/scripted", repository=str(provider.home / "nowhere")))
    heard: list[Errand] = []

    with pytest.raises(Refused, match="no such repository") as failure:
        await boot(server, provider, note=heard.append)

    assert str(provider.home) not in failure.value.tell
    assert heard == [Errand.CLONING]


async def test_a_machine_that_was_prepared_before_is_not_prepared_again(
    server: OpenCodeServer, provider: OneMachine
) -> None:
    await boot(server, provider)
    prepared = len(provider.commands)

    await boot(server, provider, fresh=False)

    assert len(provider.commands) == prepared


async def test_a_machine_without_its_workspace_is_prepared_when_the_server_does_not_start(
    server: OpenCodeServer, provider: OneMachine
) -> None:
    provider.dies_at_once = True

    with pytest.raises(Refused):
        await boot(server, provider, fresh=False)

    assert len(provider.commands) >= 1


class Pupil:
    """Who is told what there is to choose from, and may be too busy to listen."""

    def __init__(self, *, is_busy: bool = False) -> None:
        self.is_busy = is_busy
        self.lessons: list[Sequence[Entry]] = []

    async def learn(self, entries: Sequence[Entry]) -> None:
        if self.is_busy:
            raise Retriable("the store is busy")
        self.lessons.append(entries)


async def test_what_there_is_to_choose_from_is_learnt_once_and_of_a_new_machine_alone(
    http: httpx.AsyncClient, options: Options, provider: OneMachine
) -> None:
    pupil = Pupil()
    server = OpenCodeServer(http, options, pupil.learn)
    await boot(server, provider)
    server = OpenCodeServer(http, options, pupil.learn)  # the app was started again

    await boot(server, provider, fresh=False)  # in a HOME that people had their hands in
    before = len(pupil.lessons)
    await boot(server, provider)
    await boot(server, provider)

    assert (before, len(pupil.lessons)) == (1, 2)


async def test_a_machine_comes_up_though_nobody_can_learn_of_it_and_the_next_one_tells(
    http: httpx.AsyncClient, options: Options, provider: OneMachine
) -> None:
    pupil = Pupil(is_busy=True)
    server = OpenCodeServer(http, options, pupil.learn)
    endpoint = await boot(server, provider)
    answered = await server.answers(endpoint, PASSWORD)

    pupil.is_busy = False
    await boot(server, provider)

    assert (answered, len(pupil.lessons)) == (True, 1)


async def test_a_workspace_that_cannot_be_looked_at_is_neither_clean_nor_dirty(
    server: OpenCodeServer, provider: OneMachine
) -> None:
    with pytest.raises(Retriable):
        await server.has_unsaved(provider, "one")
