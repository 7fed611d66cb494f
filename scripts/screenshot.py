"""Takes the README's picture: starts the demo, asks as a newcomer would, and photographs the finished conversation.

`python scripts/screenshot.py [--browser /usr/bin/chromium]`, after `make setup`, by any Python that has Playwright
(`pip install playwright`): it is no dependency of the project. And any Chromium.
"""

import argparse
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "demo.png"
SIZE = {"width": 1280, "height": 800}
PROMPT = "list the files and write hello.py"
FOLLOW_UP = "make a plan, then write greet.js and run it"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
ANSWER_MS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph the demo.")
    parser.add_argument("--browser", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--to", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    with demo() as url, page(arguments.browser) as view:
        converse(view, url)
        view.screenshot(path=arguments.to)
    print(f"{arguments.to}: {arguments.to.stat().st_size // 1000} kB")


@contextmanager
def demo() -> Iterator[str]:
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "scripts.playground.demo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def page(browser: str | None) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found, unused-ignore]

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=QUIET)
        yield chromium.new_page(viewport=SIZE)
        chromium.close()


def converse(view: Any, url: str) -> None:
    """Two turns in one thread, seen beside the channel that it hangs on."""
    view.goto(url)
    view.wait_for_selector(".hint")
    ask(view, PROMPT, first=True)
    ask(view, FOLLOW_UP, first=False)
    view.wait_for_timeout(500)  # for the last picture of an animation


def ask(view: Any, prompt: str, *, first: bool) -> None:
    """Write it where the focus is, and wait for the answer. The first one mentions the bot and so opens a thread, which
    is then opened beside the channel; in a thread one just writes, and what was asked is a message there too."""
    said = ".side article:not(.starter) .markdown"
    before = view.locator(said).count()
    view.keyboard.type(f"@OpenCord {prompt}" if first else prompt)
    view.keyboard.press("Enter")
    if first:
        view.locator(".thread-card").click()
    wanted = before + (1 if first else 2)
    enough = "([said, wanted]) => document.querySelectorAll(said).length >= wanted"
    view.wait_for_function(enough, arg=[said, wanted], timeout=ANSWER_MS)


if __name__ == "__main__":
    main()
