"""What runs in a sandbox of Daytona's: commands, programs, and the way to their ports."""

import json
import stat
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest

from app.sandboxes.daytona import toolbox
from app.sandboxes.daytona.provider import DaytonaProvider
from app.sandboxes.provider import Completed, Program
from app.turns.errors import Refused, Retriable
from scripts.playground.daytona import DaytonaSimulator
from tests.sandboxes.daytona_stage import LABELS, PACE, heard, provider_of

pytestmark = pytest.mark.anyio

PORT = 4096
SECRET = "a 'very' $secret\npassword"
SERVE = 'exec python3 -m http.server --bind 127.0.0.1 "$PORT"'


async def test_a_command_costs_one_request(daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str) -> None:
    daytona.requests.clear()

    completed = await provider.exec(ref, "pwd; exit 3", within=300)

    assert completed == Completed(3, f"{daytona.sandboxes[0].home}\n")
    assert len(daytona.requests) == 1


async def test_a_command_that_takes_longer_than_a_request_may_is_waited_for(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolbox, "HOLD", 0.1)
    daytona.requests.clear()

    completed = await provider.exec(ref, "echo once >>count; sleep 0.5; cat count", within=10)

    assert completed == Completed(0, "once\n")
    assert len(daytona.requests) > 2


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 502}, {"status": 504}])
async def test_a_command_whose_answer_is_lost_runs_once(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, fault: dict[str, Any]
) -> None:
    daytona.fail("POST", "/process/execute", plane="toolbox", after_effect=True, **fault)

    completed = await provider.exec(ref, "echo once >>count; cat count", within=10)

    assert completed == Completed(0, "once\n")


async def test_a_command_sees_its_variables_and_not_ours(provider: DaytonaProvider, ref: str) -> None:
    completed = await provider.exec(ref, 'printf %s "$A"; env | grep -c COMMAND', env={"A": SECRET}, within=10)

    assert completed.output == f"{SECRET}0\n"


async def test_nothing_of_a_command_past_its_time_goes_on_running(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    with pytest.raises(Retriable, match="longer than"):
        await provider.exec(ref, "(sleep 0.6; touch late) & setsid sh -c 'sleep 0.6; touch later'", within=0.2)

    await anyio.sleep(0.7)
    assert not list(daytona.sandboxes[0].home.glob("late*"))


async def test_a_command_that_arrives_after_its_time_is_not_started(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.fail("POST", "/process/execute", plane="toolbox", delay=0.3)
    with pytest.raises(Retriable):
        await provider.exec(ref, "touch late", within=0.1)
    late = json.loads(heard(daytona, "POST", "/process/execute", "toolbox")[0].body)

    sandbox = await (await provider._cloud.client()).get(ref)
    await sandbox.process.exec(late["command"], env=late["envs"], timeout=5)

    assert not (daytona.sandboxes[0].home / "late").exists()


async def test_a_toolbox_that_hangs_is_retriable_in_time(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.fail("POST", "/process/execute", plane="toolbox", hang=True, times=float("inf"))

    with anyio.fail_after(PACE.call + 1), pytest.raises(Retriable):
        await provider.exec(ref, "echo", within=0.2)


async def test_a_sandbox_that_its_proxy_has_not_found_yet_is_asked_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    body = {"message": "bad request: failed to get runner info"}
    daytona.fail("POST", "/process/execute", plane="toolbox", status=400, body=body, times=2)

    completed = await provider.exec(ref, "echo here", within=10)

    assert completed.output == "here\n"


# Programs.


def server(env: dict[str, str] | None = None, command: str = SERVE) -> Program:
    return Program("opencode", command, env or {}, PORT)


async def reached(provider: DaytonaProvider, ref: str) -> httpx.Response:
    endpoint = await provider.endpoint(ref, PORT)
    async with httpx.AsyncClient() as http:
        for _ in range(100):
            response = await http.get(endpoint.url, headers=dict(endpoint.headers))
            if response.status_code != 502:
                break
            await anyio.sleep(0.05)
        return response


async def ask_for_ever(provider: DaytonaProvider, ref: str) -> None:
    while True:
        await provider.endpoint(ref, PORT)


async def test_a_program_is_reached_through_the_preview(provider: DaytonaProvider, ref: str) -> None:
    await provider.launch(ref, server())

    response = await reached(provider, ref)

    assert response.status_code == 200


async def test_secrets_lie_in_one_file_of_the_sandbox_and_nowhere_else(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.launch(ref, server({"TOKEN": SECRET}, 'printf %s "$TOKEN" >seen; exec sleep 60'))

    made = daytona.sandboxes[0]
    await daytona.wait_for(lambda: (made.home / "seen").exists() and (made.home / "seen").read_text() == SECRET)
    file = made.home / ".opencord" / "opencode.env"
    assert "secret" in file.read_text()
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    commands = [command.text for session in made.sessions.values() for command in session.commands.values()]
    assert "secret" not in f"{commands} {made.env} {made.labels}"
    assert b"secret" not in b"".join(each.body for each in daytona.requests if "execute" not in each.path)
    asked = [json.loads(each.body) for each in heard(daytona, "POST", "/process/execute", "toolbox")]
    assert "secret" not in "".join(each["command"] for each in asked)


async def test_a_launch_takes_two_round_trips_and_its_endpoint_none(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.requests.clear()

    await provider.launch(ref, server())
    launched = len(daytona.requests)
    await provider.endpoint(ref, PORT)

    assert daytona.requests[-1].path.endswith("/exec")
    assert launched == len(daytona.requests) == 5  # four of them side by side


async def test_what_a_program_says_is_kept_until_it_is_launched_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.launch(ref, server(command="echo first; exec sleep 60"))
    log = daytona.sandboxes[0].home / ".opencord" / "opencode.log"
    await daytona.wait_for(lambda: log.exists() and log.read_text() == "first\n")

    await provider.launch(ref, server(command="echo second >&2; exec sleep 60"))

    await daytona.wait_for(lambda: log.read_text() == "second\n")


async def test_another_process_knows_what_was_launched(
    daytona: DaytonaSimulator, provider: DaytonaProvider, other: DaytonaProvider, ref: str
) -> None:
    await provider.launch(ref, server())

    response = await reached(other, ref)

    assert response.status_code == 200


async def test_a_program_that_has_ended_by_itself_has_no_endpoint(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.launch(ref, server(command="exit 1"))
    await provider.endpoint(ref, PORT)  # asked for before it could be known

    with anyio.fail_after(5), pytest.raises(Retriable):
        await ask_for_ever(provider, ref)


async def test_a_launch_ends_what_ran_under_its_name_and_what_that_had_started(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.create("two", LABELS, within=10)
    tick = "(setsid sh -c 'while sleep 0.05; do date +%N >tick; done' &) ; exec sleep 60"
    await provider.launch(ref, server(command=tick))
    file = daytona.sandboxes[0].home / "tick"
    await daytona.wait_for(file.exists)

    await provider.launch(ref, server())

    file.unlink()
    await anyio.sleep(0.2)
    assert not file.exists()
    assert len(daytona.sandboxes[0].sessions) == 1


async def test_programs_of_the_same_name_in_other_sandboxes_are_left_alone(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    second = (await provider.create("two", LABELS, within=10)).ref
    await provider.launch(ref, server())
    await reached(provider, ref)

    await provider.launch(second, server())

    assert (await reached(provider, ref)).status_code == 200


@pytest.mark.parametrize("fault", [{"status": 502}, {"drop": True}, {"status": 400}])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/process/execute"), ("POST", "/session$"), ("GET", "/session$")]
)
async def test_preparing_a_launch_is_repeated(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, method: str, path: str, fault: dict[str, Any]
) -> None:
    daytona.fail(method, path, plane="toolbox", after_effect=method == "POST", **fault)

    await provider.launch(ref, server())

    assert (await reached(provider, ref)).status_code == 200


async def test_a_launch_whose_answer_is_lost_can_be_done_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.fail("POST", "/exec$", plane="toolbox", drop=True, after_effect=True)

    with pytest.raises(Retriable):
        await provider.launch(ref, server())
    await provider.launch(ref, server())

    assert (await reached(provider, ref)).status_code == 200
    assert len(daytona.sandboxes[0].sessions) == 1


async def test_a_launch_that_hangs_is_retriable(daytona: DaytonaSimulator, ref: str) -> None:
    provider = provider_of(daytona, pace=replace(PACE, call=0.2))
    daytona.fail("POST", "/exec$", plane="toolbox", hang=True)

    with pytest.raises(Retriable):
        await provider.launch(ref, server())

    await provider.close()


# Endpoints.


async def test_every_start_has_an_endpoint_of_its_own(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.launch(ref, server())
    before = await provider.endpoint(ref, PORT)

    await provider.stop(ref)
    await provider.start(ref, within=10)
    await provider.launch(ref, server())

    after = await provider.endpoint(ref, PORT)
    assert before.headers["x-daytona-preview-token"] != after.headers["x-daytona-preview-token"]
    assert (await reached(provider, ref)).status_code == 200


async def test_a_token_that_has_changed_is_asked_for_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.launch(ref, server())
    await provider.endpoint(ref, PORT)
    daytona.rotate("one")

    endpoint = await provider.endpoint(ref, PORT)

    assert endpoint.headers["x-daytona-preview-token"] == daytona.sandboxes[0].token


async def test_traffic_neither_shows_a_warning_nor_keeps_a_machine_awake(provider: DaytonaProvider, ref: str) -> None:
    await provider.launch(ref, server())

    endpoint = await provider.endpoint(ref, PORT)

    assert endpoint.headers["X-Daytona-Skip-Preview-Warning"] == "true"
    assert endpoint.headers["X-Daytona-Skip-Last-Activity-Update"] == "true"


LINKS: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "unauthorised": ({"status": 401}, Refused),
    "bad gateway": ({"status": 502}, Retriable),
    "no answer": ({"hang": True}, Retriable),
    "not started": ({"status": 400, "body": {"message": "Is the Sandbox started?"}}, Retriable),
}


@pytest.mark.parametrize(("fault", "error"), LINKS.values(), ids=LINKS)
async def test_an_endpoint_that_cannot_be_had_is_told(
    daytona: DaytonaSimulator, ref: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    provider = provider_of(daytona, pace=replace(PACE, call=0.2))
    daytona.fail("GET", "/preview-url$", times=float("inf"), **fault)
    await provider.launch(ref, server())

    with pytest.raises(error):
        await provider.endpoint(ref, PORT)

    await provider.close()


async def test_touching_counts_as_use(daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str) -> None:
    daytona.sandboxes[0].last_activity = 0

    await provider.touch(ref)

    assert daytona.sandboxes[0].last_activity > 0


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 404}, {"status": 401}, {"hang": True}])
async def test_touching_never_fails(daytona: DaytonaSimulator, ref: str, fault: dict[str, Any]) -> None:
    provider = provider_of(daytona, pace=replace(PACE, call=0.2))
    daytona.fail("POST", "/last-activity$", **fault)

    await provider.touch(ref)

    await provider.close()


async def test_a_port_that_the_image_names_for_its_own_purposes_misleads_nobody(
    daytona: DaytonaSimulator, provider: DaytonaProvider
) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    sandbox = daytona.named("one")
    assert sandbox is not None
    sandbox.env["PORT"] = "3000"

    await provider.launch(ref, server(command='echo "$PORT" > port; exec sleep 300'))

    assert (await provider.exec(ref, "until [ -s port ]; do sleep 0.05; done; cat port", within=10)).output == (
        f"{sandbox.port}\n"
    )
