"""Files on the page: attached by button, by dropping and by pasting, given to a command; and shown when they come."""

import json
from pathlib import Path

import pytest

from scripts.playground.discord import May, Overwrite, Upload
from tests.browser.conftest import Scene
from tests.browser.pictures import png
from tests.browser.screen import expect
from tests.playground.world import QUIET, Json

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

NATURAL = "picture => picture.complete && picture.naturalWidth"


PICTURE = Upload("shot.png", png(80, 40), "image/png")
NOTES = Upload("notes.txt", b"remember the milk", "text/plain")


async def written(scene: Scene, content: str) -> Json:
    def found() -> list[Json]:
        return [message for message in scene.ada.messages(scene.general) if message["content"] == content]

    await scene.discord.wait_for(found)
    return found()[0]


def contents(scene: Scene, message: Json) -> dict[str, bytes]:
    return {file["filename"]: scene.ada.download(file) for file in message["attachments"]}


async def test_files_are_attached_by_the_button_and_taken_away_again(scene: Scene, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)

    await scene.screen.attach(tmp_path / "a.txt", tmp_path / "b.txt")
    await scene.screen.page.get_by_role("button", name="Remove a.txt").click()
    await scene.screen.say("have a look")

    assert contents(scene, await written(scene, "have a look")) == {"b.txt": b"b.txt"}
    await expect(scene.screen.page.locator(".upload-bar")).to_have_count(0)


async def test_files_are_dropped_anywhere_on_the_messages(scene: Scene) -> None:
    await scene.screen.drop(NOTES, PICTURE)
    await expect(scene.screen.page.locator(".upload-picture")).to_have_count(1)

    await scene.screen.say("dropped")

    sent = await written(scene, "dropped")
    assert contents(scene, sent) == {"notes.txt": NOTES.content, "shot.png": PICTURE.content}
    assert sent["attachments"][1]["content_type"] == "image/png"


async def test_a_picture_is_pasted(scene: Scene) -> None:
    await scene.screen.paste(PICTURE)
    await scene.screen.say("pasted")

    assert contents(scene, await written(scene, "pasted")) == {"shot.png": PICTURE.content}


async def test_a_file_that_is_too_large_is_turned_away_before_it_is_sent(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "huge.bin").write_bytes(bytes(10 * 1024 * 1024 + 1))

    await scene.screen.attach(tmp_path / "huge.bin")

    await expect(scene.screen.page.locator(".toast")).to_contain_text("huge.bin is too large: at most 10.0 MB.")
    await expect(scene.screen.page.locator(".upload-bar")).to_have_count(0)


async def test_what_could_not_be_sent_is_not_lost(scene: Scene) -> None:
    await scene.screen.paste(NOTES)
    scene.discord.world.channel(scene.general).overwrites[scene.discord.guild] = no_files(scene)

    await scene.screen.say("kept")

    await expect(scene.screen.page.locator(".toast")).to_contain_text("Missing Permissions")
    await expect(scene.screen.composer).to_have_value("kept")
    await expect(scene.screen.page.locator(".upload-bar")).to_contain_text("notes.txt")
    scene.screen.errors.clear()  # the browser notes every 403


def no_files(scene: Scene) -> Overwrite:
    return Overwrite(scene.discord.guild, 0, deny=int(May.ATTACH_FILES))


async def test_a_picture_is_shown_and_a_text_is_there_to_read_and_to_keep(scene: Scene, tmp_path: Path) -> None:
    files = {f"files[{n}]": (f.filename, f.content, f.content_type) for n, f in enumerate((PICTURE, NOTES))}
    body = {"payload_json": json.dumps({"content": "Here.", "allowed_mentions": QUIET})}
    await scene.bot.post(f"/channels/{scene.general}/messages", data=body, files=files)
    shown = await scene.screen.sees("Here.")

    picture, link = shown.locator(".picture img"), shown.get_by_role("link", name="notes.txt")
    await expect(picture).to_be_visible()
    async with scene.screen.page.expect_download() as downloading:
        await link.click()
    await (await downloading.value).save_as(tmp_path / "saved.txt")
    await shown.get_by_text("Preview").click()

    await expect(shown.locator(".preview pre")).to_have_text("remember the milk")
    await expect(shown.locator(".file-card small")).to_have_text("17 bytes")
    assert await picture.evaluate(NATURAL) == 80
    assert (tmp_path / "saved.txt").read_bytes() == NOTES.content


async def test_a_command_takes_a_file_that_is_chosen_or_dropped(scene: Scene, tmp_path: Path) -> None:
    options = [
        {"type": 3, "name": "prompt", "description": "What", "required": True},
        {"type": 11, "name": "file", "description": "A file"},
    ]
    command = {"name": "look", "description": "Look at something", "options": options}
    await scene.bot.put(f"/applications/{scene.discord.application_id}/commands", json=[command])
    await scene.screen.hears_of("look")
    (tmp_path / "chosen.txt").write_bytes(b"chosen")
    screen = scene.screen

    await screen.composer.fill("/look prompt: first ")
    await screen.page.get_by_role("button", name="+ file").click()
    await screen.page.get_by_label("file", exact=True).set_input_files(str(tmp_path / "chosen.txt"))
    await screen.page.get_by_label("prompt").press("Enter")
    first = await scene.heard(1)
    await screen.composer.fill("/look prompt: second ")
    await screen.drop(NOTES)
    await screen.page.get_by_label("prompt").press("Enter")
    second = await scene.heard(2)

    assert files_of(scene, first) == {"chosen.txt": b"chosen"}
    assert files_of(scene, second) == {"notes.txt": NOTES.content}


def files_of(scene: Scene, told: Json) -> dict[str, bytes]:
    return {file["filename"]: scene.ada.download(file) for file in told["data"]["resolved"]["attachments"].values()}
