"""What every test may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.sqlite import Sqlite


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
