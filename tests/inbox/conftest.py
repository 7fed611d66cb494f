"""What the tests of the inbox stand on: a real database, and for what reads Discord the strict simulator too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inbox.scene import Scene, scene


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made
        assert made.violations == made.discord.violations
