"""What every test may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.store.sqlite import Sqlite

# How quick a machine is must not decide whether a test passes.
settings.register_profile("opencord", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opencord")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Sqlite]:
    """A new database of its own, open."""
    database = Sqlite(tmp_path / "test.sqlite")
    await database.open()
    yield database
    await database.close()
