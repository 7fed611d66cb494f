"""One short completion over OpenCode Zen: what is asked, in which words, and everything that may come back."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from app.opencode.dialects import Question
from app.opencode.zen import MOST_AT_ONCE, Unanswered, Why, Zen, retry_after
from tests.opencode.upstream import Upstream, http, upstream

pytestmark = pytest.mark.anyio

KEY = "sk-very-secret"
QUESTION = Question("Answer with one word.", '{"message": "hä? 👀"}', most_tokens=8)

MESSAGE = {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "YES"}]}
RESPONSE = {
    "output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "YES"}]}],
}
CONTENT = {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "YES"}]}}]}
CHAT = {"choices": [{"message": {"role": "assistant", "content": "YES"}}]}


@pytest.fixture
async def zen() -> AsyncIterator[Upstream]:
    async with upstream() as zen:
        zen.answer = http(200, json.dumps(MESSAGE))
        yield zen


async def ask(zen: Upstream, model: str = "claude-haiku-4-5", within: float = 5.0) -> str | Unanswered:
    async with httpx.AsyncClient() as client:
        return await Zen(client, zen.url, KEY, model, time.time).complete(QUESTION, within)


@pytest.mark.parametrize(
    ("model", "path", "credential", "answer"),
    [
        ("claude-haiku-4-5", "/zen/v1/messages", ("x-api-key", KEY), MESSAGE),
        ("gpt-5-nano", "/zen/v1/responses", ("authorization", f"Bearer {KEY}"), RESPONSE),
        ("gemini-3-flash", "/zen/v1/models/gemini-3-flash:generateContent", ("x-goog-api-key", KEY), CONTENT),
        ("kimi-k2", "/zen/v1/chat/completions", ("authorization", f"Bearer {KEY}"), CHAT),
    ],
)
async def test_each_family_is_asked_in_its_own_words(
    zen: Upstream, model: str, path: str, credential: tuple[str, str], answer: dict[str, Any]
) -> None:
    zen.answer = http(200, json.dumps(answer))

    said = await ask(zen, model)

    (asked,) = zen.asked
    name, value = credential
    assert said == "YES"
    assert asked.path == path
    assert asked.headers[name] == value
    assert sum(KEY in header for header in asked.headers.values()) == 1
    assert texts_of(asked.body) == {QUESTION.instruction, QUESTION.material}


def texts_of(body: Any) -> set[str]:
    """What it says to the model, wherever that stands."""
    if isinstance(body, dict):
        return {text for value in body.values() for text in texts_of(value)}
    if isinstance(body, list):
        return {text for value in body for text in texts_of(value)}
    return {body} & {QUESTION.instruction, QUESTION.material}


@pytest.mark.parametrize(
    ("model", "steady"), [("claude-haiku-4-5", True), ("claude-opus-4-8", False), ("claude-sonnet-5", False)]
)
async def test_only_models_that_take_a_temperature_are_given_one(zen: Upstream, model: str, steady: bool) -> None:
    await ask(zen, model)

    assert ("temperature" in zen.asked[0].body) is steady
    assert zen.asked[0].body["max_tokens"] == 8


async def test_a_model_may_be_called_as_opencode_calls_it(zen: Upstream) -> None:
    await ask(zen, "opencode/claude-haiku-4-5")

    assert zen.asked[0].path == "/zen/v1/messages"
    assert zen.asked[0].body["model"] == "claude-haiku-4-5"


async def test_halves_of_surrogate_pairs_can_be_asked_about(zen: Upstream) -> None:
    async with httpx.AsyncClient() as client:
        one = Zen(client, zen.url, KEY, "claude-haiku-4-5", time.time)
        said = await one.complete(Question("x", "\ud83d", 8), 5.0)

    assert said == "YES"


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, Why.UNAUTHORISED),
        (402, Why.UNAUTHORISED),
        (403, Why.UNAUTHORISED),
        (429, Why.LIMITED),
        (400, Why.REFUSED),
        (404, Why.REFUSED),
        (302, Why.REFUSED),
        (500, Why.BROKEN),
        (503, Why.BROKEN),
        (529, Why.BROKEN),
    ],
)
async def test_a_refusal_is_a_value_and_is_not_argued_with(zen: Upstream, status: int, why: Why) -> None:
    zen.answer = http(status, json.dumps(MESSAGE), "Location: /elsewhere")

    assert await ask(zen) == Unanswered(why, status)
    assert len(zen.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Welcome</html>",
        "[]",
        "null",
        "42",
        "{}",
        '{"content": null}',
        '{"content": [{"type": "text"}]}',
        '{"content": [{"type": "text", "text": null}]}',
        '{"content": "YES"}',
        "[" * 100_000,
        json.dumps({"content": [{"type": "text", "text": "x" * 1_000_000}]}),
    ],
    ids=lambda body: body[:40],
)
async def test_what_makes_no_sense_is_a_value_too(zen: Upstream, body: str) -> None:
    zen.answer = http(200, body)

    assert await ask(zen) == Unanswered(Why.NONSENSE, 200)


async def test_an_answer_that_breaks_off_is_a_value(zen: Upstream) -> None:
    zen.answer = http(200, json.dumps(MESSAGE))[:-5]

    assert await ask(zen) == Unanswered(Why.UNREACHABLE)


async def test_bytes_that_are_no_http_are_a_value(zen: Upstream) -> None:
    zen.answer = b"220 smtp.example.com ESMTP\r\n"

    assert await ask(zen) == Unanswered(Why.UNREACHABLE)


async def test_nobody_listening_is_a_value() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert await ask(Upstream(f"http://127.0.0.1:{port}")) == Unanswered(Why.UNREACHABLE)


async def test_silence_ends_at_the_deadline(zen: Upstream) -> None:
    zen.answer = None

    began = time.monotonic()
    said = await ask(zen, within=0.1)

    assert said == Unanswered(Why.LATE)
    assert time.monotonic() - began < 2.0


async def test_an_answer_that_trickles_ends_at_the_deadline_too() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(0.01)

    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=drip()))
    async with httpx.AsyncClient(transport=transport) as client:
        said = await Zen(client, "http://zen", KEY, "claude-haiku-4-5", time.time).complete(QUESTION, 0.1)

    assert said == Unanswered(Why.LATE)


async def test_only_so_many_are_asked_at_once_and_all_in_the_end() -> None:
    running, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.01)
        running -= 1
        return httpx.Response(200, json=MESSAGE)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        zen = Zen(client, "http://zen", KEY, "claude-haiku-4-5", time.time)
        said = await asyncio.gather(*(zen.complete(QUESTION, 5.0) for _ in range(3 * MOST_AT_ONCE)))

    assert said == ["YES"] * (3 * MOST_AT_ONCE)
    assert most == MOST_AT_ONCE


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("-5", None),
        ("9" * 400, None),
        ("Thu, 01 Jan 99999 00:01:00 GMT", None),
    ],
)
def test_when_to_come_back(header: str, seconds: float | None) -> None:
    assert retry_after(header, now=100.0) == seconds


async def test_being_limited_says_for_how_long(zen: Upstream) -> None:
    zen.answer = http(429, "{}", "Retry-After: 7")

    assert await ask(zen) == Unanswered(Why.LIMITED, 429, after=7.0)


async def test_no_value_shows_the_key_or_what_was_said(zen: Upstream) -> None:
    zen.answer = http(401, f"bad key {KEY}")

    assert KEY not in repr(await ask(zen))
