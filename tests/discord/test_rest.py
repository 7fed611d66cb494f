"""One request and everything that can happen to it. Discord is played by respx; time passes only by sleeping."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import respx

from app.discord import payloads
from app.discord.buckets import Book, Route
from app.discord.errors import Forbidden, NotFound, Rejected, TokenDead, Unauthorized, Unavailable
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.turns.records import File

pytestmark = pytest.mark.anyio

BASE = "https://discord.test/api/v10"
TOKEN = "bot-s3cret"
HOOK = "hook-s3cret"
MESSAGES = f"{BASE}/channels/1/messages"
ORIGINAL = f"{BASE}/webhooks/7/{HOOK}/messages/@original"
PLAIN = payloads.message("hi")
ONCE = payloads.message("hi", nonce="n1")


class Clock:
    """Remembers what was slept; sleeping is the only thing that takes time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def resting() -> AsyncIterator[tuple[Rest, Clock]]:
    clock = Clock()
    async with httpx.AsyncClient() as http:
        yield Rest(Transport(http, BASE, TOKEN, now=clock, sleep=clock.sleep, jitter=lambda: 1.0)), clock


def ok(message_id: str = "5", **headers: str) -> httpx.Response:
    return httpx.Response(200, json={"id": message_id}, headers=headers)


def limited(seconds: float, *, scope: str = "user", everything: bool = False) -> httpx.Response:
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everything}
    return httpx.Response(429, json=body, headers={"Retry-After": "99", "X-RateLimit-Scope": scope})


def refused(status: int, code: int, message: str = "No") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message})


# --- what goes out -----------------------------------------------------------------------------------------------


@respx.mock
async def test_a_request_says_who_we_are() -> None:
    route = respx.post(MESSAGES).mock(return_value=ok())
    async with resting() as (rest, _):
        await rest.create_message("1", ONCE)
    sent = route.calls.last.request
    assert sent.headers["Authorization"] == f"Bot {TOKEN}"
    assert sent.headers["User-Agent"].startswith("DiscordBot (https://")
    assert sent.headers["Content-Type"] == "application/json"
    assert json.loads(sent.content) == {
        "content": "hi",
        "allowed_mentions": {"parse": []},
        "nonce": "n1",
        "enforce_nonce": True,
    }


@respx.mock
async def test_an_interactions_webhook_is_not_told_the_bots_token() -> None:
    route = respx.patch(ORIGINAL).mock(return_value=ok())
    async with resting() as (rest, _):
        await rest.edit_original("7", HOOK, payloads.edit("hi"))
    assert "Authorization" not in route.calls.last.request.headers


@respx.mock
async def test_files_travel_beside_the_message() -> None:
    route = respx.post(MESSAGES).mock(return_value=ok())
    async with resting() as (rest, _):
        message = payloads.message("log", file_names=["a.txt", "b.bin"])
        await rest.create_message("1", message, [File("a.txt", b"AAA"), File("b.bin", b"\x00BBB")])
    sent = route.calls.last.request
    assert sent.headers["Content-Type"].startswith("multipart/form-data")
    for part in (b'name="payload_json"', b'name="files[0]"; filename="a.txt"', b'name="files[1]"', b"\x00BBB"):
        assert part in sent.content
    assert b'"attachments": [{"id": "0", "filename": "a.txt"}' in sent.content


@respx.mock
async def test_pages_are_asked_for_by_cursor() -> None:
    route = respx.get(MESSAGES).mock(return_value=httpx.Response(200, json=[]))
    async with resting() as (rest, _):
        assert await rest.get_messages("1", after="77", limit=10) == []
    assert dict(route.calls.last.request.url.params) == {"limit": "10", "after": "77"}


# --- rate limits -------------------------------------------------------------------------------------------------


@respx.mock
async def test_a_429_waits_as_long_as_its_body_says_and_goes_on() -> None:
    respx.post(MESSAGES).mock(side_effect=[limited(0.65), ok("6")])
    async with resting() as (rest, clock):
        sent = await rest.create_message("1", PLAIN)
    assert sent["id"] == "6"
    assert clock.slept == [pytest.approx(0.65)]


@respx.mock
async def test_a_429_without_a_number_in_its_body_waits_as_long_as_its_header_says() -> None:
    answer = httpx.Response(429, json={"message": "slow down"}, headers={"retry-after": "3"})
    respx.post(MESSAGES).mock(side_effect=[answer, ok()])
    async with resting() as (rest, clock):
        await rest.create_message("1", PLAIN)
    assert clock.slept == [3.0]


@respx.mock
async def test_an_empty_bucket_makes_the_next_request_wait() -> None:
    spent = {"X-RateLimit-Bucket": "b", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4.5"}
    respx.post(MESSAGES).mock(side_effect=[ok(**spent), ok()])
    other = respx.post(f"{BASE}/channels/2/messages").mock(return_value=ok())
    async with resting() as (rest, clock):
        await rest.create_message("1", PLAIN)
        await rest.create_message("2", PLAIN)
        assert other.called
        assert clock.slept == []
        await rest.create_message("1", PLAIN)
    assert clock.slept == [4.5]


@respx.mock
async def test_a_global_429_holds_the_other_routes_but_not_interactions() -> None:
    respx.post(MESSAGES).mock(return_value=limited(31.0, scope="global", everything=True))
    respx.get(f"{BASE}/channels/2").mock(return_value=ok())
    respx.patch(ORIGINAL).mock(return_value=ok())
    async with resting() as (rest, clock):
        with pytest.raises(Unavailable):
            await rest.create_message("1", PLAIN)
        await rest.edit_original("7", HOOK, payloads.edit("x"))
        assert clock.slept == []
        clock.now += 5
        await rest.get_channel("2")
    assert clock.slept == [26.0]


@respx.mock
async def test_a_limit_that_outlasts_the_deadline_is_left_to_the_turn() -> None:
    respx.post(MESSAGES).mock(return_value=limited(600.0))
    async with resting() as (rest, clock):
        with pytest.raises(Unavailable) as failure:
            await rest.create_message("1", PLAIN)
    assert failure.value.after == pytest.approx(600.0)
    assert clock.slept == []


@respx.mock
async def test_endless_429s_come_to_an_end() -> None:
    route = respx.post(MESSAGES).mock(return_value=limited(0.0))
    async with resting() as (rest, _):
        with pytest.raises(Unavailable):
            await rest.create_message("1", PLAIN)
    assert 2 < route.call_count < 10


@respx.mock
async def test_messages_to_a_thread_arrive_in_order_whatever_happens_to_the_first() -> None:
    arrived: list[str] = []
    troubles = [limited(1.0), httpx.Response(502), limited(0.5, scope="shared")]

    async def receive(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if troubles:
            return troubles.pop(0)
        arrived.append(json.loads(request.content)["content"])
        return ok()

    respx.post(MESSAGES).mock(side_effect=receive)
    async with resting() as (rest, _):
        await asyncio.gather(*(rest.create_message("1", payloads.message(str(n), nonce=str(n))) for n in range(6)))
    assert arrived == ["0", "1", "2", "3", "4", "5"]


@respx.mock
async def test_channels_do_not_wait_for_each_other() -> None:
    met = asyncio.Event()

    async def wait(request: httpx.Request) -> httpx.Response:
        await asyncio.wait_for(met.wait(), 5)
        return ok()

    async def meet(request: httpx.Request) -> httpx.Response:
        met.set()
        return ok()

    respx.post(MESSAGES).mock(side_effect=wait)
    respx.post(f"{BASE}/channels/2/messages").mock(side_effect=meet)
    async with resting() as (rest, _):
        await asyncio.gather(rest.create_message("1", PLAIN), rest.create_message("2", PLAIN))
    assert met.is_set()


# --- failures ----------------------------------------------------------------------------------------------------

UNKNOWN_EFFECT = [
    httpx.Response(500),
    httpx.Response(502, text="<html>"),
    httpx.Response(503),
    httpx.Response(200, text="<html>captive</html>"),
    httpx.ReadTimeout("slow"),
    httpx.ReadError("cut"),
    httpx.RemoteProtocolError("gone"),
    TimeoutError(),
]


@pytest.mark.parametrize("trouble", UNKNOWN_EFFECT, ids=repr)
@respx.mock
async def test_a_message_with_a_nonce_is_sent_again(trouble: httpx.Response | Exception) -> None:
    route = respx.post(MESSAGES).mock(side_effect=[trouble, trouble, ok("6")])
    async with resting() as (rest, clock):
        assert (await rest.create_message("1", ONCE))["id"] == "6"
    assert route.call_count == 3
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("trouble", UNKNOWN_EFFECT, ids=repr)
@respx.mock
async def test_a_message_without_a_nonce_is_not(trouble: httpx.Response | Exception) -> None:
    route = respx.post(MESSAGES).mock(side_effect=[trouble, ok()])
    async with resting() as (rest, _):
        with pytest.raises(Unavailable):
            await rest.create_message("1", PLAIN)
    assert route.call_count == 1


@pytest.mark.parametrize("trouble", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), limited(0.1)])
@respx.mock
async def test_what_certainly_had_no_effect_is_always_sent_again(trouble: httpx.Response | Exception) -> None:
    route = respx.post(MESSAGES).mock(side_effect=[trouble, ok()])
    async with resting() as (rest, _):
        await rest.create_message("1", PLAIN)
    assert route.call_count == 2


@respx.mock
async def test_reads_edits_and_deletions_are_repeated() -> None:
    respx.get(f"{BASE}/channels/1").mock(side_effect=[httpx.Response(500), ok()])
    respx.patch(ORIGINAL).mock(side_effect=[httpx.ReadTimeout("slow"), ok()])
    respx.delete(ORIGINAL).mock(side_effect=[httpx.Response(503), httpx.Response(204)])
    async with resting() as (rest, _):
        await rest.get_channel("1")
        await rest.edit_original("7", HOOK, payloads.edit("x"))
        await rest.delete_original("7", HOOK)
    assert respx.calls.call_count == 6


@respx.mock
async def test_a_lasting_failure_is_left_to_the_turn() -> None:
    route = respx.get(f"{BASE}/channels/1").mock(return_value=httpx.Response(503))
    async with resting() as (rest, clock):
        with pytest.raises(Unavailable):
            await rest.get_channel("1")
    assert route.call_count == 6
    assert sum(clock.slept) <= 30


@respx.mock
async def test_an_address_that_is_banned_leaves_discord_alone() -> None:
    answer = httpx.Response(429, text="error code: 1015", headers={"Retry-After": "1200"})
    route = respx.route().mock(return_value=answer)
    async with resting() as (rest, _):
        for call in (rest.get_channel("1"), rest.get_channel("2"), rest.delete_original("7", HOOK)):
            with pytest.raises(Unavailable):
                await call
    assert route.call_count == 1


@respx.mock
async def test_too_many_invalid_requests_stop_us_before_discord_does() -> None:
    respx.get(f"{BASE}/channels/1").mock(return_value=refused(403, 50001))
    respx.get(f"{BASE}/channels/2").mock(return_value=limited(600.0, scope="shared"))
    clock = Clock()
    async with httpx.AsyncClient() as http:
        transport = Transport(http, BASE, TOKEN, now=clock, sleep=clock.sleep, book=Book(most_invalid=2))
        for channel, expected in (("1", Forbidden), ("2", Unavailable), ("1", Forbidden), ("1", Unavailable)):
            with pytest.raises(expected):
                await transport.request(Route.to("GET", "/channels/{channel}", channel=channel))
    assert respx.calls.call_count == 3


@respx.mock
async def test_an_answer_that_drips_in_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.discord.transport.TRY_SECONDS", 0.02)

    tries = list[httpx.Request]()

    async def hang(request: httpx.Request) -> httpx.Response:
        tries.append(request)
        await asyncio.Event().wait()
        raise AssertionError

    respx.get(f"{BASE}/channels/1").mock(side_effect=hang)
    async with resting() as (rest, _):
        with pytest.raises(Unavailable, match="TimeoutError"):
            await rest.get_channel("1")
    assert len(tries) == 6


# --- refusals ----------------------------------------------------------------------------------------------------


@respx.mock
async def test_a_bad_token_is_no_fault_of_the_turn() -> None:
    respx.get(f"{BASE}/applications/@me").mock(return_value=refused(401, 0, "401: Unauthorized"))
    async with resting() as (rest, _):
        with pytest.raises(Unauthorized):
            await rest.current_application()


@respx.mock
async def test_a_missing_permission_is_named() -> None:
    respx.post(MESSAGES).mock(return_value=refused(403, 50013, "Missing Permissions"))
    respx.post(f"{MESSAGES}/9/threads").mock(return_value=refused(403, 50013, "Missing Permissions"))
    respx.get(f"{BASE}/channels/1").mock(return_value=refused(403, 50001, "Missing Access"))
    async with resting() as (rest, _):
        with pytest.raises(Forbidden, match="50013") as sending:
            await rest.create_message("1", PLAIN)
        with pytest.raises(Forbidden) as threading:
            await rest.start_thread_from_message("1", "9", "x")
        with pytest.raises(Forbidden) as looking:
            await rest.get_channel("1")
    assert "Send Messages" in sending.value.tell
    assert "Create Public Threads" in threading.value.tell
    assert "View Channel" in looking.value.tell


@pytest.mark.parametrize(
    ("code", "words"),
    [(50083, "this thread is archived"), (160005, "this thread is locked"), (40005, "a file because it is too large")],
)
@respx.mock
async def test_what_discord_forbids_for_another_reason_is_told_by_that_one(code: int, words: str) -> None:
    respx.post(MESSAGES).mock(return_value=refused(403, code, "No"))
    async with resting() as (rest, _):
        with pytest.raises(Forbidden) as refusal:
            await rest.create_message("1", PLAIN)
    assert words in refusal.value.tell
    assert "Send Messages" not in refusal.value.tell


@respx.mock
async def test_a_channel_that_is_gone_is_told_in_words() -> None:
    respx.post(MESSAGES).mock(return_value=refused(404, 10003, "Unknown Channel"))
    async with resting() as (rest, _):
        with pytest.raises(NotFound) as refusal:
            await rest.create_message("1", PLAIN)
    assert refusal.value.code == 10003
    assert "could not find that channel or thread" in refusal.value.tell


@respx.mock
async def test_another_refusal_keeps_its_code_and_is_not_tried_again() -> None:
    route = respx.post(MESSAGES).mock(return_value=refused(400, 50035, "Invalid Form Body"))
    async with resting() as (rest, _):
        with pytest.raises(Rejected, match="50035: Invalid Form Body") as refusal:
            await rest.create_message("1", ONCE)
    assert refusal.value.status == 400
    assert route.call_count == 1


@pytest.mark.parametrize("answer", [refused(404, 10015), refused(401, 50027), refused(404, 10062), httpx.Response(401)])
@respx.mock
async def test_a_dead_interaction_is_told_apart(answer: httpx.Response) -> None:
    respx.patch(ORIGINAL).mock(return_value=answer)
    async with resting() as (rest, _):
        with pytest.raises(TokenDead):
            await rest.edit_original("7", HOOK, payloads.edit("x"))


@respx.mock
async def test_a_thread_that_is_there_already_is_the_thread() -> None:
    respx.post(f"{MESSAGES}/9/threads").mock(return_value=refused(400, 160004))
    async with resting() as (rest, _):
        assert await rest.start_thread_from_message("1", "9", "name") == "9"


# --- secrets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [httpx.ReadError("cut"), httpx.Response(500), refused(404, 10015), refused(400, 1)])
@respx.mock
async def test_no_token_gets_into_exceptions_or_logs(
    trouble: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    respx.route().mock(side_effect=[trouble] * 20 if isinstance(trouble, Exception) else lambda _: trouble)
    async with resting() as (rest, _):
        for call in (rest.edit_original("7", HOOK, {}), rest.follow_up("7", HOOK, {}), rest.get_channel("1")):
            with pytest.raises((Rejected, Unavailable)) as failure:
                await call
            told = "".join(traceback.format_exception(failure.value)) + repr(failure.value)
            assert "s3cret" not in told
    assert "s3cret" not in caplog.text
