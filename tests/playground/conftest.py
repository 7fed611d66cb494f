"""The simulator as its tests get it: without rate limits, unless they are the subject."""

from collections.abc import AsyncIterator

import httpx
import pytest

from scripts.playground.discord import Person, Rules, Simulator
from tests.playground.world import App, app_of, client


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
