"""Files: how they are kept, named and described, what an edit leaves of them, and the addresses that run out."""

import json
import struct
from typing import Any

import httpx
import pytest

from scripts.playground.discord import Impossible, Person, Simulator, Upload
from tests.playground.world import QUIET, App, Json

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + bytes(5)


async def send(bot: httpx.AsyncClient, channel: str, *names: str) -> Json:
    files = {f"files[{number}]": (name, name.encode()) for number, name in enumerate(names)}
    payload = json.dumps({"content": "x", "allowed_mentions": QUIET})
    sent = await bot.post(f"/channels/{channel}/messages", data={"payload_json": payload}, files=files)
    return dict(sent.json())


async def edit(bot: httpx.AsyncClient, message: Json, files: Json | None = None, **body: Any) -> httpx.Response:
    where = f"/channels/{message['channel_id']}/messages/{message['id']}"
    body |= {"allowed_mentions": QUIET}
    if files is None:
        return await bot.patch(where, json=body)
    return await bot.patch(where, data={"payload_json": json.dumps(body)}, files=files)


def names(message: Json) -> list[str]:
    return [attachment["filename"] for attachment in message["attachments"]]


async def test_a_persons_file_is_described_as_discord_does(ada: Person, general: str) -> None:
    sent = await ada.write(general, "", files=[Upload("my notes (1).txt", b"caf\xc3\xa9"), Upload("pic.png", PNG)])

    text, picture = sent["attachments"]
    assert (text["filename"], text["title"], text["size"]) == ("my_notes_1.txt", "my notes (1).txt", 5)
    assert text["content_type"] == "text/plain; charset=utf-8"
    assert (picture["content_type"], picture["width"], picture["height"]) == ("image/png", 640, 480)
    assert "title" not in picture


async def test_an_address_opens_without_a_token_runs_out_and_is_fresh_when_read_again(
    discord: Simulator, bot: httpx.AsyncClient, ada: Person, general: str
) -> None:
    sent = await ada.write(general, "", files=[Upload("a.txt", b"text")])
    where, message = sent["attachments"][0]["url"], f"/channels/{general}/messages/{sent['id']}"
    async with httpx.AsyncClient(trust_env=False) as anybody:
        at_once = await anybody.get(where)
        discord.clock.advance(discord.world.rules.attachment_seconds)
        late = await anybody.get(where)
        again = await anybody.get((await bot.get(message)).json()["attachments"][0]["url"])

    assert (at_once.content, late.status_code, again.content) == (b"text", 404, b"text")


@pytest.mark.parametrize("change", [lambda url: url.partition("?")[0], lambda url: url.replace("ex=6", "ex=7")])
async def test_an_address_that_nobody_signed_opens_nothing(
    bot: httpx.AsyncClient, ada: Person, general: str, change: Any
) -> None:
    sent = await ada.write(general, "", files=[Upload("a.txt", b"text")])
    url = sent["attachments"][0]["url"]

    assert change(url) != url
    assert (await bot.get(change(url))).status_code == 404


async def test_an_edit_that_says_nothing_of_attachments_keeps_them(bot: httpx.AsyncClient, general: str) -> None:
    sent = await send(bot, general, "a.txt", "b.txt")

    edited = (await edit(bot, sent, content="y")).json()
    with_more = (await edit(bot, sent, files={"files[0]": ("c.txt", b"c")})).json()

    assert names(edited) == ["a.txt", "b.txt"]
    assert names(with_more) == ["a.txt", "b.txt", "c.txt"]


async def test_an_edit_keeps_the_attachments_that_it_lists_and_takes_new_ones(
    bot: httpx.AsyncClient, general: str
) -> None:
    sent = await send(bot, general, "a.txt", "b.txt")
    kept = {"id": sent["attachments"][1]["id"]}

    edited = await edit(
        bot, sent, files={"files[0]": ("c.txt", b"c")}, attachments=[kept, {"id": "0", "filename": "c.txt"}]
    )

    assert names(edited.json()) == ["b.txt", "c.txt"]


async def test_an_edit_cannot_list_what_is_not_there_nor_go_beyond_ten(bot: httpx.AsyncClient, general: str) -> None:
    sent = await send(bot, general, *(f"{number}.txt" for number in range(10)))

    unknown = await edit(bot, sent, attachments=[{"id": "1" * 18}])
    eleventh = await edit(bot, sent, files={"files[0]": ("k.txt", b"k")})

    assert (unknown.status_code, unknown.json()["code"]) == (400, 50035)
    assert (eleventh.status_code, eleventh.json()["code"]) == (400, 30015)


async def test_a_command_takes_a_file_up_to_the_limit(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    command = {"name": "look", "description": "d", "options": [{"type": 11, "name": "file", "description": "d"}]}
    await bot.put(f"/applications/{discord.application_id}/commands", json=[command])

    await (await ada.command(general, "look", {"file": Upload("a.txt", b"text")})).response()
    with pytest.raises(Impossible, match="too large"):
        await ada.command(general, "look", {"file": Upload("big", bytes(10 * 1024 * 1024 + 1))})

    (told,) = app.received
    (attachment,) = told["data"]["resolved"]["attachments"].values()
    assert (attachment["filename"], attachment["ephemeral"]) == ("a.txt", True)
    assert ada.download(attachment) == b"text"


async def test_the_page_sends_a_file_as_a_commands_option(
    discord: Simulator, bot: httpx.AsyncClient, app: App, ada: Person, general: str
) -> None:
    command = {"name": "look", "description": "d", "options": [{"type": 11, "name": "file", "description": "d"}]}
    await bot.put(f"/applications/{discord.application_id}/commands", json=[command])
    where = f"{discord.url}/play/users/{ada.id}/commands"
    option = {"type": 11, "name": "file", "value": "0"}
    payload = {"channel_id": general, "name": "look", "options": [option]}

    sent = await bot.post(
        where, data={"payload_json": json.dumps(payload)}, files={"files[0]": ("a.txt", b"text", "text/plain")}
    )
    without = await bot.post(where, json=payload)
    await discord.wait_for(lambda: app.received)

    (attachment,) = app.received[0]["data"]["resolved"]["attachments"].values()
    assert (sent.status_code, without.status_code) == (202, 400)
    assert ada.download(attachment) == b"text"
