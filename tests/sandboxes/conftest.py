"""Daytona as the tests of its provider get it: a simulator, the provider before it, and a sandbox called one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.sandboxes.daytona.provider import DaytonaProvider
from scripts.playground.daytona import DaytonaSimulator
from tests.sandboxes.daytona_stage import LABELS, provider_of, simulated


@pytest.fixture
async def daytona(tmp_path: Path) -> AsyncIterator[DaytonaSimulator]:
    async with simulated(tmp_path) as daytona:
        yield daytona


@pytest.fixture
async def provider(daytona: DaytonaSimulator) -> AsyncIterator[DaytonaProvider]:
    made = provider_of(daytona)
    yield made
    await made.close()


@pytest.fixture
async def other(daytona: DaytonaSimulator) -> AsyncIterator[DaytonaProvider]:
    """Another process's."""
    made = provider_of(daytona)
    yield made
    await made.close()


@pytest.fixture
async def ref(provider: DaytonaProvider) -> str:
    """Of a running sandbox called one."""
    return (await provider.create("one", LABELS, within=10)).ref
