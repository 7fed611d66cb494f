"""The whole product on the page: the real app, scheduler and OpenCode, used by a person with a browser. One thread, in
which each test asks the next thing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.commands import ask_about
from scripts.playground.demo_app import ASKING, SIGHT
from scripts.playground.model import MODEL
from tests.browser.pictures import png
from tests.browser.screen import SIZE, Screen, expect
from tests.conversation.stage import Stage, staged, text_of

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
async def stage(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Where nobody has a browser, nothing of it is started."""
    async with staged(tmp_path_factory.mktemp("stage"), running=False, RELAY_MODE="gateway") as stage:
        configuration = json.loads(stage.environment()["OPENCODE_CONFIG_JSON"])
        configuration["provider"]["scripted"]["models"][MODEL] |= SIGHT
        stage.settings["OPENCODE_CONFIG_JSON"] = json.dumps({**configuration, "permission": ASKING})
        await stage.start()
        yield stage


@pytest.fixture(scope="module")
async def screen(chromium: "Browser", stage: Stage) -> AsyncIterator[Screen]:
    """In a thread in which one thing was asked and answered."""
    context = await chromium.new_context(viewport=SIZE)  # type: ignore[arg-type]
    screen = Screen(await context.new_page(), stage.discord, stage.person)
    await screen.open(stage.channel)
    await screen.say("@OpenCord !bash echo made > made.txt !say The file is there.")
    await screen.page.locator(".thread-card").click(timeout=PATIENCE_MS)
    await screen.hears("The file is there.", PATIENCE_MS)
    yield screen
    await context.close()


def status(screen: Screen, words: str) -> "Locator":
    """The newest message that says this in small print."""
    return screen.page.locator(".side article.message").filter(has=screen.page.locator(".subtext", has_text=words)).last


async def test_one_message_shows_how_far_it_is_and_in_the_end_how_it_went(screen: Screen) -> None:
    await screen.say("!todo look; build; check !bash sleep 3 && echo built !say It is built.")

    key = await status(screen, "sleep 3").get_attribute("data-key", timeout=PATIENCE_MS)
    message = screen.page.locator(f'.side [data-key="{key}"]')
    await expect(message).to_contain_text("Tasks 0 of 3")
    await expect(message.get_by_role("button", name="Stop")).to_be_visible()
    await screen.hears("It is built.", PATIENCE_MS)

    await expect(message).to_contain_text("Done in", timeout=PATIENCE_MS)
    await expect(message.get_by_role("button", name="Continue")).to_be_visible()
    await expect(screen.button("Stop")).to_have_count(0)


async def test_stop_ends_the_turn_and_shows_no_more_of_it(stage: Stage, screen: Screen) -> None:
    await screen.say("!bash sleep 600 !say Never said.")
    await expect(status(screen, "sleep 600")).to_be_visible(timeout=PATIENCE_MS)

    await screen.press("Stop")

    await expect(status(screen, "Stopped")).to_contain_text("alice", timeout=10_000)
    await screen.say("!say Here again.")
    await screen.hears("Here again.", PATIENCE_MS)
    assert not any(text == "Never said." for text in stage.said(screen.page.url.rpartition("/")[2]))


async def test_a_question_is_answered_by_a_press(stage: Stage, screen: Screen) -> None:
    await screen.say("!question Colour: Which colour? Red | Green !say Thank you.")

    await screen.press("Green", PATIENCE_MS)

    await screen.hears("Thank you.", PATIENCE_MS)
    await expect(status(screen, "Answered")).to_contain_text("Green")
    told = [text_of(message) for message in stage.model.requests[-1]["messages"] if message["role"] == "tool"]
    assert any("Green" in text for text in told)


async def test_a_question_is_answered_in_ones_own_words(stage: Stage, screen: Screen) -> None:
    await screen.say("!question Town: Which town? Rome | Oslo !say A good choice.")

    await screen.press("Other…", PATIENCE_MS)
    await screen.fill_in(Answer="Lisbon")

    await screen.hears("A good choice.", PATIENCE_MS)
    told = [text_of(message) for message in stage.model.requests[-1]["messages"] if message["role"] == "tool"]
    assert any("Lisbon" in text for text in told)


async def test_a_permission_is_given(stage: Stage, screen: Screen) -> None:
    (home,) = stage.homes
    await screen.say("!bash rm made.txt !say It is gone.")
    await expect(screen.button("Allow once")).to_be_visible(timeout=PATIENCE_MS)
    before = (home / "workspace/made.txt").exists()

    await screen.press("Allow once")

    await screen.hears("It is gone.", PATIENCE_MS)
    await expect(status(screen, "Allowed once")).to_contain_text("alice")
    assert (before, (home / "workspace/made.txt").exists()) == (True, False)


async def test_a_permission_is_denied_with_a_reason_and_the_agent_goes_on(stage: Stage, screen: Screen) -> None:
    await screen.say("!bash rm -r . !say I left it alone.")

    await screen.press("Deny", PATIENCE_MS)
    await screen.fill_in(Reason="too much at once")

    await screen.hears("I left it alone.", PATIENCE_MS)
    await expect(status(screen, "Denied")).to_contain_text("too much at once")
    told = [text_of(message) for message in stage.model.requests[-1]["messages"] if message["role"] == "tool"]
    assert any("too much at once" in text for text in told)


async def test_files_that_are_attached_reach_the_model(stage: Stage, screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("remember the milk")
    (tmp_path / "shot.png").write_bytes(png(80, 40))

    await screen.attach(tmp_path / "notes.txt", tmp_path / "shot.png")
    await screen.say("What do you see here?")

    await screen.sees("I see an image.", PATIENCE_MS)
    assert "remember the milk" in " ".join(stage.prompts()[-1])


async def test_what_was_changed_is_shown_taken_back_and_done_again(stage: Stage, screen: Screen) -> None:
    (home,) = stage.homes
    note = home / "workspace/note.txt"
    await screen.say("!write note.txt keep-this-in-mind !say It is written.")
    await screen.hears("It is written.", PATIENCE_MS)
    summary = status(screen, "note.txt")
    undo, redo = summary.get_by_role("button", name="Undo"), summary.get_by_role("button", name="Redo")

    await summary.get_by_role("button", name="Diff").click(timeout=PATIENCE_MS)
    await screen.sees("+keep-this-in-mind", PATIENCE_MS)
    await undo.click()
    await expect(redo).to_be_visible(timeout=PATIENCE_MS)
    undone = not note.exists()
    await redo.click()
    await expect(undo).to_be_visible(timeout=PATIENCE_MS)

    assert undone
    assert note.read_text().strip() == "keep-this-in-mind"
    await expect(screen.message("+keep-this-in-mind")).to_contain_text("Only you can see this")


async def test_what_waits_can_be_cancelled(stage: Stage, screen: Screen) -> None:
    await screen.say("!bash sleep 4 !say The first is done.")
    await expect(status(screen, "sleep 4")).to_be_visible(timeout=PATIENCE_MS)
    await screen.say("!say The second is done.")

    await screen.press("Cancel", PATIENCE_MS)

    await expect(status(screen, "Withdrawn")).to_be_visible(timeout=PATIENCE_MS)
    await screen.hears("The first is done.", PATIENCE_MS)
    assert "The second is done." not in stage.said(screen.page.url.rpartition("/")[2])


async def test_a_model_is_suggested_while_one_types_and_settled_for_the_thread(stage: Stage, screen: Screen) -> None:
    chip = screen.page.locator(".side .chip").get_by_label("name", exact=True)
    await screen.composer.fill("/opencord model name: ")
    await chip.press_sequentially(MODEL[:4])

    await screen.page.locator(".side .picker-row").first.click()
    chosen = await chip.input_value()
    await chip.press("Enter")

    reply = screen.page.locator(".side article.message").filter(has_text="used").last
    await expect(reply).to_contain_text(MODEL, timeout=PATIENCE_MS)
    assert chosen.strip()


async def test_a_message_is_asked_about_from_its_menu(stage: Stage, screen: Screen) -> None:
    message = await screen.sees("The file is there.")

    await message.locator(".markdown").click(button="right")
    await screen.page.get_by_role("menuitem", name=ask_about.REGISTRATION["name"]).click()
    await screen.dialog.locator("textarea, input").first.fill("!say That was about a file.")
    await screen.dialog.get_by_role("button", name="Submit").click()

    await screen.hears("That was about a file.", PATIENCE_MS)
    assert "The file is there." in " ".join(stage.prompts()[-1])


async def test_neither_discord_nor_the_page_had_anything_to_complain_of(stage: Stage, screen: Screen) -> None:
    assert stage.discord.violations == []
    assert screen.errors == []
    assert "Traceback" not in stage.log()
