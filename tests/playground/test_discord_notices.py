"""Webhook events: how an endpoint is accepted, what it is sent, and how often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from scripts.playground.discord import Rules, Simulator
from tests.playground.world import Json, endpoint_of, signed_by

pytestmark = pytest.mark.anyio
TYPES = ("APPLICATION_AUTHORIZED", "APPLICATION_DEAUTHORIZED")


class Ear:
    """Checks signatures, and answers with the next of `answers`, at the end with 204. `lax` checks nothing."""

    def __init__(self, discord: Simulator) -> None:
        self.discord, self.heard, self.answers, self.lax, self.url = discord, list[Json](), list[int](), False, ""

    async def take(self, request: Request) -> Response:
        raw = await request.body()
        if not self.lax and not signed_by(self.discord, request, raw):
            return Response(status_code=401)
        body = await request.json()
        if body["type"] == 1:
            self.heard.append(body)
        status = self.answers.pop(0) if self.answers else 204
        return Response(status_code=status, media_type="application/json")


@asynccontextmanager
async def listening(discord: Simulator) -> AsyncIterator[Ear]:
    ear = Ear(discord)
    async with endpoint_of(discord, "/discord/events", ear.take) as url:
        ear.url = url
        yield ear


@pytest.fixture
async def ear(discord: Simulator) -> AsyncIterator[Ear]:
    async with listening(discord) as ear:
        yield ear


async def test_an_endpoint_is_pinged_and_then_told_what_it_asked_for(
    discord: Simulator, bot: httpx.AsyncClient, ear: Ear
) -> None:
    """https://docs.discord.com/developers/resources/application#edit-current-application"""
    body = {"event_webhooks_url": ear.url, "event_webhooks_status": 2, "event_webhooks_types": list(TYPES[:1])}

    changed = await bot.patch("/applications/@me", json=body)
    notice, unwanted = discord.owner.authorize(), discord.owner.deauthorize()

    assert changed.status_code == 200
    assert body.items() <= (await bot.get("/applications/@me")).json().items()
    assert notice is not None
    assert unwanted is None
    await discord.wait_for(lambda: notice.taken)
    assert [told["event"]["type"] for told in ear.heard] == ["APPLICATION_AUTHORIZED"]


@pytest.mark.parametrize("fault", ["lax", "refusing", "nowhere"])
async def test_an_endpoint_that_does_not_check_or_does_not_answer_is_refused(
    discord: Simulator, bot: httpx.AsyncClient, ear: Ear, fault: str
) -> None:
    """https://docs.discord.com/developers/events/webhook-events#setting-up-an-endpoint"""
    ear.lax, ear.answers = fault == "lax", [200] if fault == "refusing" else []
    url = "http://127.0.0.1:1/" if fault == "nowhere" else ear.url

    answer = await bot.patch("/applications/@me", json={"event_webhooks_url": url})

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    assert "event_webhooks_url" in answer.json()["errors"]
    assert discord.world.application.events_url is None


@pytest.mark.parametrize("body", [{"event_webhooks_status": 3}, {"event_webhooks_types": ["MESSAGE_CREATE"]}])
async def test_what_only_discord_sets_and_what_is_no_event_type_is_refused(bot: httpx.AsyncClient, body: Json) -> None:
    answer = await bot.patch("/applications/@me", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


async def test_nothing_is_sent_while_it_is_switched_off(discord: Simulator, ear: Ear) -> None:
    discord.send_events_to(ear.url, *TYPES)
    discord.world.application.events_status = 1

    assert discord.owner.authorize() is None


async def test_an_authorization_names_the_person_and_the_server_and_its_withdrawal_only_the_person(
    discord: Simulator, ear: Ear
) -> None:
    """https://docs.discord.com/developers/events/webhook-events#application-authorized"""
    ada = discord.add_person("Ada")
    discord.send_events_to(ear.url, *TYPES)

    notices = [discord.owner.authorize(), discord.owner.deauthorize()]
    await discord.wait_for(lambda: all(notice and notice.taken for notice in notices))

    told = {body["event"]["type"]: body for body in ear.heard}
    authorized = told["APPLICATION_AUTHORIZED"]["event"]["data"]
    assert {body["application_id"] for body in ear.heard} == {discord.application_id}
    assert [(body["version"], body["type"]) for body in ear.heard] == [(1, 1), (1, 1)]
    assert (authorized["integration_type"], authorized["user"]["id"]) == (0, ada.id)
    assert (authorized["guild"]["id"], "bot" in authorized["scopes"]) == (discord.guild, True)
    assert list(told["APPLICATION_DEAUTHORIZED"]["event"]["data"]) == ["user"]


async def test_to_authorize_lets_a_removed_bot_in_again(discord: Simulator) -> None:
    discord.owner.remove_bot()

    discord.owner.authorize()

    assert discord.world.bot_in_guild


async def test_an_event_is_sent_again_until_it_is_taken() -> None:
    """https://docs.discord.com/developers/events/webhook-events#responding-to-events"""
    rules = Rules(event_pauses=(0.01, 0.02, 0.04))
    async with Simulator(rules=rules) as discord, listening(discord) as ear:
        discord.send_events_to(ear.url, *TYPES)
        ear.answers = [500, 200]
        notice = discord.owner.authorize()
        assert notice
        await discord.wait_for(lambda: notice.taken)

        assert notice.answers == [500, 200, 204]
        assert ear.heard[0] == ear.heard[1] == ear.heard[2]
        assert discord.violations == []


async def test_an_event_that_is_never_taken_is_given_up_and_held_against_the_app() -> None:
    async with Simulator(rules=Rules(event_pauses=(0.01,))) as discord, listening(discord) as ear:
        discord.send_events_to(ear.url, *TYPES)
        ear.answers = [500] * 9
        notice = discord.owner.authorize()
        await discord.wait_for(lambda: discord.violations)

        assert notice
        assert notice.answers == [500, 500]
        assert "never 204" in discord.violations[0]


async def test_an_event_may_come_twice(discord: Simulator, ear: Ear) -> None:
    discord.send_events_to(ear.url, *TYPES)
    discord.faults.duplicate_notices = 1

    notice = discord.owner.authorize()
    assert notice
    await discord.wait_for(lambda: len(notice.answers) == 2)

    assert ear.heard[0] == ear.heard[1]
