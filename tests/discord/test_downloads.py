"""Fetching what people attach. Discord is played by respx, a host that has no end by a server on loopback."""

import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
import respx

from app.discord import downloads
from app.discord.downloads import Downloads
from app.discord.errors import Unavailable
from app.discord.rest import Rest
from app.discord.transport import Transport
from app.ids import ChannelId, MessageId
from app.turns.errors import Refused, Retriable
from app.turns.records import Attachment, File

pytestmark = pytest.mark.anyio

BASE = "https://discord.com/api/v10"
TOKEN = "bot-s3cret"
CDN = "https://cdn.discordapp.com/attachments/2/9/a.txt"
OLD, NEW = f"{CDN}?hm=0ld-s3cret", f"{CDN}?hm=new-s3cret"
MESSAGE = f"{BASE}/channels/2/messages/5"
DESCRIBED = {"id": "9", "filename": "a.txt", "size": 5, "url": NEW}


def attached(url: str = OLD, size: int = 5) -> Attachment:
    return Attachment("9", "a.txt", size, url)


@asynccontextmanager
async def opened(base: str = BASE) -> AsyncIterator[Downloads]:
    async with httpx.AsyncClient() as http:
        yield Downloads(http, base, Rest(Transport(http, base, TOKEN)))


async def fetch(attachment: Attachment, message: str | None = "5", most: int = 100, base: str = BASE) -> File:
    attachment = replace(attachment, channel=ChannelId("2"), message=MessageId(message) if message else None)
    async with opened(base) as downloads:
        return await downloads.fetch(attachment, most)


def shown(*attachments: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"id": "5", "attachments": list(attachments)})


@respx.mock
async def test_a_file_comes_from_the_cdn_which_is_not_told_who_we_are() -> None:
    route = respx.get(OLD).mock(return_value=httpx.Response(200, content=b"\x00\xff"))

    file = await fetch(attached())

    assert file == File("a.txt", b"\x00\xff")
    sent = route.calls.last.request
    assert "Authorization" not in sent.headers
    assert TOKEN not in str(sent.headers)


@pytest.mark.parametrize("status", [403, 404])
@respx.mock
async def test_an_address_that_has_run_out_is_read_anew_from_the_message(status: int) -> None:
    respx.get(OLD).mock(return_value=httpx.Response(status))
    respx.get(MESSAGE).mock(return_value=shown({**DESCRIBED, "id": "8", "url": OLD}, DESCRIBED))
    respx.get(NEW).mock(return_value=httpx.Response(200, content=b"hello"))

    assert (await fetch(attached())).content == b"hello"


@pytest.mark.parametrize(
    "now",
    [
        shown(),
        shown({**DESCRIBED, "id": "8"}),
        shown(DESCRIBED),
        httpx.Response(200, json={"id": "5"}),
        httpx.Response(404, json={"code": 10008, "message": "Unknown Message"}),
    ],
    ids=["none", "another", "run out again", "unseen", "message deleted"],
)
@respx.mock
async def test_a_file_that_is_gone_is_told_by_its_name(now: httpx.Response) -> None:
    respx.get(url__startswith=CDN).mock(return_value=httpx.Response(404))
    respx.get(MESSAGE).mock(return_value=now)

    with pytest.raises(Refused, match=r"the file a\.txt: Discord does not have it any more\. Please send it again"):
        await fetch(attached())


@respx.mock
async def test_a_file_of_a_command_has_no_message_to_be_read_anew() -> None:
    respx.get(OLD).mock(return_value=httpx.Response(404))

    with pytest.raises(Refused, match="does not have it any more"):
        await fetch(attached(), message=None)


@respx.mock
async def test_a_fresh_address_elsewhere_is_not_followed_either() -> None:
    respx.get(OLD).mock(return_value=httpx.Response(404))
    respx.get(MESSAGE).mock(return_value=shown({**DESCRIBED, "url": "https://evil.example/a.txt"}))
    evil = respx.get("https://evil.example/a.txt")

    with pytest.raises(Refused, match="could not fetch"):
        await fetch(attached())

    assert not evil.called


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/attachments/2/9/a.txt",
        "https://cdn.discordapp.com:8443/a",
        "https://cdn.discordapp.com.evil.example/a",
        "https://cdn.discordapp.com@evil.example/a",
        "https://somebody@cdn.discordapp.com/attachments/2/9/a.txt",
        "https://somebody:s3cret@cdn.discordapp.com/attachments/2/9/a.txt",
        "https://cdn.discordapp.com\\@evil.example/a",
        "https://evil.example/cdn.discordapp.com",
        "https://discord.com/api/v10/users/@me",
        "https://127.0.0.1/a",
        "http://127.0.0.1:8787/metrics",
        "file:///etc/passwd",
        "//cdn.discordapp.com/a",
        "https://[::1/a",
        "a\x00b",
        "",
    ],
)
@respx.mock
async def test_no_other_host_is_asked(url: str) -> None:
    with pytest.raises(Refused, match=r"the file a\.txt"):
        await fetch(attached(url))

    assert not respx.calls


@respx.mock
async def test_another_discord_keeps_its_own_files() -> None:
    base = "http://127.0.0.1:9/api/v10"
    respx.get("http://127.0.0.1:9/attachments/9/a.txt").mock(return_value=httpx.Response(200, content=b"hello"))

    file = await fetch(attached("http://127.0.0.1:9/attachments/9/a.txt"), base=base)

    assert file.content == b"hello"
    with pytest.raises(Refused):
        await fetch(attached("http://169.254.169.254/latest"), base=base)


@pytest.mark.parametrize("target", ["https://evil.example/a", NEW])
@respx.mock
async def test_nobody_leads_us_elsewhere(target: str) -> None:
    respx.get(OLD).mock(return_value=httpx.Response(302, headers={"Location": target}))
    led = respx.get(target)

    with pytest.raises(Refused, match="could not fetch"):
        await fetch(attached())

    assert not led.called


@respx.mock
async def test_what_discord_says_is_too_large_is_not_even_asked_for() -> None:
    with pytest.raises(Refused, match=r"could not take the file a\.txt: 100 bytes is the most"):
        await fetch(attached(size=101))

    assert not respx.calls


async def test_a_file_without_an_end_is_given_up_at_the_limit() -> None:
    sent = 0

    async def serve(client: anyio.abc.SocketStream) -> None:
        nonlocal sent
        async with client:
            await client.receive()
            await client.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            try:
                while True:
                    await client.send(b"x" * 1_000)
                    sent += 1_000
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        base = f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}"

        with pytest.raises(Refused, match="is the most"):
            await fetch(attached(f"{base}/attachments/9/a.txt"), most=10_000, base=f"{base}/api/v10")
        group.cancel_scope.cancel()

    assert sent < 20_000_000


@pytest.mark.parametrize("status", [429, 500, 503])
@respx.mock
async def test_a_cdn_in_trouble_is_asked_again_later(status: int) -> None:
    respx.get(OLD).mock(return_value=httpx.Response(status))

    with pytest.raises(Retriable) as told:
        await fetch(attached())

    assert told.value.tell
    assert "try again" in told.value.tell


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("no"), httpx.RemoteProtocolError("no")])
@respx.mock
async def test_a_cdn_that_cannot_be_reached_is_asked_again_later(error: Exception) -> None:
    respx.get(OLD).mock(side_effect=error)

    with pytest.raises(Retriable):
        await fetch(attached())


@respx.mock
async def test_a_file_that_takes_for_ever_is_asked_for_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "SECONDS", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await anyio.sleep(0.02)

    respx.get(OLD).mock(side_effect=lambda request: httpx.Response(200, content=trickle()))

    with pytest.raises(Retriable):
        await fetch(attached())


@respx.mock
async def test_a_discord_in_trouble_is_asked_again_later() -> None:
    respx.get(OLD).mock(return_value=httpx.Response(404))
    respx.get(MESSAGE).mock(return_value=httpx.Response(429, json={"retry_after": 99.0, "global": False}))

    with pytest.raises(Unavailable):
        await fetch(attached())


@respx.mock
async def test_an_address_gets_neither_into_the_log_nor_into_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    respx.get(OLD).mock(side_effect=[httpx.Response(200), httpx.ConnectError(OLD), httpx.Response(500)])
    said = []

    await fetch(attached())
    for _ in range(2):
        with pytest.raises(Retriable) as told:
            await fetch(attached())
        said.append("".join(traceback.format_exception(told.value)) + str(told.value.tell))

    assert "s3cret" not in caplog.text
    assert not any("s3cret" in one for one in said)


@pytest.mark.parametrize("host", ["cdn.discordapp.com", "media.discordapp.net"])
@respx.mock
async def test_nor_does_that_of_a_commands_file(host: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    url = f"https://{host}/ephemeral-attachments/2/9/a.txt?hm=s3cret"
    respx.get(url).mock(return_value=httpx.Response(200))

    await fetch(attached(url), message=None)

    assert "s3cret" not in caplog.text
