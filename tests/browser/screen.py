"""The demo's page in a real browser, as somebody looks at it: what they see is a locator, what they do a verb.

Playwright is imported only where it is used, so that the tests can say what is missing instead of failing to load. The
browser is the machine's own Chromium; Playwright's download is never asked for.
"""

import asyncio
import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.playground.discord import Person, Simulator, Upload

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

QUIET = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")
SIZE = {"width": 1280, "height": 800}
WITHIN_MS = 15_000
# Files as a browser hands them to a page that something is dropped or pasted into.
TRANSFER = """files => {
  const transfer = new DataTransfer();
  for (const { name, kind, content } of files)
    transfer.items.add(new File([Uint8Array.from(content)], name, { type: kind }));
  return transfer;
}"""
# As the browser does it: what nobody took up goes into the field in focus, if it is one.
PASTE_TEXT = """words => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", words);
  const pasted = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  if (document.activeElement.dispatchEvent(pasted)) document.execCommand("insertText", false, words);
}"""
PASTE = "(field, clipboardData) => field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))"


def browser() -> str | None:
    """Where Chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def absent() -> str | None:
    """What is missing for these tests, and how to get it."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is missing: run `make setup`"
    if browser() is None:
        return "Chromium is missing: run `apt-get install chromium`"
    return None


def expect(seen: "Locator") -> Any:
    """Playwright's own, which waits."""
    from playwright.async_api import expect as real

    return real(seen)


@dataclass(slots=True)
class Screen:
    """What `person` has before them. `errors` are what the page itself complained of."""

    page: "Page"
    discord: Simulator
    person: Person
    errors: list[str] = field(default_factory=list)

    async def open(self, channel: str, thread: str | None = None) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        place = f"{channel}/{thread}" if thread else channel
        await self.page.goto(f"{self.discord.url}/?user={self.person.id}#/{place}")
        await expect(self.page.locator(".composer").first).to_be_visible()

    # what is seen

    def message(self, words: str) -> "Locator":
        """The newest with these words in it, wherever on the page."""
        return self.page.locator("article.message").filter(has_text=words).last

    def answer(self, words: str) -> "Locator":
        """Exactly these words, said by the app: whoever asks it to say something has them in their question too."""
        said = self.page.locator('article.message[aria-label^="OpenCord"] .markdown > p')
        return said.get_by_text(words, exact=True).last

    def button(self, label: str) -> "Locator":
        """On a message, the newest of that name."""
        return self.page.locator(".components").get_by_role("button", name=label, exact=True).last

    @property
    def dialog(self) -> "Locator":
        return self.page.locator("dialog.modal")

    async def sees(self, words: str, within: float = WITHIN_MS) -> "Locator":
        """A message with these words, once it is there; `within` is in milliseconds."""
        found = self.message(words)
        await expect(found).to_be_visible(timeout=within)
        return found

    async def hears(self, words: str, within: float = WITHIN_MS) -> None:
        await expect(self.answer(words)).to_be_visible(timeout=within)

    # what is done

    async def say(self, words: str) -> None:
        """Write it where one is, and send it."""
        await self.composer.fill(words)
        await self.composer.press("Enter")

    async def hears_of(self, command: str) -> None:
        """Wait until the page offers it: what is typed before that stays text."""
        offered = self.page.get_by_role("option", name=f"/{command}")
        async with asyncio.timeout(WITHIN_MS / 1000):
            while not await offered.count():
                await self.composer.fill("")
                await self.composer.fill(f"/{command}")
        await self.composer.fill("")

    @property
    def composer(self) -> "Locator":
        """Of the thread, if one is open."""
        return self.page.locator(".pane:visible .text").last

    async def press(self, label: str, within: float = WITHIN_MS) -> None:
        await self.button(label).click(timeout=within)

    async def choose(self, select: str, *options: str) -> None:
        """Open the select with this placeholder and pick these. Several are sent when the list closes."""
        await self.page.get_by_role("button", name=select, exact=True).last.click()
        for option in options:
            await self.page.get_by_role("option", name=option).click()

    async def fill_in(self, **values: str) -> None:
        """The dialog's fields by the beginning of their labels, `_` for a blank; then send it."""
        for label, value in values.items():
            await self.dialog.get_by_label(label.replace("_", " ")).fill(value)
        await self.dialog.get_by_role("button", name="Submit").click()

    async def attach(self, *files: Path) -> None:
        """By the button."""
        pane = self.page.locator(".pane:visible").last
        async with self.page.expect_file_chooser() as choosing:
            await pane.get_by_role("button", name="Attach files").click()
        await (await choosing.value).set_files([str(file) for file in files])

    async def drop(self, *files: Upload) -> None:
        """Somewhere on the messages."""
        transfer, log = await self._transfer(files), self.page.locator(".pane:visible .log").last
        for event in ("dragover", "drop"):
            await log.dispatch_event(event, {"dataTransfer": transfer})

    async def paste(self, *files: Upload) -> None:
        await self.composer.evaluate(PASTE, await self._transfer(files))

    async def paste_text(self, words: str) -> None:
        """Where the focus is."""
        await self.page.evaluate(PASTE_TEXT, words)

    async def _transfer(self, files: Sequence[Upload]) -> Any:
        plain = [{"name": f.filename, "kind": f.content_type, "content": list(f.content)} for f in files]
        return await self.page.evaluate_handle(TRANSFER, plain)
