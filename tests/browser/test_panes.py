"""A channel on the page: what is in sight when something is said, and how much room things take."""

import time
from typing import TYPE_CHECKING

import pytest

from scripts.playground.discord import May, Person, Upload
from tests.browser.conftest import Scene
from tests.browser.screen import expect
from tests.playground.world import Json

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

LONG_NAME = "a-very-long-file-name-that-never-seems-to-end-" * 4 + "report.txt"
HEIGHT = "element => element.getBoundingClientRect().height"
# Of a name that was cut: whether its end can be seen.
ENDS_INSIDE = """name => name.lastElementChild.getBoundingClientRect().right
  <= name.closest(".file-card").getBoundingClientRect().right"""
LEVELS = ["quiet: that there is work, and how it went", "verbose: all of it"]
LEVEL = {
    "type": 3,
    "name": "level",
    "description": "How much",
    "required": True,
    "choices": [{"name": name, "value": name[:5]} for name in LEVELS],
}


def moderator(scene: Scene) -> Person:
    return scene.discord.add_person("Mia", permissions=int(May.MANAGE_THREADS))


async def read_from_the_top(scene: Scene) -> "Locator":
    """More than there is room for, and the person has scrolled up to its beginning."""
    for number in range(12):
        await scene.post(f"message {number}\n" + "line\n" * 5)
    await scene.screen.sees("message 11")
    await expect(scene.screen.message("message 11")).to_be_in_viewport()
    first = scene.screen.message("message 0")
    await first.scroll_into_view_if_needed()
    await expect(scene.screen.page.get_by_role("button", name="Jump to present")).to_be_visible()
    return first


async def offer(scene: Scene, *options: Json) -> None:
    command: Json = {"name": "look-at-something", "description": "Look at something. " * 5, "options": list(options)}
    await scene.bot.put(f"/applications/{scene.discord.application_id}/commands", json=[command])
    await scene.screen.hears_of(command["name"])


async def test_what_one_says_oneself_is_scrolled_to(scene: Scene) -> None:
    first = await read_from_the_top(scene)

    await scene.screen.say("here I am")

    await expect(scene.screen.message("here I am")).to_be_in_viewport(ratio=1)
    await expect(first).not_to_be_in_viewport()
    await expect(scene.screen.page.get_by_role("button", name="Jump to present")).to_be_hidden()


async def test_what_others_say_moves_nobody_and_can_be_jumped_to(scene: Scene) -> None:
    first = await read_from_the_top(scene)

    await scene.post("something new")
    await expect(scene.screen.message("something new")).to_be_attached()
    still_there = await first.evaluate("element => element.getBoundingClientRect().bottom > 0")
    await scene.screen.page.get_by_role("button", name="Jump to present").click()

    assert still_there
    await expect(scene.screen.message("something new")).to_be_in_viewport(ratio=1)


async def test_the_answer_to_a_command_is_in_sight_with_all_its_buttons(scene: Scene) -> None:
    await offer(scene)
    await read_from_the_top(scene)
    sure = [{"type": 1, "components": [{"type": 2, "style": 4, "label": "Reset", "custom_id": "reset"}]}]
    scene.app.says(4, content="Sure?\n" + "line\n" * 8, flags=64, components=sure, allowed_mentions={"parse": []})

    await scene.screen.composer.fill("/look-at-something ")
    await scene.screen.page.get_by_role("button", name="Press Enter to send").press("Enter")

    await expect(scene.screen.button("Reset")).to_be_in_viewport(ratio=1)


async def test_an_archived_thread_says_so_until_a_message_opens_it(scene: Scene) -> None:
    mia = moderator(scene)
    thread = await mia.start_thread(scene.general, "a thread whose name is longer than its field is wide")
    await scene.screen.page.get_by_role("link", name="a thread whose name").first.click()
    side = scene.screen.page.locator(".pane:visible").last
    sign, note = side.locator(".sign"), side.get_by_text("This thread is archived.")
    await expect(side.locator(".welcome")).to_be_visible()
    before = await sign.count()

    await mia.change_thread(thread["id"], archived=True)
    await expect(sign).to_have_text("Archived")
    await expect(note).to_be_visible()
    await expect(scene.screen.composer).to_have_attribute("placeholder", "Message “a thread whose name is l…”")
    await scene.screen.say("open again")

    assert before == 0
    await expect(sign).to_have_count(0)
    await expect(note).to_be_hidden()


async def test_the_card_of_a_thread_tells_the_time_that_its_last_message_tells(scene: Scene) -> None:
    starter = await scene.ada.write(scene.general, "begin here")
    thread = await moderator(scene).start_thread(scene.general, "at work", starter["id"])

    await scene.post(f"-# **Thinking** · <t:{int(time.time()) - 90}:R>", thread["id"])

    await expect(scene.screen.page.locator(".thread-card-text")).to_have_text("OpenCord  Thinking · 1 minute ago")


def address(scene: Scene, *place: str) -> str:
    return "/".join(["https://discord.com/channels", scene.discord.world.guild, *place])


async def test_a_link_to_a_message_brings_it_into_sight_on_the_same_page_each_time(scene: Scene) -> None:
    asked = await scene.ada.write(scene.general, "why is the sky blue?")
    for number in range(130):  # more than a page of history
        await scene.ada.write(scene.general, f"message {number}")
    thread = await moderator(scene).start_thread(scene.general, "at work")
    await scene.post(f"Asked [here]({address(scene, scene.general, asked['id'])}).", thread["id"])
    await scene.screen.open(thread["id"])
    page, question = scene.screen.page, scene.screen.message("why is the sky blue?")

    await page.get_by_role("link", name="here").click()
    await expect(question).to_be_in_viewport(ratio=1)
    await expect(page.locator(".pane:visible h2")).to_have_text("general")
    await scene.post(f"Asked [once more]({address(scene, scene.general, asked['id'])}).")
    await page.get_by_role("button", name="Jump to present").click()
    await expect(question).not_to_be_in_viewport()
    await page.get_by_role("link", name="once more").click()

    await expect(question).to_be_in_viewport(ratio=1)
    assert len(page.context.pages) == 1


async def test_links_lead_to_threads_and_beyond_the_server_in_a_tab_of_their_own(scene: Scene) -> None:
    thread = await moderator(scene).start_thread(scene.general, "at work")
    there = {"type": 2, "style": 5, "label": "Open", "url": address(scene, thread["id"])}
    away = "https://discord.com/channels/1/2"
    shown = await scene.post(f"See [this](<{address(scene, thread['id'])}>) or [that]({away}).")
    await scene.edit(shown, shown["content"], components=[{"type": 1, "components": [there]}])
    page, heading = scene.screen.page, scene.screen.page.locator(".pane:visible h2").first

    for name in ("this", "Open"):
        await page.get_by_role("link", name=name, exact=True).click()
        await expect(heading).to_have_text("at work")
        await page.go_back()
        await expect(heading).to_have_text("general")

    other = page.get_by_role("link", name="that")
    await expect(other).to_have_attribute("href", away)
    await expect(other).to_have_attribute("target", "_blank")


async def test_a_link_to_what_is_gone_says_so(scene: Scene) -> None:
    mia = moderator(scene)
    gone = await scene.ada.write(scene.general, "never mind")
    thread = await mia.start_thread(scene.general, "at work")
    message, place = address(scene, scene.general, gone["id"]), address(scene, thread["id"])
    await scene.post(f"[a message]({message}) and [a thread]({place})")
    await scene.ada.delete(scene.general, gone["id"])
    await mia.delete_thread(thread["id"])
    said = scene.screen.page.locator(".toast")

    await scene.screen.page.get_by_role("link", name="a message").click()
    await expect(said).to_have_text("That message is not here any more.")
    await expect(scene.screen.message("a message and a thread")).to_be_in_viewport()
    await scene.screen.page.get_by_role("link", name="a thread").click()

    await expect(said.last).to_have_text("That channel or thread is deleted or archived.")


async def test_what_a_newcomer_should_know_stands_in_the_channel_alone(scene: Scene) -> None:
    scene.discord.notes = ["Mention the app."]
    thread = await moderator(scene).start_thread(scene.general, "at work")
    await scene.screen.page.goto(f"{scene.discord.url}/?user={scene.ada.id}&again#/{scene.general}/{thread['id']}")

    await expect(scene.screen.page.locator(".welcome")).to_have_count(2)
    await expect(scene.screen.page.locator(".notes")).to_have_count(1)


async def test_many_files_and_long_names_leave_room_for_the_conversation(scene: Scene) -> None:
    names = [LONG_NAME, *(f"file-{number}.txt" for number in range(5))]
    await scene.screen.drop(*(Upload(name, b"x", "text/plain") for name in names))
    bar = scene.screen.page.locator(".upload-bar")
    await expect(bar.locator(".file-card")).to_have_count(6)
    waiting = await bar.evaluate(HEIGHT)

    await scene.screen.say("have a look")
    card = scene.screen.message("have a look").locator(".file-card").first
    name = card.locator(".file-name")

    assert waiting < 200
    await expect(name).to_have_text(LONG_NAME)
    assert await card.evaluate(HEIGHT) < 80
    assert await name.evaluate(ENDS_INSIDE)


async def test_a_choice_has_room_in_a_narrow_pane(scene: Scene) -> None:
    await offer(scene, LEVEL)
    thread = await moderator(scene).start_thread(scene.general, "at work")
    await scene.screen.page.get_by_role("link", name=thread["name"]).first.click()
    await scene.screen.page.set_viewport_size({"width": 440, "height": 700})

    await scene.screen.composer.fill("/look-at-something level: ")
    await scene.screen.page.get_by_role("option", name=LEVELS[0]).click()

    chip = scene.screen.page.locator(".pane:visible .chip")
    await expect(chip.locator("textarea")).to_have_value(LEVELS[0])
    assert await chip.evaluate(HEIGHT) < 60
