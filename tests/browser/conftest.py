"""A browser, and a scene for it: the strict Discord with its page, a bot that does what the test says, and a person.

Where no browser is, these tests are skipped and say what to install; with BROWSER_TESTS=required they fail instead.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from scripts.playground.discord import Person, Rules, Simulator
from tests.browser.screen import QUIET, SIZE, WITHIN_MS, Screen, absent, browser
from tests.playground.world import QUIET as NOBODY
from tests.playground.world import App, Json, app_of, client

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="module")
async def chromium() -> "AsyncIterator[Browser]":
    if (why := absent()) is not None:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    from playwright.async_api import async_playwright

    async with async_playwright() as play:
        launched = await play.chromium.launch(executable_path=browser(), args=QUIET)
        yield launched
        await launched.close()


@dataclass(slots=True)
class Scene:
    discord: Simulator
    bot: httpx.AsyncClient
    app: App
    ada: Person
    screen: Screen

    @property
    def general(self) -> str:
        return str(self.discord.channel("general").id)

    async def post(self, content: str, channel: str | None = None, **body: Any) -> Json:
        """A message of the bot's, as Discord shows it."""
        where = f"/channels/{channel or self.general}/messages"
        sent = await self.bot.post(where, json={"content": content, "allowed_mentions": NOBODY} | body)
        assert sent.status_code == 200, sent.text
        return dict(sent.json())

    async def edit(self, message: Json, content: str, **body: Any) -> None:
        where = f"/channels/{message['channel_id']}/messages/{message['id']}"
        edited = await self.bot.patch(where, json={"content": content, "allowed_mentions": NOBODY} | body)
        assert edited.status_code == 200, edited.text

    async def heard(self, number: int = 1) -> Json:
        """The so-manieth interaction that came to the app."""
        await self.discord.wait_for(lambda: len(self.app.received) >= number)
        return self.app.received[number - 1]


@pytest.fixture
async def scene(chromium: "Browser") -> AsyncIterator[Scene]:
    """Looking at #general. In the end the page must have had nothing to complain of."""
    async with Simulator(rules=Rules(rates=None)) as discord, client(discord) as bot, app_of(discord) as app:
        ada = discord.add_person("Ada")
        context = await chromium.new_context(viewport=SIZE)  # type: ignore[arg-type]
        context.set_default_timeout(WITHIN_MS)
        screen = Screen(await context.new_page(), discord, ada)
        await screen.open(discord.channel("general").id)
        yield Scene(discord, bot, app, ada, screen)
        await context.close()
        assert screen.errors == []
