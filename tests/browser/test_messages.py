"""Messages on the page: edited in place, silent or not, seen by one or by all, with times that go on."""

import time
from typing import Any

import pytest

from scripts.playground.discord import Flag, May
from tests.browser.conftest import Scene
from tests.browser.screen import expect
from tests.playground.world import Json

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

# Whatever comes or goes below the element from now on, as the names of the nodes.
WATCH = """element => {
  window.seen = [];
  const note = ({ addedNodes, removedNodes }) =>
    window.seen.push(...[...addedNodes, ...removedNodes].map((node) => node.nodeName));
  new MutationObserver((changes) => changes.forEach(note)).observe(element, { childList: true, subtree: true });
}"""
TOP = "element => element.getBoundingClientRect().top"


def buttons(*labels: str) -> list[Json]:
    return [{"type": 1, "components": [{"type": 2, "style": 2, "label": it, "custom_id": it} for it in labels]}]


def choice() -> list[Json]:
    options = [{"label": label, "value": label} for label in ("Red", "Green")]
    return [{"type": 1, "components": [{"type": 3, "custom_id": "c", "placeholder": "Colour", "options": options}]}]


async def test_an_edit_changes_the_line_it_changes_and_touches_nothing_else(scene: Scene) -> None:
    status = await scene.post("-# thinking\nThe plan:\n- [ ] one", components=buttons("Stop"))
    shown = await scene.screen.sees("The plan:")
    await shown.locator(".message-main").evaluate(WATCH)

    for number in range(10):
        await scene.edit(status, f"-# running step {number}\nThe plan:\n- [ ] one", components=buttons("Stop"))
    await expect(shown.locator(".subtext")).to_have_text("running step 9")

    changed = set(await scene.screen.page.evaluate("window.seen"))
    assert changed <= {"SMALL", "SPAN", "#text"}
    await expect(shown.locator(".edited")).to_have_count(1)


async def test_what_is_open_stays_open_while_the_message_is_edited(scene: Scene) -> None:
    status = await scene.post("working 0", components=choice())
    await scene.screen.choose("Colour")
    await scene.screen.page.get_by_role("option", name="Green").focus()

    await scene.edit(status, "working 1", components=choice())
    await scene.screen.sees("working 1")

    await expect(scene.screen.page.get_by_role("option", name="Green")).to_be_focused()


async def test_the_last_edit_wins_and_takes_the_buttons_with_it(scene: Scene) -> None:
    status = await scene.post("working", components=buttons("Stop"))
    await expect(scene.screen.button("Stop")).to_be_visible()

    await scene.edit(status, "Done", components=buttons("Diff", "Undo", "Continue"))

    await expect(scene.screen.button("Undo")).to_be_visible()
    await expect(scene.screen.button("Stop")).to_have_count(0)


@pytest.mark.parametrize("which", [0, -1], ids=["above", "below"])
async def test_who_reads_further_up_is_left_there_when_a_message_grows(scene: Scene, which: int) -> None:
    posted = [await scene.post(f"message {number}\n" + "line\n" * 3) for number in range(40)]
    await scene.screen.sees("message 39")
    read = scene.screen.message("message 20")
    await read.scroll_into_view_if_needed()
    # The page itself scrolls to the end once more after the last message: wait for that to be over.
    await expect(read).to_be_in_viewport()
    before = await read.evaluate(TOP)

    await scene.edit(posted[which], "grown\n" * 30)
    await scene.discord.wait_for(lambda: scene.ada.messages(scene.general)[which]["edited_timestamp"])
    await expect(scene.screen.page.locator("article.message").nth(which)).to_contain_text("grown")

    assert abs(await read.evaluate(TOP) - before) <= 2


async def test_relative_times_go_on_by_themselves(scene: Scene) -> None:
    await scene.screen.page.clock.install()
    await scene.screen.page.reload()
    await scene.post(f"-# working since <t:{int(time.time())}:R>")
    shown = await scene.screen.sees("working since")
    stamp = shown.locator("time.stamp")

    await scene.screen.page.clock.fast_forward(65_000)

    await expect(stamp).to_have_text("1 minute ago")
    await expect(shown.locator(".subtext")).to_contain_text("working since 1 minute ago")


async def test_only_who_is_notified_sees_a_channel_as_unread_and_a_message_as_theirs(scene: Scene) -> None:
    other = scene.discord.add_channel("other").id
    row = scene.screen.page.locator(f'.channels a[href="#/{other}"]')
    loud: dict[str, Any] = {"allowed_mentions": {"users": [scene.ada.id]}}
    await expect(row).to_be_visible()

    await scene.post("ordinary and silent", other, flags=int(Flag.SUPPRESS_NOTIFICATIONS))
    await scene.post(f"<@{scene.ada.id}> silent", other, flags=int(Flag.SUPPRESS_NOTIFICATIONS), **loud)
    await scene.post("a mark that these were heard")
    await scene.screen.sees("a mark that these were heard")
    unread_of_silent_ones = await row.get_attribute("class")
    await scene.post(f"<@{scene.ada.id}> done", other, **loud)
    await expect(row.locator(".badge")).to_have_text("1")
    await row.click()

    assert "unread" not in str(unread_of_silent_ones)
    await expect(scene.screen.message("done").get_by_label("mentioned you")).to_be_visible()
    await expect(scene.screen.page.locator(".you")).to_have_count(1)
    await expect(scene.screen.message("ordinary and silent").locator(".silent")).to_have_count(1)


async def test_a_thread_that_is_deleted_while_it_is_open_closes(scene: Scene) -> None:
    mia = scene.discord.add_person("Mia", permissions=int(May.MANAGE_THREADS))
    thread = await mia.start_thread(scene.general, "short-lived")
    await scene.screen.page.get_by_role("link", name="short-lived").first.click()
    await expect(scene.screen.page.locator(".pane h2:visible").last).to_have_text("short-lived")

    await mia.delete_thread(thread["id"])

    await expect(scene.screen.page.locator(".pane h2:visible")).to_have_text("general")


async def test_an_ephemeral_answer_says_so_and_can_be_dismissed(scene: Scene) -> None:
    scene.app.says(4, content="Not for you.", flags=64, allowed_mentions={"parse": []})
    await scene.post("look", components=buttons("Press"))
    await scene.screen.press("Press")

    shown = await scene.screen.sees("Not for you.")
    await expect(shown).to_contain_text("Only you can see this")
    await shown.get_by_role("button", name="Dismiss message").click()

    await expect(scene.screen.message("Not for you.")).to_have_count(0)
    await scene.discord.wait_for(lambda: len(scene.ada.messages(scene.general)) == 1)


async def test_an_ephemeral_answer_is_edited_in_place_too(scene: Scene) -> None:
    async def confirm(interaction: Json) -> Any:
        from starlette.responses import JSONResponse

        data = {"content": "Sure?", "flags": 64, "components": buttons("Yes"), "allowed_mentions": {"parse": []}}
        if interaction["data"]["custom_id"] == "Yes":
            data |= {"content": "Gone.", "components": []}
            return JSONResponse({"type": 7, "data": data})
        return JSONResponse({"type": 4, "data": data})

    scene.app.answer = confirm
    await scene.post("look", components=buttons("Reset"))
    await scene.screen.press("Reset")
    await scene.screen.sees("Sure?")

    await scene.screen.press("Yes")

    await scene.screen.sees("Gone.")
    await expect(scene.screen.message("Sure?")).to_have_count(0)
