"""The port Router: the real adapter on the scripted model, and the fake that other tests use, keep one contract."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import pytest

from app.opencode.router import ZenRouter
from app.opencode.zen import Zen
from app.turns.history import Said
from app.turns.ports import Router
from scripts.playground.model import ScriptedModel
from scripts.playground.model_steps import Fail
from tests.fakes.router import FakeRouter

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Setting:
    router: Router
    silence: Callable[[], None]  # from now on it can only be asked in vain


@pytest.fixture(params=["fake", "claude-haiku-4-5", "scripted"])
async def setting(request: pytest.FixtureRequest) -> AsyncIterator[Setting]:
    if request.param == "fake":
        fake = FakeRouter()
        yield Setting(fake, lambda: setattr(fake, "mute", True))
        return
    async with ScriptedModel() as model, httpx.AsyncClient() as http:
        zen = Zen(http, model.url, "key", request.param, time.time)
        yield Setting(ZenRouter(zen, time.time), lambda: setattr(model, "mishap", Fail(503)))
        assert model.questions
        assert not model.requests


async def test_people_are_told_from_the_agent(setting: Setting) -> None:
    before = [Said("bob", "the tests are green")]

    assert await setting.router.wants_answer("the build is red", "alice", before)
    assert not await setting.router.wants_answer("we should get lunch", "alice", before)


async def test_a_thread_gets_a_short_name(setting: Setting) -> None:
    title = await setting.router.title("fix the failing import in `main.py`\n" + "and more " * 100)

    assert title == "fix the failing import"


async def test_asked_in_vain_it_wants_an_answer_and_names_nothing(setting: Setting) -> None:
    setting.silence()

    assert await setting.router.wants_answer("we should get lunch", "alice", [])
    assert await setting.router.title("fix the import") is None
