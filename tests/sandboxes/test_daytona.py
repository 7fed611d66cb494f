"""Daytona, and whatever goes wrong there: what the provider makes of it, and what it leaves behind."""

import asyncio
import socket
import subprocess
import sys
from dataclasses import replace
from typing import Any

import anyio
import pytest
import structlog

from app.sandboxes.daytona.calls import once
from app.sandboxes.daytona.image import dockerfile
from app.sandboxes.daytona.provider import DaytonaProvider
from app.sandboxes.provider import PORT, Condition, Reserved
from app.turns.errors import Refused, Retriable
from scripts.playground.daytona import DaytonaSimulator
from tests.sandboxes.daytona_stage import LABELS, PACE, heard, provider_of

pytestmark = pytest.mark.anyio


async def test_a_sandbox_is_made_with_one_request_and_nothing_secret(
    daytona: DaytonaSimulator, provider: DaytonaProvider
) -> None:
    instance = await provider.create("one", LABELS, within=10)

    made = daytona.named("one")
    assert made is not None
    assert [(each.method, each.path) for each in daytona.requests if each.plane == "api"] == [("POST", "/sandbox")]
    assert (instance.ref, instance.condition, instance.labels) == (made.id, Condition.RUNNING, LABELS)
    assert (made.snapshot, made.auto_stop, made.auto_delete, made.public, made.env) == ("agent", 40, 200, False, {})


async def test_without_a_snapshot_it_is_built_from_the_image(daytona: DaytonaSimulator) -> None:
    provider = provider_of(daytona, snapshot=None)

    await provider.create("one", LABELS, within=10)

    made = daytona.named("one")
    assert made is not None
    assert made.build_info is not None
    assert made.build_info["dockerfileContent"] == dockerfile("1.2.3")
    assert (made.cpu, made.memory, made.disk) == (2, 4, 8)
    await provider.close()


PASSING: dict[str, dict[str, Any]] = {
    "bad gateway": {"status": 502},
    "unavailable": {"status": 503},
    "gateway time-out": {"status": 504},
    "a page of HTML": {"status": 200, "body": "<html>back soon</html>"},
    "connection lost": {"drop": True},
    "lost after it took effect": {"drop": True, "after_effect": True},
    "bad gateway after it took effect": {"status": 502, "after_effect": True},
    "failed to start in time": {"status": 400, "body": {"message": "Sandbox failed to start"}, "after_effect": True},
    "too many requests": {"status": 429, "headers": {"Retry-After-sandbox-create": "0"}},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_one_sandbox_comes_of_a_request_that_fails(
    daytona: DaytonaSimulator, provider: DaytonaProvider, fault: dict[str, Any]
) -> None:
    planned = daytona.fail("POST", "^/sandbox$", **fault)

    instance = await provider.create("one", LABELS, within=10)

    assert planned.hits == 1
    assert [sandbox.id for sandbox in daytona.sandboxes] == [instance.ref]
    assert instance.condition is Condition.RUNNING


async def test_a_request_without_an_answer_is_looked_after(daytona: DaytonaSimulator) -> None:
    provider = provider_of(daytona, pace=replace(PACE, create=0.2))
    daytona.fail("POST", "^/sandbox$", hang=True, after_effect=True)

    instance = await provider.create("one", LABELS, within=10)

    assert [sandbox.id for sandbox in daytona.sandboxes] == [instance.ref]
    await provider.close()


async def test_a_name_that_is_taken_is_adopted_in_a_second_process_and_keeps_its_files(
    daytona: DaytonaSimulator, provider: DaytonaProvider, other: DaytonaProvider, ref: str
) -> None:
    await provider.exec(ref, "echo precious >work", within=10)
    await provider.stop(ref)

    instance = await other.create("one", LABELS, within=10)

    assert instance.ref == ref
    assert (await other.exec(ref, "cat work", within=10)).output == "precious\n"


async def test_a_limit_of_requests_that_lasts_is_left_to_the_turn(
    daytona: DaytonaSimulator, provider: DaytonaProvider
) -> None:
    daytona.fail("POST", "^/sandbox$", status=429, headers={"RETRY-AFTER-Sandbox-Create": "42"})

    with pytest.raises(Retriable) as raised:
        await provider.create("one", LABELS, within=10)

    assert raised.value.after == 42
    assert daytona.sandboxes == []


async def test_a_quota_is_told_in_words(daytona: DaytonaSimulator, provider: DaytonaProvider) -> None:
    daytona.limit = 0

    with pytest.raises(Refused) as raised:
        await provider.create("one", LABELS, within=10)

    assert "limit" in raised.value.tell
    assert len(heard(daytona, "POST", "/sandbox")) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_key_is_told_without_showing_it(daytona: DaytonaSimulator, status: int) -> None:
    provider = provider_of(daytona, api_key="dtn_wrong")
    if status == 403:
        daytona.fail("", "", status=403, body={"message": "dtn_wrong may not do this"}, times=float("inf"))

    with structlog.testing.capture_logs() as logs, pytest.raises(Refused) as raised:
        await provider.create("one", LABELS, within=10)

    assert "not configured" in raised.value.tell
    assert "daytona.unauthorised" in [line["event"] for line in logs]
    assert "dtn_wrong" not in f"{raised.value}{raised.value.tell}{logs}"
    await provider.close()


async def test_an_inactive_snapshot_is_activated_first(daytona: DaytonaSimulator, provider: DaytonaProvider) -> None:
    daytona.snapshots["agent"].state = "inactive"

    instance = await provider.create("one", LABELS, within=10)

    assert daytona.snapshots["agent"].state == "active"
    assert [sandbox.id for sandbox in daytona.sandboxes] == [instance.ref]


@pytest.mark.parametrize("state", [None, "error"])
async def test_a_snapshot_that_cannot_be_used_is_told_by_the_name_of_its_setting(
    daytona: DaytonaSimulator, provider: DaytonaProvider, state: str | None
) -> None:
    del daytona.snapshots["agent"]
    if state:
        daytona.add_snapshot("agent", state)
        body = {"message": "Snapshot agent is inactive"}
        daytona.fail("POST", "^/sandbox$", status=400, body=body, times=float("inf"))

    with pytest.raises(Refused, match="DAYTONA_SNAPSHOT"):
        await provider.create("one", LABELS, within=10)


async def test_what_is_not_up_in_time_is_deleted(daytona: DaytonaSimulator, provider: DaytonaProvider) -> None:
    daytona.boot_seconds = 0.5

    with pytest.raises(Retriable):
        await provider.create("one", LABELS, within=0.2)

    assert daytona.sandboxes == []
    assert 409 in [each.status for each in heard(daytona, "DELETE", "/sandbox")]


async def test_what_was_made_is_deleted_when_nobody_waits_for_it_any_more(
    daytona: DaytonaSimulator, provider: DaytonaProvider
) -> None:
    daytona.boot_seconds = 0.3

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: provider.create("one", LABELS, within=10))
        await daytona.wait_for(lambda: daytona.named("one"))
        group.cancel_scope.cancel()

    assert daytona.sandboxes == []


async def test_an_old_sandbox_that_does_not_come_up_in_time_is_kept(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    daytona.boot_seconds = 1.0

    with pytest.raises(Retriable):
        await provider.create("one", LABELS, within=0.2)

    assert [sandbox.id for sandbox in daytona.sandboxes] == [ref]


async def test_an_old_sandbox_is_kept_when_the_request_to_make_it_is_never_answered(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    daytona.fail("POST", "^/sandbox$", hang=True)

    with pytest.raises(Retriable):
        await provider.create("one", LABELS, within=0.2)

    assert [sandbox.id for sandbox in daytona.sandboxes] == [ref]


async def test_a_broken_one_of_that_name_is_deleted_so_that_the_next_attempt_makes_another(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.force("one", "error", error_reason="no disk")

    with pytest.raises(Retriable, match="no disk"):
        await provider.create("one", LABELS, within=10)
    again = await provider.create("one", LABELS, within=10)

    assert [sandbox.id for sandbox in daytona.sandboxes] == [again.ref] != [ref]


# Finding.


@pytest.mark.parametrize(
    ("state", "recoverable", "condition"),
    [
        ("started", False, Condition.RUNNING),
        ("stopped", False, Condition.STOPPED),
        ("archived", False, Condition.STOPPED),
        ("paused", False, Condition.STOPPED),
        ("starting", False, Condition.CHANGING),
        ("restoring", False, Condition.CHANGING),
        ("error", True, Condition.STOPPED),
        ("error", False, Condition.BROKEN),
        ("build_failed", False, Condition.BROKEN),
    ],
)
async def test_states_are_told_in_our_words(
    daytona: DaytonaSimulator,
    provider: DaytonaProvider,
    ref: str,
    state: str,
    recoverable: bool,
    condition: Condition,
) -> None:
    daytona.force("one", state, recoverable=recoverable)

    found = await provider.find("one")

    assert found is not None
    assert found.condition is condition


async def test_a_sandbox_that_was_replaced_elsewhere_is_found_under_its_name(
    daytona: DaytonaSimulator, provider: DaytonaProvider, other: DaytonaProvider, ref: str
) -> None:
    daytona.lose("one")
    replaced = await other.create("one", LABELS, within=10)

    found = await provider.find("one")

    assert found == replaced


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 503}, {"drop": True}, {"status": 200, "body": "<html>"}])
async def test_looking_is_repeated(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, fault: dict[str, Any]
) -> None:
    planned = daytona.fail("GET", "^/sandbox/", times=2, **fault)

    assert await provider.find("one") is not None

    assert planned.hits == 2


async def test_a_daytona_that_is_down_is_retriable_and_works_again_afterwards(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.fail("", "", status=502, times=float("inf"))

    with pytest.raises(Retriable) as raised:
        await provider.find("one")

    daytona.heal()
    assert raised.value.tell
    assert await provider.find("one") is not None


async def test_a_daytona_that_does_not_answer_is_retriable(daytona: DaytonaSimulator, ref: str) -> None:
    provider = provider_of(daytona, pace=replace(PACE, call=0.1))
    daytona.fail("GET", "^/sandbox/", hang=True, times=float("inf"))

    with pytest.raises(Retriable):
        await provider.find("one")

    await provider.close()


async def test_only_ours_are_listed(daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str) -> None:
    await provider.create("theirs", {"app": "another"}, within=10)

    listed = await provider.list()

    assert [instance.name for instance in listed] == ["one"]


async def test_all_pages_are_listed(
    daytona: DaytonaSimulator, provider: DaytonaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.warm()
    monkeypatch.setattr("app.sandboxes.daytona.sdk._PAGE", 2)
    for number in range(5):
        await provider.create(f"number-{number}", LABELS, within=10)

    listed = await provider.list()

    assert len({instance.name for instance in listed}) == 5


# Starting and stopping.


async def test_starting_waits_for_a_stop_under_way(
    daytona: DaytonaSimulator, provider: DaytonaProvider, other: DaytonaProvider, ref: str
) -> None:
    daytona.stop_seconds = 0.3
    async with anyio.create_task_group() as group:
        group.start_soon(provider.stop, ref)
        await daytona.wait_for(lambda: daytona.sandboxes[0].state == "stopping")

        await other.start(ref, within=10)

    assert daytona.sandboxes[0].state == "started"


async def test_starting_one_that_says_it_is_busy_is_tried_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    busy = daytona.fail("POST", "/start$", status=409, body={"message": "Sandbox state change in progress"}, times=5)

    await provider.start(ref, within=10)

    assert busy.hits == 5
    assert daytona.sandboxes[0].state == "started"


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_starting_is_repeated(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, fault: dict[str, Any]
) -> None:
    await provider.stop(ref)
    daytona.fail("POST", "/start$", **fault)

    await provider.start(ref, within=10)

    assert daytona.sandboxes[0].state == "started"


async def test_starting_one_that_does_not_come_up_in_time_is_retriable(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    daytona.fail("POST", "/start$", hang=True, times=float("inf"))

    with anyio.fail_after(2), pytest.raises(Retriable):
        await provider.start(ref, within=0.3)


async def test_a_fault_that_can_be_repaired_is_repaired(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.force("one", "error", recoverable=True)

    await provider.start(ref, within=10)

    assert daytona.sandboxes[0].state == "started"
    assert len(heard(daytona, "POST", "/recover")) == 1


async def test_a_repair_is_tried_once(daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str) -> None:
    daytona.force("one", "error", recoverable=True)
    repair = daytona.fail("POST", "/recover$", status=502, times=float("inf"))

    with pytest.raises(Retriable, match="broken"):
        await provider.start(ref, within=10)

    assert repair.hits == 1


async def test_a_fault_that_cannot_be_repaired_is_told_apart(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    daytona.force("one", "error")

    with pytest.raises(Retriable, match="broken"):
        await provider.start(ref, within=10)

    assert heard(daytona, "POST", "/recover") == []


async def test_starting_one_that_is_gone_is_retriable_at_once(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    daytona.lose("one")

    with anyio.fail_after(2), pytest.raises(Retriable):
        await provider.start(ref, within=60)


async def test_a_quota_at_the_start_is_told_in_words(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    body = {"message": "Total CPU limit exceeded. Maximum allowed: 10"}
    daytona.fail("POST", "/start$", status=400, body=body, times=float("inf"))

    with pytest.raises(Refused, match="limit"):
        await provider.start(ref, within=10)


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_stop_without_an_answer_is_seen_through(
    daytona: DaytonaSimulator, ref: str, after_effect: bool
) -> None:
    provider = provider_of(daytona, pace=replace(PACE, change=0.2, call=0.2))
    daytona.fail("POST", "/stop$", hang=True, after_effect=after_effect)

    await provider.stop(ref)

    assert daytona.sandboxes[0].state == "stopped"
    await provider.close()


async def test_a_stop_that_never_works_is_given_up(daytona: DaytonaSimulator, ref: str) -> None:
    provider = provider_of(daytona, pace=replace(PACE, stop=0.3))
    daytona.fail("POST", "/stop$", status=409, times=float("inf"))

    with anyio.fail_after(2), pytest.raises(Retriable):
        await provider.stop(ref)

    await provider.close()


async def test_stopping_waits_for_a_start_under_way(
    daytona: DaytonaSimulator, provider: DaytonaProvider, other: DaytonaProvider, ref: str
) -> None:
    await provider.stop(ref)
    daytona.boot_seconds = 0.3
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: other.start(ref, within=10))
        await daytona.wait_for(lambda: daytona.sandboxes[0].state == "starting")

        await provider.stop(ref)

    assert daytona.sandboxes[0].state == "stopped"


async def test_stopping_one_that_is_gone_does_no_harm(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.lose("one")

    await provider.stop(ref)

    assert await provider.find("one") is None


@pytest.mark.parametrize("fault", [{"status": 409}, {"status": 502}, {"drop": True, "after_effect": True}])
async def test_deleting_is_repeated(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, fault: dict[str, Any]
) -> None:
    daytona.fail("DELETE", "^/sandbox/", times=2, **fault)

    await provider.delete(ref)

    assert daytona.sandboxes == []


# The client.


async def test_closing_before_the_first_use_and_twice_does_no_harm(daytona: DaytonaSimulator) -> None:
    provider = provider_of(daytona)

    await provider.close()
    await provider.close()

    with pytest.raises(Retriable):
        await provider.find("one")


async def test_a_daytona_that_is_nowhere_is_retriable() -> None:
    provider = DaytonaProvider(
        "key",
        "http://127.0.0.1:9/api",
        None,
        "agent",
        opencode="1.2.3",
        auto_stop=1,
        auto_delete=1,
        pace=replace(PACE, pauses=()),
    )

    with pytest.raises(Retriable):
        await provider.find("one")

    await provider.close()


async def test_a_deadline_holds_though_the_sdk_makes_something_else_of_it() -> None:
    async def stubborn() -> None:
        try:
            await anyio.sleep(10)
        except asyncio.CancelledError as error:
            raise TimeoutError from error

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await once(stubborn, "wait", within=10)


def test_the_sdk_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, app.sandboxes.daytona; sys.exit('daytona' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)

    assert done.returncode == 0


@pytest.mark.parametrize(("auto_stop", "auto_delete"), [(0, 1), (1, 0)])
def test_intervals_that_mean_never_or_at_once_are_refused(auto_stop: int, auto_delete: int) -> None:
    with pytest.raises(ValueError, match="minute"):
        DaytonaProvider("k", "u", None, None, opencode="1", auto_stop=auto_stop, auto_delete=auto_delete)


async def test_a_sandbox_that_another_process_replaced_is_not_taken_for_its_successor(
    daytona: DaytonaSimulator, provider: DaytonaProvider
) -> None:
    first, other = await provider.create("one", LABELS, within=10), provider_of(daytona)
    daytona.stop_seconds = 1.0
    await other.delete(first.ref)
    second = await other.create("one", LABELS, within=10)

    found = await provider.find("one")
    await other.close()

    assert found is not None
    assert found.ref == second.ref != first.ref


@pytest.mark.parametrize("port", [PORT, 2280, 22222, 33333])
async def test_the_doors_of_daytona_itself_are_never_signed(
    daytona: DaytonaSimulator, provider: DaytonaProvider, port: int
) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref

    with pytest.raises(Reserved):
        await provider.preview(ref, port, 60)

    assert heard(daytona, "GET", "preview-url") == []


async def test_a_link_for_people_is_signed_for_one_port_and_a_while(
    daytona: DaytonaSimulator, provider: DaytonaProvider
) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        link = await provider.preview(ref, port, 900)

    (signing,) = heard(daytona, "GET", "preview-url")
    assert (signing.path, signing.query) == (
        f"/sandbox/{ref}/ports/{port}/signed-preview-url",
        "expiresInSeconds=900",
    )
    made = daytona.named("one")
    assert made is not None
    assert made.token not in link.url


async def test_a_shell_is_asked_for_with_its_end(daytona: DaytonaSimulator, provider: DaytonaProvider) -> None:
    ref = (await provider.create("one", LABELS, within=10)).ref
    daytona.fail("POST", "ssh-access", status=503)

    await provider.ssh(ref, 15)

    assert [each.query for each in heard(daytona, "POST", "ssh-access")] == ["expiresInMinutes=15"] * 2
