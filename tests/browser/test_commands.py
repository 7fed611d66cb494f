"""Commands on the page, as somebody uses them with keys and pointer: the picker, typed options, suggestions while one
types, forms, and the menu of a message."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import JSONResponse, Response

from app.commands import REGISTRATION
from tests.browser.conftest import Scene
from tests.browser.screen import Screen, expect
from tests.playground.world import QUIET, Json

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

COMMAND, AUTOCOMPLETE, SUBMIT = 2, 4, 5
LEVELS = [{"name": "quiet: only how it went", "value": "quiet"}, {"name": "verbose: all of it", "value": "verbose"}]
ASK: Json = {
    "type": 1,
    "name": "ask",
    "description": "Ask for something",
    "options": [
        {"type": 3, "name": "prompt", "description": "What to do", "required": True, "max_length": 100},
        {"type": 3, "name": "model", "description": "Which model", "autocomplete": True},
        {"type": 4, "name": "limit", "description": "How many", "min_value": 1, "max_value": 10},
        {"type": 5, "name": "private", "description": "For nobody else"},
        {"type": 8, "name": "approver", "description": "Who decides"},
        {"type": 3, "name": "level", "description": "How much is shown", "choices": LEVELS},
    ],
}
NOTED = {"type": 3, "name": "note", "description": "What to note"}
NUMBER = {"type": 4, "name": "number", "description": "Which", "required": True, "autocomplete": True}
QUEUE: Json = {
    "type": 2,
    "name": "queue",
    "description": "What waits",
    "options": [
        {"type": 1, "name": "list", "description": "Show what waits"},
        {"type": 1, "name": "move", "description": "Put one first", "options": [NUMBER]},
    ],
}
STATUS: Json = {"type": 1, "name": "status", "description": "How it goes"}
ABOUT, NOTE = "Ask about this message", "Take a note"
COMMANDS: list[Json] = [
    {"name": "work", "description": "Work with the app", "options": [ASK, QUEUE, STATUS]},
    *({"type": 3, "name": name} for name in (ABOUT, NOTE)),
]
PRESSED = {"type": 2, "style": 1, "label": "Form", "custom_id": "form"}
TITLE = {"type": 4, "custom_id": "title", "style": 1, "value": "Look at this", "max_length": 40}
TEXT = {"type": 4, "custom_id": "text", "style": 2, "required": False, "value": "First line\nsecond line"}
FORM = {
    "custom_id": "ask:1",
    "title": "Ask OpenCord",
    "components": [
        {"type": 18, "label": "Title", "component": TITLE},
        {"type": 18, "label": "Prompt", "description": "As long as you like", "component": TEXT},
    ],
}

# What can be seen and sticks out of the window at its side.
WIDER = """() => [...document.querySelectorAll("body *")]
  .filter(it => it.checkVisibility() && it.getBoundingClientRect().right > innerWidth + 1)
  .map(it => it.className)"""


async def offer(scene: Scene, commands: list[Json], known: str) -> None:
    await scene.bot.put(f"/applications/{scene.discord.application_id}/commands", json=commands)
    await scene.screen.hears_of(known)


def answers(scene: Scene, choices: list[Json] | None = None, **said: Any) -> None:
    """Suggestions with these choices, everything else with this message."""

    async def answer(interaction: Json) -> Response:
        if interaction["type"] == AUTOCOMPLETE:
            return JSONResponse({"type": 8, "data": {"choices": choices or []}})
        return JSONResponse({"type": 4, "data": {"content": "Done.", "allowed_mentions": QUIET} | said})

    scene.app.answer = answer


def of(scene: Scene, kind: int) -> list[Json]:
    """What came to the app of one kind of interaction, the `data` of each."""
    return [it["data"] for it in scene.app.received if it["type"] == kind]


def typed(scene: Scene) -> list[Json]:
    """The option for which suggestions were asked, each time."""
    return [dict(data["options"][0]["options"][-1]) for data in of(scene, AUTOCOMPLETE)]


def rows(screen: Screen) -> "Locator":
    return screen.page.locator(".picker-row")


def field(screen: Screen, option: str) -> "Locator":
    return screen.page.locator(".chip").get_by_label(option, exact=True)


async def add(screen: Screen, option: str) -> "Locator":
    await screen.page.get_by_role("button", name=f"+ {option}", exact=True).click()
    return field(screen, option)


# the picker


async def test_a_slash_shows_every_command_and_typing_leaves_those_that_fit(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")

    await scene.screen.composer.fill("/")
    await expect(rows(scene.screen)).to_have_count(4)
    everything = await rows(scene.screen).locator(".picker-label").all_inner_texts()
    await scene.screen.composer.fill("/mov")
    await expect(rows(scene.screen)).to_have_count(1)
    await scene.screen.composer.press("Enter")

    assert [shown.splitlines()[0] for shown in everything] == [
        "/work ask",
        "/work queue list",
        "/work queue move",
        "/work status",
    ]
    await expect(field(scene.screen, "number")).to_be_focused()
    await expect(scene.screen.page.locator(".command-name")).to_have_text("/work queue move")


async def test_options_arrive_with_the_types_that_they_have(scene: Scene) -> None:
    role = scene.discord.add_role("crew")
    await offer(scene, COMMANDS, "work ask")
    answers(scene)
    screen = scene.screen

    await screen.composer.fill("/work ask prompt: look at it ")
    await (await add(screen, "limit")).fill("7")
    await (await add(screen, "private")).press("ArrowDown")
    await field(screen, "private").press("Enter")
    await (await add(screen, "approver")).fill("cr")
    await field(screen, "approver").press("Enter")
    await (await add(screen, "level")).fill("verb")
    await screen.page.get_by_role("option", name="verbose: all of it").click()
    await field(screen, "level").press("Enter")

    await screen.sees("Done.")
    (told,) = of(scene, COMMAND)
    (asked,) = told["options"]
    assert {option["name"]: (option["type"], option["value"]) for option in asked["options"]} == {
        "prompt": (3, "look at it"),
        "limit": (4, 7),
        "private": (5, False),
        "approver": (8, role.id),
        "level": (3, "verbose"),
    }
    assert told["resolved"]["roles"][role.id]["name"] == "crew"


async def test_an_option_is_taken_up_where_it_stands_and_laid_down_again(scene: Scene) -> None:
    choosing: Json = {"type": 1, "name": "choose", "description": "Choose", "options": ASK["options"][1:]}
    await offer(scene, [{"name": "work", "description": "Work with the app", "options": [choosing]}], "work choose")
    page, in_use = scene.screen.page, scene.screen.page.locator(".chips > *")
    send = page.get_by_role("button", name="Press Enter to send")
    await scene.screen.composer.fill("/work choose ")
    await expect(send).to_be_focused()

    limit = await add(scene.screen, "limit")
    await expect(limit).to_be_focused()
    await expect(in_use).to_have_text(["limit", "+ model+ private+ approver+ level"])
    await limit.fill("1")
    private = await add(scene.screen, "private")
    await expect(in_use).to_have_text(["limit", "private", "+ model+ approver+ level"])
    await private.press("Backspace")

    await expect(in_use).to_have_text(["limit", "+ model+ private+ approver+ level"])
    await expect(limit).to_be_focused()


async def test_what_is_typed_or_pasted_after_a_command_goes_into_its_first_text(scene: Scene) -> None:
    choosing: Json = {"type": 1, "name": "choose", "description": "Choose", "options": [ASK["options"][3], NOTED]}
    await offer(scene, [{"name": "work", "description": "Work with the app", "options": [choosing]}], "work choose")
    answers(scene)
    screen = scene.screen

    for give in (screen.page.keyboard.type, screen.paste_text):
        await screen.composer.press_sequentially("/work choose ")
        await expect(screen.page.get_by_role("button", name="Press Enter to send")).to_be_focused()
        await give("list the files")
        await expect(field(screen, "note")).to_have_value("list the files")
        await expect(field(screen, "note")).to_be_focused()
        await screen.page.keyboard.press("Enter")
        await expect(screen.composer).to_have_value("")

    await scene.discord.wait_for(lambda: len(of(scene, COMMAND)) == 2)
    options = [told["options"][0]["options"] for told in of(scene, COMMAND)]
    assert options == [[{"name": "note", "type": 3, "value": "list the files"}]] * 2


async def test_the_name_of_another_option_can_be_typed_right_after_the_command(scene: Scene) -> None:
    choosing: Json = {"type": 1, "name": "choose", "description": "Choose", "options": [NOTED, *ASK["options"][1:]]}
    await offer(scene, [{"name": "work", "description": "Work with the app", "options": [choosing]}], "work choose")
    answers(scene, [{"name": "Big Model", "value": "maker/big"}])
    page, in_use = scene.screen.page, scene.screen.page.locator(".chips > *")

    await scene.screen.composer.press_sequentially("/work choose model: big")

    await expect(in_use).to_have_text(["model", "+ note+ limit+ private+ approver+ level"])
    await expect(field(scene.screen, "model")).to_have_value("big")
    await expect(rows(scene.screen)).to_have_text(["Big Model"])
    await page.keyboard.press("Enter")
    await expect(field(scene.screen, "model")).to_have_value("Big Model")


async def test_what_is_typed_after_a_command_without_a_text_goes_into_its_first_option(scene: Scene) -> None:
    await offer(scene, REGISTRATION, "opencord admin logs")
    answers(scene)

    await scene.screen.composer.press_sequentially("/opencord admin logs ")
    await scene.screen.page.keyboard.type("20")
    await expect(field(scene.screen, "lines")).to_have_value("20")
    await scene.screen.page.keyboard.press("Enter")

    await scene.screen.sees("Done.")
    (told,) = of(scene, COMMAND)
    assert told["options"][0]["options"][0]["options"] == [{"name": "lines", "type": 4, "value": 20}]


async def test_a_command_without_options_says_so_and_only_enter_sends_it(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work status")
    answers(scene)
    page, hint = scene.screen.page, scene.screen.page.locator(".option-hint")

    await scene.screen.composer.press_sequentially("/work status ")
    await page.keyboard.type("please wait ")
    await expect(hint).to_have_text("/work status takes no text. Press Enter to send it as it is.")
    await expect(scene.screen.page.locator(".command-name")).to_have_text("/work status")
    unsent = of(scene, COMMAND) == []
    await page.keyboard.press("Enter")

    await scene.screen.sees("Done.")
    assert unsent
    assert len(of(scene, COMMAND)) == 1


async def test_what_is_typed_beside_a_command_goes_into_it_and_not_into_the_open_thread(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    begun = await scene.ada.write(scene.general, "begin here")
    await scene.ada.start_thread(scene.general, "at work", begun["id"])
    await scene.screen.page.locator(".thread-card").click()
    beside = scene.screen.page.locator(".pane:visible .text").last
    await expect(beside).to_be_focused()

    await scene.screen.page.locator(".pane:visible .text").first.fill("/work ask prompt: look ")
    await scene.screen.page.get_by_role("button", name="+ limit", exact=True).focus()
    await scene.screen.page.keyboard.type("here")

    await expect(field(scene.screen, "prompt")).to_have_value("lookhere")
    await expect(beside).to_have_value("")


async def test_escape_discards_the_command_wherever_the_focus_is(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    command = scene.screen.page.locator(".command-field")

    for name, focused in (("ask", "+ model"), ("ask", "Discard the command"), ("status", "Press Enter to send")):
        await scene.screen.composer.fill(f"/work {name} ")
        await scene.screen.page.get_by_role("button", name=focused, exact=True).press("Escape")
        await expect(command).to_have_count(0)
        await expect(scene.screen.composer).to_be_focused()

    await expect(scene.screen.composer).to_have_value("")
    assert scene.app.received == []


async def test_on_a_narrow_screen_nothing_of_a_command_lies_outside_of_it(scene: Scene) -> None:
    await offer(scene, REGISTRATION, "opencord ask")
    answers(scene, [{"name": "a very long name of a model " * 3, "value": "maker/long"}])
    page = scene.screen.page
    await page.set_viewport_size({"width": 390, "height": 760})

    await scene.screen.composer.fill("/")
    await expect(rows(scene.screen).first).to_be_visible()
    overflows = [await page.evaluate(WIDER)]
    await scene.screen.composer.fill("/opencord config thread model: ")
    await expect(rows(scene.screen).first).to_be_visible()
    overflows.append(await page.evaluate(WIDER))
    await field(scene.screen, "model").press("Enter")
    await add(scene.screen, "verbosity")
    overflows.append(await page.evaluate(WIDER))

    assert overflows == [[], [], []]


async def test_on_a_narrow_screen_who_used_which_command_is_cut_where_it_ends(scene: Scene) -> None:
    name = "Ask about this message and all that is around it"[:32]
    await offer(scene, [{"name": name, "type": 3}, *COMMANDS], "work ask")
    answers(scene, content="About it.", flags=64)
    page = scene.screen.page
    await page.set_viewport_size({"width": 390, "height": 760})
    long = scene.discord.add_person("Wolfeschlegelsteinhausenbergerdo")
    written = await scene.ada.write(scene.general, "why is the sky blue?")

    await scene.ada.command(scene.general, name, type=3, target=written["id"])
    await scene.screen.sees("About it.")
    answers(scene, content="For all of you.")
    await long.command(scene.general, name, type=3, target=written["id"])
    led = (await scene.screen.sees("For all of you.")).locator(".lead")

    await expect(led).to_contain_text(f"used {name}")
    assert await page.evaluate(WIDER) == []
    assert await led.locator("strong").evaluate("it => it.clientWidth") > 80


async def test_what_is_missing_or_does_not_fit_is_said_and_not_sent(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    hint = scene.screen.page.locator(".option-hint")

    await scene.screen.composer.fill("/work ask ")
    await field(scene.screen, "prompt").press("Enter")
    await expect(hint).to_have_text("prompt This option is required")
    await field(scene.screen, "prompt").fill("x")
    for wrong, said in (("eleven", "A whole number"), ("11", "Not more than 10")):
        limit = field(scene.screen, "limit")
        await (limit if await limit.count() else await add(scene.screen, "limit")).fill(wrong)
        await limit.press("Enter")
        await expect(hint).to_have_text(f"limit {said}")

    assert scene.app.received == []


async def test_every_command_of_ours_is_found_and_opens_with_what_it_requires(scene: Scene) -> None:
    leaves = [
        (" ".join(path), node) for root in REGISTRATION if root.get("type", 1) == 1 for path, node in leaves_of(root)
    ]
    await offer(scene, REGISTRATION, leaves[0][0])

    for name, node in leaves:
        required = [option["name"] for option in node.get("options", []) if option.get("required")]
        await scene.screen.composer.fill(f"/{name} ")
        await expect(scene.screen.page.get_by_role("group", name=f"/{name}", exact=True)).to_be_visible()
        shown = await scene.screen.page.locator(".chip-name").all_inner_texts()
        assert shown == required, name
        await scene.screen.page.get_by_role("button", name="Discard the command").click()

    assert of(scene, COMMAND) == []


def leaves_of(node: Json, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Json]]:
    """Everything that can be run below it."""
    here = (*path, str(node["name"]))
    below = [option for option in node.get("options", []) if option["type"] <= 2]
    return [leaf for option in below for leaf in leaves_of(option, here)] if below else [(here, node)]


# suggestions while one types


async def test_suggestions_are_asked_for_when_one_pauses_and_what_is_picked_is_sent(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    answers(scene, [{"name": "Big Model", "value": "maker/big"}, {"name": "Small Model", "value": "maker/small"}])
    screen = scene.screen
    await screen.composer.fill("/work ask prompt: hi ")
    model = await add(screen, "model")
    await expect(rows(screen)).to_have_count(2)

    await model.press_sequentially("small model", delay=10)
    await scene.discord.wait_for(lambda: typed(scene)[-1]["value"] == "small model")
    await expect(rows(screen)).to_have_count(2)
    await model.press("ArrowDown")
    await model.press("Enter")
    await expect(model).to_have_value("Small Model")
    await model.press("Enter")

    await screen.sees("Done.")
    values = {option["name"]: option["value"] for option in of(scene, COMMAND)[0]["options"][0]["options"]}
    assert values == {"prompt": "hi", "model": "maker/small"}
    assert typed(scene)[0]["value"] == ""
    assert len(typed(scene)) < len("small model")  # not at every key
    assert all(option["focused"] for option in typed(scene))


async def test_suggestions_within_a_group_can_be_numbers(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work queue move")
    answers(scene, [{"name": "2: run the tests", "value": 2}])

    await scene.screen.composer.fill("/work queue move ")
    await scene.screen.page.get_by_role("option", name="2: run the tests").click()
    await field(scene.screen, "number").press("Enter")

    await scene.screen.sees("Done.")
    move = {"name": "move", "type": 1, "options": [{"name": "number", "type": 4, "value": 2}]}
    assert of(scene, COMMAND)[0]["options"] == [{"name": "queue", "type": 2, "options": [move]}]


async def test_suggestions_that_come_too_late_do_not_replace_newer_ones(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    release = asyncio.Event()

    async def answer(interaction: Json) -> Response:
        typed = interaction["data"]["options"][0]["options"][-1]["value"]
        if not typed:
            await release.wait()
        return JSONResponse({"type": 8, "data": {"choices": [{"name": f"for {typed or 'nothing'}", "value": "x"}]}})

    scene.app.answer = answer
    await scene.screen.composer.fill("/work ask prompt: hi ")
    model = await add(scene.screen, "model")
    await scene.heard(1)
    await model.fill("b")
    await expect(rows(scene.screen)).to_have_text(["for b"])

    async with scene.screen.page.expect_response("**/autocomplete"):
        release.set()

    await expect(rows(scene.screen)).to_have_text(["for b"])


async def test_no_suggestions_and_a_failure_are_said_and_what_was_typed_can_be_sent(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    answers(scene, [])
    said = scene.screen.page.locator(".picker:visible .picker-said")
    await scene.screen.composer.fill("/work ask prompt: hi ")
    model = await add(scene.screen, "model")
    await expect(said).to_have_text("No options match your search.")

    async def broken(interaction: Json) -> Response:
        return Response(status_code=500)

    scene.app.answer = broken
    await model.fill("mine")
    await expect(said).to_have_text("Loading options failed.")
    answers(scene)
    await model.press("Enter")

    await scene.screen.sees("Done.")
    assert of(scene, COMMAND)[0]["options"][0]["options"][1]["value"] == "mine"


# forms


async def test_a_command_opens_a_form_that_is_partly_filled_in(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work status")
    scene.app.says(9, **FORM)
    screen = scene.screen
    await screen.composer.fill("/work status ")
    await screen.page.get_by_role("button", name="Press Enter to send").press("Enter")
    title, prompt = screen.dialog.get_by_label("Title"), screen.dialog.get_by_label("Prompt")
    await expect(title).to_have_value("Look at this")
    await expect(prompt).to_have_value("First line\nsecond line")
    await expect(screen.dialog).to_contain_text("As long as you like")

    answers(scene, content="Asked.")
    await screen.fill_in(Prompt="another\nprompt")

    reply = await screen.sees("Asked.")
    await expect(reply.locator(".lead")).to_contain_text("used work status")
    (told,) = of(scene, SUBMIT)
    written = {label["component"]["custom_id"]: label["component"]["value"] for label in told["components"]}
    assert (told["custom_id"], written) == ("ask:1", {"title": "Look at this", "text": "another\nprompt"})
    await expect(screen.dialog).to_have_count(0)


async def test_a_form_opens_only_in_the_window_where_it_was_asked_for(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work status")
    other = Screen(await scene.screen.page.context.new_page(), scene.discord, scene.ada)
    await other.open(scene.general)
    shown = await scene.post("press", components=[{"type": 1, "components": [PRESSED]}])
    await other.sees(shown["content"])
    scene.app.says(9, **FORM)

    await scene.screen.composer.fill("/work status ")
    await scene.screen.page.get_by_role("button", name="Press Enter to send").press("Enter")
    await expect(scene.screen.dialog).to_be_visible()
    await scene.post("by now it is open")
    await other.sees("by now it is open")
    seen = [await other.dialog.count()]
    await scene.screen.dialog.get_by_role("button", name="Cancel").click()
    await other.press("Form")
    await expect(other.dialog).to_be_visible()
    await scene.post("and now the other")
    await scene.screen.sees("and now the other")
    seen.append(await scene.screen.dialog.count())

    assert seen == [0, 0]
    assert other.errors == []


# the menu of a message


async def opened_by_right_click(screen: Screen, message: "Locator") -> None:
    await message.locator(".markdown").click(button="right")


async def opened_by_button(screen: Screen, message: "Locator") -> None:
    await message.hover()
    await message.get_by_role("button", name="More").click()


@pytest.mark.parametrize("open_menu", [opened_by_right_click, opened_by_button])
async def test_the_menu_of_a_message_runs_a_command_on_it(scene: Scene, open_menu: Any) -> None:
    await offer(scene, COMMANDS, "work ask")
    answers(scene, content="About what Bob wrote.", flags=64)
    written = await scene.discord.add_person("Bob").write(scene.general, "why is the sky blue?")
    message = await scene.screen.sees("why is the sky blue?")

    await open_menu(scene.screen, message)
    entries = await scene.screen.page.get_by_role("menuitem").locator(".menu-words > span").all_inner_texts()
    await scene.screen.page.get_by_role("menuitem", name=ABOUT).click()

    reply = await scene.screen.sees("About what Bob wrote.")
    (told,) = of(scene, COMMAND)
    assert entries == ["Reply", "Copy text", ABOUT, NOTE]
    assert (told["name"], told["type"], told["target_id"]) == (ABOUT, 3, written["id"])
    assert told["resolved"]["messages"][written["id"]]["content"] == "why is the sky blue?"
    await expect(reply.locator(".lead")).to_contain_text(f"used {ABOUT}")
    await expect(scene.screen.page.get_by_role("menu")).to_have_count(0)


async def test_what_a_form_from_the_menu_comes_to_is_in_sight(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    for number in range(40):
        await scene.ada.write(scene.general, f"message {number}")
    await scene.screen.sees("message 39")
    scene.app.says(9, **FORM)
    old = scene.screen.message("message 5")
    await old.scroll_into_view_if_needed()
    await opened_by_right_click(scene.screen, old)
    await scene.screen.page.get_by_role("menuitem", name=ABOUT).click()
    await expect(scene.screen.dialog).to_be_visible()

    answers(scene, content="It is asked.", flags=64)
    await scene.screen.fill_in()

    await expect(scene.screen.message("It is asked.")).to_be_in_viewport()


async def test_the_menu_is_used_with_the_keys_and_gives_the_focus_back(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    await scene.ada.write(scene.general, "mine")
    message = await scene.screen.sees("mine")
    menu, more = scene.screen.page.get_by_role("menu"), message.get_by_role("button", name="More")

    await message.hover()
    await more.press("Enter")
    for key in ("End", "ArrowDown", "ArrowUp", "ArrowUp"):
        await scene.screen.page.keyboard.press(key)
    await expect(menu.get_by_role("menuitem", name=ABOUT)).to_be_focused()
    await scene.screen.page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(more).to_be_focused()
    await opened_by_right_click(scene.screen, message)
    await menu.get_by_role("menuitem", name="Edit").press("Enter")

    await expect(scene.screen.page.get_by_label("Edit message")).to_be_focused()
    assert scene.app.received == []


async def test_the_menu_of_every_message_is_one_stop_of_the_tab_key_away(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    for words in ("the first", "the second"):
        await scene.ada.write(scene.general, words)
    first, second = await scene.screen.sees("the first"), await scene.screen.sees("the second")
    page = scene.screen.page
    await page.mouse.move(0, 0)
    await page.get_by_role("button", name="Attach files").focus()

    await page.keyboard.press("Shift+Tab")
    await expect(second.get_by_role("button", name="More")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(first.get_by_role("button", name="More")).to_be_focused()


async def test_the_menu_stays_in_the_window_and_closes_when_something_else_is_done(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work ask")
    for number in range(20):
        await scene.ada.write(scene.general, f"message {number}")
    message = await scene.screen.sees("message 19")
    menu = scene.screen.page.get_by_role("menu")

    await opened_by_right_click(scene.screen, message)
    await expect(menu).to_be_in_viewport(ratio=1)
    await scene.screen.page.locator(".pane h2").first.click()

    await expect(menu).to_have_count(0)


async def test_what_only_one_person_sees_has_no_menu(scene: Scene) -> None:
    await offer(scene, COMMANDS, "work status")
    answers(scene, content="Only for you.", flags=64)
    await scene.screen.composer.fill("/work status ")
    await scene.screen.page.get_by_role("button", name="Press Enter to send").press("Enter")
    reply = await scene.screen.sees("Only for you.")

    await opened_by_right_click(scene.screen, reply)

    await expect(scene.screen.page.get_by_role("menu")).to_have_count(0)
    await expect(reply.get_by_role("button", name="More")).to_have_count(0)
