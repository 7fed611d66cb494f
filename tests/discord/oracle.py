"""What Discord would take, as the simulator judges it; and texts such as models write at their worst."""

from hypothesis import strategies as st

from app.discord import payloads
from app.discord.limits import FILE_BYTES
from app.discord.payloads import View
from app.discord.text import units
from scripts.playground.discord.checks import check_message
from scripts.playground.discord.records import Upload

NASTY = [
    "",
    " ",
    "\n",
    "```",
    "`" * 7,
    "``",
    "~~~\n",
    "@everyone",
    "<@1300000000000000001>",
    "<@&1300000000000000001>",
    "<t:0:R>",
    "**",
    "> ",
    "# ",
    "-# ",
    "| a | b |\n|---|---|\n| 1 | 2 |\n",
    "\0\x07\x1b[31m",
    "\ud800",
    "\u202eevil",
    "\u200b",
    "\u2066",
    "👩\u200d👩\u200d👧",
    "e" + "\u0301" * 80,
    "العربية \u200f",
    "漢字" * 60,
    "word " * 700,
    "x" * 2_500,
]
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=30), max_size=5).map("".join)


def check(view: View) -> None:
    """Raises Refusal for what Discord would refuse. Longer by UTF-16 than by characters is too long as well."""
    assert units(view.content) <= 2_000
    names = [file.name for file in view.files]
    body = payloads.message(view.content, components=view.components, file_names=names)
    check_message(body, [Upload(file.name, file.content) for file in view.files], limit=FILE_BYTES)
    assert view.content.strip()


def labels(view: View) -> list[str]:
    """Of the buttons, in order; of a select, those of its options."""
    inside = [one for row in view.components for one in row["components"]]
    return [option["label"] for one in inside for option in one.get("options", [one])]
