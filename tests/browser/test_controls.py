"""What a person presses, chooses and writes on the page, as it arrives at the app; and what the page says when nothing
comes back."""

import asyncio
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.browser.conftest import Scene
from tests.browser.screen import expect
from tests.playground.world import Json

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

ALLOW, DENY = "allow:1:per_1:once", "deny:1:per_1"
REASON = {"type": 4, "custom_id": "reason", "style": 2, "required": False, "max_length": 20}
MODAL = {"custom_id": DENY, "title": "Deny", "components": [{"type": 18, "label": "Reason", "component": REASON}]}
ANSWER = {"type": 4, "custom_id": "answer", "style": 1, "required": True}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def button(label: str, custom_id: str = "", style: int = 2) -> Json:
    return {"type": 2, "style": style, "label": label, "custom_id": custom_id or label.lower()}


def select(**more: Any) -> Json:
    options = [{"label": label, "value": str(number)} for number, label in enumerate(["Red", "Green", "Blue"])]
    return {"type": 3, "custom_id": "choose:1", "placeholder": "Which colours?", "options": options} | more


def fields(told: Json) -> dict[str, str]:
    inner = [label["component"] for label in told["data"]["components"]]
    return {field["custom_id"]: field["value"] for field in inner}


async def test_a_button_is_pressed_and_the_message_changes_where_it_stands(scene: Scene) -> None:
    scene.app.says(7, content="Allowed once by Ada", components=[], allowed_mentions={"parse": []})
    await scene.post("May I?", components=[row(button("Allow once", ALLOW), button("Deny", DENY, 4))])

    await scene.screen.press("Allow once")

    await scene.screen.sees("Allowed once by Ada")
    assert (await scene.heard())["data"] == {"component_type": 2, "custom_id": ALLOW, "id": 2}
    await expect(scene.screen.page.locator(".components")).to_have_count(0)


async def test_a_press_that_is_only_acknowledged_leaves_the_buttons_ready(scene: Scene) -> None:
    scene.app.says(6)
    await scene.post("working", components=[row(button("Stop"))])

    await scene.screen.press("Stop")
    await scene.heard()

    await expect(scene.screen.button("Stop")).to_be_enabled(timeout=1_500)


async def test_a_press_that_nobody_answers_says_so_and_can_be_repeated(scene: Scene) -> None:
    async def broken(interaction: Json) -> Response:
        return Response(status_code=500)

    scene.app.answer = broken
    await scene.post("working", components=[row(button("Stop"))])
    await scene.screen.press("Stop")
    await expect(scene.screen.page.get_by_text("This interaction failed")).to_be_visible()

    scene.app.says(7, content="Stopped.", components=[], allowed_mentions={"parse": []})
    await scene.screen.press("Stop")

    await scene.screen.sees("Stopped.")
    await expect(scene.screen.page.get_by_text("This interaction failed")).to_have_count(0)


async def test_one_of_a_select_is_sent_when_it_is_picked(scene: Scene) -> None:
    scene.app.says(6)
    await scene.post("?", components=[row(select())])

    await scene.screen.choose("Which colours?", "Green")

    assert (await scene.heard())["data"]["values"] == ["1"]


async def test_several_of_a_select_are_sent_when_its_list_closes(scene: Scene) -> None:
    scene.app.says(6)
    await scene.post("?", components=[row(select(min_values=2, max_values=3))])
    select_box = scene.screen.page.get_by_role("button", name="Which colours?")

    await scene.screen.choose("Which colours?", "Blue")
    await select_box.click()
    too_few = list(scene.app.received)
    await scene.screen.choose("Which colours?", "Red")
    await select_box.click()

    assert too_few == []
    assert sorted((await scene.heard())["data"]["values"]) == ["0", "2"]


async def test_a_select_is_used_with_the_keys_and_gives_the_focus_back(scene: Scene) -> None:
    scene.app.says(6)
    await scene.post("?", components=[row(select())])
    page, opener = scene.screen.page, scene.screen.page.get_by_role("button", name="Which colours?")
    options = page.get_by_role("option")

    await opener.press("Enter")
    for key, colour in (("End", "Blue"), ("Home", "Red"), ("ArrowUp", "Blue"), ("g", "Green")):
        await page.keyboard.press(key)
        await expect(options.filter(has_text=colour)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(options).to_have_count(0)
    unsent = list(scene.app.received)
    await opener.press("Enter")
    await page.keyboard.press("g")
    await page.keyboard.press("Enter")

    assert unsent == []
    assert (await scene.heard())["data"]["values"] == ["1"]
    await expect(opener).to_be_focused()
    await expect(scene.screen.composer).to_have_value("")


async def test_a_button_that_was_pressed_keeps_the_focus_and_is_pressed_once(scene: Scene) -> None:
    release = asyncio.Event()

    async def answer(interaction: Json) -> Response:
        await release.wait()
        return JSONResponse({"type": 7, "data": {"content": "second page", "allowed_mentions": {"parse": []}}})

    scene.app.answer = answer
    await scene.post("first page", components=[row(button("More", "help:1"))])
    more = scene.screen.button("More")
    await more.focus()

    await scene.screen.page.keyboard.press("Enter")
    await expect(scene.screen.page.locator(".components button")).to_have_attribute("aria-busy", "true")
    await scene.screen.page.keyboard.press("Enter")
    release.set()
    await scene.screen.sees("second page")

    await expect(more).to_be_focused()
    assert len(scene.app.received) == 1


async def test_a_reason_is_written_into_the_dialog_that_a_press_opens(scene: Scene) -> None:
    scene.app.says(9, **MODAL)
    await scene.post("May I?", components=[row(button("Deny", DENY, 4))])
    await scene.screen.press("Deny")
    await expect(scene.screen.dialog).to_be_visible()

    scene.app.says(7, content="Denied: use rg", components=[], allowed_mentions={"parse": []})
    await scene.screen.fill_in(Reason="use rg")

    await scene.screen.sees("Denied: use rg")
    told = await scene.heard(2)
    assert (told["type"], told["data"]["custom_id"], fields(told)) == (5, DENY, {"reason": "use rg"})
    await expect(scene.screen.dialog).to_have_count(0)


async def test_a_dialog_takes_no_more_than_it_may_and_is_left_by_escape(scene: Scene) -> None:
    scene.app.says(9, **MODAL)
    await scene.post("May I?", components=[row(button("Deny", DENY, 4))])
    await scene.screen.press("Deny")
    reason = scene.screen.dialog.get_by_label("Reason")

    await reason.press_sequentially("x" * 25)
    written = await reason.input_value()
    await reason.press("Escape")

    assert written == "x" * 20
    await expect(scene.screen.dialog).to_have_count(0)
    await expect(scene.screen.button("Deny")).to_be_enabled()
    assert len(scene.app.received) == 1


async def test_what_is_required_must_be_written(scene: Scene) -> None:
    scene.app.says(9, **MODAL | {"components": [{"type": 18, "label": "Answer", "component": ANSWER}]})
    await scene.post("?", components=[row(button("Other…", "write:1:que_1:0"))])
    await scene.screen.press("Other…")

    await scene.screen.fill_in()
    still_open = await scene.screen.dialog.is_visible()
    scene.app.says(6)
    await scene.screen.fill_in(Answer="blue")

    assert still_open
    assert fields(await scene.heard(2)) == {"answer": "blue"}


async def test_a_dialog_whose_answer_fails_says_so_at_its_message(scene: Scene) -> None:
    scene.app.says(9, **MODAL)
    await scene.post("May I?", components=[row(button("Deny", DENY, 4))])
    await scene.screen.press("Deny")
    await expect(scene.screen.dialog).to_be_visible()

    async def broken(interaction: Json) -> Response:
        return JSONResponse({}, 500)

    scene.app.answer = broken
    await scene.screen.fill_in(Reason="no")

    await expect(scene.screen.message("May I?").get_by_text("This interaction failed")).to_be_visible()


async def test_a_reply_to_a_message_refers_to_it(scene: Scene) -> None:
    question = await scene.post("Which file?")
    shown = await scene.screen.sees("Which file?")
    await shown.hover()
    await shown.get_by_role("button", name="Reply").click()

    await scene.screen.say("main.py")
    await scene.screen.sees("main.py")

    (answer,) = [message for message in scene.ada.messages(scene.general) if message["content"] == "main.py"]
    assert (answer["type"], answer["message_reference"]["message_id"]) == (19, question["id"])
