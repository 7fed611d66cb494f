"""What Discord's REST API says, and what stands against a new session."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import httpx
import pytest
import respx
import structlog

from scheduler.gateway.gate import Gate, Resharded, Trouble
from scheduler.gateway.pace import PACE
from tests.scheduler.test_relay import Time

pytestmark = pytest.mark.anyio
URL = "http://discord.test/api/v10"
LIMIT = {"total": 1000, "remaining": 900, "reset_after": 1000, "max_concurrency": 1}


class Desk:
    """Discord's answers, and a clock."""

    def __init__(self, http: httpx.AsyncClient, router: respx.MockRouter) -> None:
        self.time = Time()
        self.gate = Gate(http, URL, "swordfish", replace(PACE, spacing=0.0), self.time)
        self.me = router.get(URL + "/users/@me")
        self.bot = router.get(URL + "/gateway/bot")

    def says(self, shards: int = 1, **limit: int) -> None:
        body = {"url": "wss://gateway.test", "shards": shards, "session_start_limit": LIMIT | limit}
        self.bot.side_effect = None
        self.bot.return_value = httpx.Response(200, json=body)

    async def trouble(self) -> Trouble:
        with pytest.raises(Trouble) as raised:
            async with self.gate.turn(0, 1):
                pass
        return raised.value


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with httpx.AsyncClient() as http:
        with respx.mock(assert_all_called=False) as router:
            yield Desk(http, router)


async def test_it_asks_as_the_bot_once_who_it_is_and_says_what_it_is(desk: Desk) -> None:
    desk.me.return_value = httpx.Response(200, json={"id": "9"})

    ids = [await desk.gate.bot(), await desk.gate.bot()]

    (call,) = desk.me.calls
    assert ids == ["9", "9"]
    assert call.request.headers["Authorization"] == "Bot swordfish"
    assert call.request.headers["User-Agent"].startswith("DiscordBot (https://")


async def test_the_gateway_is_asked_for_anew_before_every_turn(desk: Desk) -> None:
    desk.says()

    async with desk.gate.turn(0, 1) as turn:
        gateway = turn.gateway

    assert (gateway.url, gateway.shards, gateway.allowance.remaining) == ("wss://gateway.test", 1, 900)
    assert desk.bot.call_count == 1


async def test_turns_of_one_bucket_come_one_after_the_other(desk: Desk) -> None:
    desk.says()
    order = []

    async def take(name: str) -> None:
        async with desk.gate.turn(0, 1):
            order.append(name + " begins")
            desk.time.now += 100
            await asyncio.sleep(0)
            order.append(name + " ends")
        desk.time.now += 100

    await asyncio.gather(take("a"), take("b"))

    assert order in (["a begins", "a ends", "b begins", "b ends"], ["b begins", "b ends", "a begins", "a ends"])


async def test_below_half_it_is_an_alarm_and_a_trouble_that_says_for_how_long(desk: Desk) -> None:
    desk.says(remaining=410, reset_after=40_000_000)

    with structlog.testing.capture_logs() as logs:
        trouble = await desk.trouble()

    (alarm,) = logs
    assert (alarm["event"], alarm["log_level"], alarm["remaining"]) == ("gateway.identifies_low", "error", 410)
    assert trouble.pause == 100
    assert "100 s" in trouble.problem


async def test_a_turn_that_was_not_used_costs_nothing(desk: Desk) -> None:
    desk.says(remaining=410, reset_after=40_000_000)
    desk.time.now = 150.0

    with pytest.raises(RuntimeError):
        async with desk.gate.turn(0, 1):
            raise RuntimeError("it could not connect")
    async with desk.gate.turn(0, 1) as turn:
        turn.spend()

    assert (await desk.trouble()).pause == 100


async def test_a_turn_counts_from_when_it_is_spent_whatever_becomes_of_it(desk: Desk) -> None:
    desk.says(remaining=410, reset_after=40_000_000)
    desk.time.now = 150.0

    async def be_cancelled() -> None:
        async with desk.gate.turn(0, 1) as turn:
            turn.spend()
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await be_cancelled()

    assert (await desk.trouble()).pause == 100
    assert desk.gate.restarts[0].pause(150.0) == PACE.restart
    assert desk.gate.restarts[1].pause(150.0) == 0


async def test_the_next_turn_of_a_bucket_waits_out_the_spacing() -> None:
    async with httpx.AsyncClient() as http:
        with respx.mock(assert_all_called=False) as router:
            desk = Desk(http, router)
            desk.gate = Gate(http, URL, "swordfish", replace(PACE, spacing=0.1))
            desk.says()
            async with desk.gate.turn(0, 1) as turn:
                turn.spend()
            spent = time.monotonic()
            async with desk.gate.turn(0, 1):
                waited = time.monotonic() - spent

    assert 0.09 < waited < 1


async def test_shards_of_different_buckets_take_their_turns_at_once_from_the_first_on(desk: Desk) -> None:
    desk.says(shards=2, max_concurrency=2)
    await desk.gate.gateway()

    async with desk.gate.turn(0, 2):
        with anyio.fail_after(1):
            async with desk.gate.turn(1, 2) as turn:
                pass

    assert turn.gateway.allowance.max_concurrency == 2


async def test_answers_that_lack_what_they_should_say_are_asked_for_more_and_more_seldom(desk: Desk) -> None:
    desk.bot.return_value = httpx.Response(200, json={"url": "x"})

    pauses = []
    for _ in range(4):
        pauses.append((await desk.trouble()).pause)
        desk.time.now += pauses[-1]

    assert pauses == [1, 2, 4, 8]


async def test_another_number_of_shards_is_said_before_anything_is_spent(desk: Desk) -> None:
    desk.says(remaining=0)

    with pytest.raises(Resharded) as raised:
        async with desk.gate.turn(0, 2):
            pass

    assert raised.value.shards == 1


@pytest.mark.parametrize(
    ("answer", "words", "pause"),
    [
        (httpx.Response(401, json={"message": "401: Unauthorized"}), "DISCORD_TOKEN", 300),
        (httpx.Response(429, headers={"Retry-After": "7.5"}), "429", 7.5),
        (httpx.Response(429, headers={"Retry-After": "soon"}), "429", 1),
        (httpx.Response(502, text="<html>"), "502", 1),
        (httpx.Response(200, text="<html>"), "JSONDecodeError", 1),
        (httpx.Response(200, json=[]), "200", 1),
        (httpx.Response(200, json={"shards": 1}), "where the Gateway is", 1),
        (httpx.Response(200, json={"url": "https://x", "shards": 1}), "where the Gateway is", 1),
        (httpx.Response(200, json={"url": "wss://x", "shards": 0}), "where the Gateway is", 1),
        (httpx.ConnectError("refused"), "ConnectError", 1),
        (httpx.ReadTimeout("slow"), "ReadTimeout", 1),
    ],
)
async def test_what_goes_wrong_is_told_in_words_and_not_asked_again_too_soon(
    desk: Desk, answer: httpx.Response | Exception, words: str, pause: float
) -> None:
    desk.bot.side_effect = [answer]

    first = await desk.trouble()
    desk.time.now += pause - 0.1
    second = await desk.trouble()
    desk.time.now += 0.1
    desk.says()
    gateway = await desk.gate.gateway()

    assert words in first.problem
    assert "swordfish" not in first.problem
    assert (first.pause, second.problem) == (pause, first.problem)
    assert second.pause == pytest.approx(0.1)
    assert (gateway.shards, desk.bot.call_count) == (1, 2)
