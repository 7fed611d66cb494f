"""The simulators as their tests get them: without rate limits and without delay, unless these are the subject."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from scripts.playground.daytona import DaytonaSimulator
from scripts.playground.discord import Person, Rules, Simulator
from tests.playground.machines import PATH, sdk_of
from tests.playground.world import App, app_of, client

if TYPE_CHECKING:
    from daytona import AsyncDaytona


@pytest.fixture
async def discord() -> AsyncIterator[Simulator]:
    async with Simulator(rules=Rules(rates=None)) as discord:
        yield discord


@pytest.fixture
async def bot(discord: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with client(discord) as http:
        yield http


@pytest.fixture
def ada(discord: Simulator) -> Person:
    return discord.add_person("Ada")


@pytest.fixture
def general(discord: Simulator) -> str:
    return discord.channel("general").id


@pytest.fixture
async def app(discord: Simulator) -> AsyncIterator[App]:
    async with app_of(discord) as app:
        yield app


@pytest.fixture
async def daytona(tmp_path: Path) -> AsyncIterator[DaytonaSimulator]:
    async with DaytonaSimulator(tmp_path, PATH) as daytona:
        daytona.boot_seconds = daytona.stop_seconds = 0.0
        yield daytona


@pytest.fixture
async def sdk(daytona: DaytonaSimulator) -> "AsyncIterator[AsyncDaytona]":
    async with sdk_of(daytona) as sdk:
        yield sdk
