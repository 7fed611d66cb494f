"""What the whole threads are played on: a company for every file, and a thread for every test."""

from collections.abc import AsyncIterator

import pytest

from tests.conversation.acting import Scene, scene
from tests.conversation.company import Company, company


@pytest.fixture(scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    async with company(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
async def thread(people: Company, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with scene(people, request.node.name.removeprefix("test_")) as made:
        yield made
