"""What is longer than a message, page by page, with buttons to turn them. Pages are counted from 0. Pure."""

from collections.abc import Sequence

from app.discord.limits import CONTENT
from app.discord.payloads import Payload, button, row
from app.discord.text import units
from app.words.door import BACK, MORE

LONGEST_NUMBER = 4  # digits


def paged(lines: Sequence[str]) -> list[str]:
    """As many lines on each page as a message holds. None of them is longer than that."""
    pages = [""]
    for line in lines:
        longer = f"{pages[-1]}\n{line}" if pages[-1] else line
        if units(longer) <= CONTENT:
            pages[-1] = longer
        else:
            pages.append(line)
    return pages


def turning(subject: str, page: int, pages: int) -> tuple[Payload, ...]:
    """The buttons of a page, whose ids are `subject` and the number of the page that they turn to. None for the only
    one."""
    back = [button(BACK, f"{subject}:{page - 1}")] if page > 0 else []
    on = [button(MORE, f"{subject}:{page + 1}")] if page + 1 < pages else []
    return (row(*back, *on),) if back or on else ()


def number_of(text: str) -> int:
    """The page that an id names; the first where it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0
