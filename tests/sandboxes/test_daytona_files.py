"""Files into a sandbox of Daytona's and out of it, when Daytona has a bad day."""

import os
from dataclasses import replace
from typing import Any

import anyio
import pytest

from app.sandboxes.daytona.provider import DaytonaProvider
from app.sandboxes.provider import TooLarge
from app.turns.errors import Refused, Retriable
from scripts.playground.daytona import DaytonaSimulator
from tests.sandboxes.daytona_stage import PACE, heard, provider_of

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 2_000
FAULTS: list[dict[str, Any]] = [{"drop": True}, {"status": 502}, {"drop": True, "after_effect": True}, {"status": 429}]


async def test_a_file_costs_two_requests_once_home_is_known(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    await provider.upload(ref, "a", b"one")
    daytona.requests.clear()

    await provider.upload(ref, "b", b"two")
    await provider.download(ref, "b", 100)

    assert len(daytona.requests) == 4


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_upload_that_fails_is_tried_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, fault: dict[str, Any]
) -> None:
    daytona.fail("POST", "/files/bulk-upload", plane="toolbox", **fault)

    await provider.upload(ref, "a.bin", CONTENT)

    assert (daytona.sandboxes[0].home / "a.bin").read_bytes() == CONTENT
    assert len(heard(daytona, "POST", "/files/bulk-upload", "toolbox")) == 2


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_download_that_fails_is_tried_again(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str, fault: dict[str, Any]
) -> None:
    (daytona.sandboxes[0].home / "a.bin").write_bytes(CONTENT)
    daytona.fail("POST", "/files/bulk-download", plane="toolbox", **fault)

    assert await provider.download(ref, "a.bin", len(CONTENT)) == CONTENT


@pytest.mark.parametrize("route", ["bulk-upload", "bulk-download"])
async def test_a_transfer_that_hangs_is_retriable_in_time(daytona: DaytonaSimulator, ref: str, route: str) -> None:
    provider = provider_of(daytona, pace=replace(PACE, transfer=0.3, pauses=()))
    (daytona.sandboxes[0].home / "a").write_bytes(CONTENT)
    daytona.fail("POST", f"/files/{route}", plane="toolbox", hang=True, times=float("inf"))

    with anyio.fail_after(3), pytest.raises(Retriable):
        await (provider.upload(ref, "a", b"") if route == "bulk-upload" else provider.download(ref, "a", 1_000_000))

    assert (daytona.sandboxes[0].home / "a").read_bytes() == CONTENT
    await provider.close()


async def test_a_file_that_grows_while_it_is_fetched_is_too_large(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    file = daytona.sandboxes[0].home / "a"
    file.write_bytes(b"x")
    daytona.fail("POST", "/files/bulk-download", plane="toolbox", delay=0.3)

    async with anyio.create_task_group() as group:
        group.start_soon(_grow, daytona, file)
        with pytest.raises(TooLarge):
            await provider.download(ref, "a", 1_000)


async def _grow(daytona: DaytonaSimulator, file: Any) -> None:
    while not heard(daytona, "POST", "/files/bulk-download", "toolbox"):  # noqa: ASYNC110 (it has no event for it)
        await anyio.sleep(0.005)
    file.write_bytes(CONTENT)


async def test_a_key_that_daytona_does_not_accept_is_told(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    daytona.fail("POST", "/files/bulk-upload", plane="toolbox", status=401)

    with pytest.raises(Refused, match="DAYTONA_API_KEY"):
        await provider.upload(ref, "a", b"")


async def test_what_was_left_on_its_way_is_swept_away_an_hour_later(
    daytona: DaytonaSimulator, provider: DaytonaProvider, ref: str
) -> None:
    home = daytona.sandboxes[0].home
    await provider.upload(ref, "a", b"one")
    left, fresh = home / ".opencord/transit/left", home / ".opencord/transit/fresh"
    left.touch()
    fresh.touch()
    os.utime(left, (1, 1))

    await provider.upload(ref, "b", b"two")

    assert list((home / ".opencord/transit").iterdir()) == [fresh]
    assert (home / ".opencord").stat().st_mode & 0o077 == 0
