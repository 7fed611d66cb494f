"""Takes the README's pictures: starts the demo, talks to it as a newcomer would, and photographs what there is to see.

`python scripts/screenshot.py [--browser /usr/bin/chromium] [--to docs]`, after `make setup`, by the project's own
Python. The browser is the machine's Chromium: `apt-get install chromium`.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parent.parent
SIZE = {"width": 1280, "height": 800}
QUIET = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 120_000
STILL_MS = 700  # for the last picture of an animation

WORK = "@OpenCord make a plan, then write greet.js and run it"
SLOW = "!todo look around; install; run the tests !bash sleep 5 && echo 12 passed !say All **12 tests** pass."
ASK = "ask me which colour I like"
COMMAND = "/"
RISK = "!bash rm greet.js !say It is gone."
DONE = """turns => [...document.querySelectorAll(".side .subtext")]
  .filter(line => line.textContent.includes("Done in")).length >= turns"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph the demo.")
    parser.add_argument("--browser", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--to", type=Path, default=ROOT / "docs", help="the directory of the pictures")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    with demo() as url, page(arguments.browser) as view:
        view.goto(url)
        view.wait_for_selector(".hint")
        for name, talk in PICTURES.items():
            talk(view)
            picture = arguments.to / f"{name}.png"
            photograph(view, picture, whole=talk is work)
            print(f"{picture.name}: {picture.stat().st_size // 1000} kB")


@contextmanager
def demo() -> Iterator[str]:
    command = [sys.executable, "-m", "scripts.playground.demo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def page(browser: str | None) -> "Iterator[Page]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=QUIET)
        view = chromium.new_page(viewport=SIZE)  # type: ignore[arg-type]
        view.set_default_timeout(PATIENCE_MS)
        yield view
        chromium.close()


def photograph(view: "Page", picture: Path, *, whole: bool) -> None:
    """All of the page, or the thread alone."""
    view.mouse.move(0, 0)
    view.wait_for_timeout(STILL_MS)
    if whole:
        view.screenshot(path=picture)
    else:
        view.locator(".pane.side").screenshot(path=picture)


def work(view: "Page") -> None:
    """A first turn, seen beside the channel that its thread hangs on."""
    say(view, WORK)
    view.locator(".thread-card").click()
    over(view, 1)


def progress(view: "Page") -> None:
    say(view, SLOW)
    view.locator(".side .subtext", has_text="sleep 5").last.wait_for()


def question(view: "Page") -> None:
    over(view, 2)
    say(view, ASK)
    asked(view, "Green")


def approval(view: "Page") -> None:
    press(view, "Green").click()
    over(view, 3)
    say(view, RISK)
    asked(view, "Allow once")


def commands(view: "Page") -> None:
    """What a slash offers."""
    press(view, "Allow once").click()
    over(view, 4)
    field = view.locator(".pane:visible .text").last
    field.fill(COMMAND)
    view.locator(".side .picker-row").first.wait_for()


PICTURES = {"demo": work, "progress": progress, "question": question, "approval": approval, "commands": commands}


def say(view: "Page", words: str) -> None:
    field = view.locator(".pane:visible .text").last
    field.fill(words)
    field.press("Enter")


def press(view: "Page", label: str) -> "Locator":
    return view.locator(".side .components").get_by_role("button", name=label, exact=True).last


def asked(view: "Page", label: str) -> None:
    """Once there is a button of that name, and the status message knows of it too."""
    press(view, label).wait_for()
    view.locator(".side article.message", has_text="Waiting for an answer").last.wait_for()


def over(view: "Page", turns: int) -> None:
    """Once so many turns of the thread are done."""
    view.wait_for_function(DONE, arg=turns)


if __name__ == "__main__":
    main()
