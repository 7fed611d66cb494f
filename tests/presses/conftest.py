"""The app behind its front door."""

import pytest

from app.store.sqlite import Sqlite
from tests.web.door import Door


@pytest.fixture
def door(sqlite: Sqlite) -> Door:
    return Door(sqlite)
