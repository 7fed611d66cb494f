"""What Discord would take, as the simulator judges it; and texts such as models write at their worst."""

import re

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
# Discord reads a message from left to right like this; the first that fits wins.
# https://docs.discord.com/developers/reference#message-formatting
DISCORD = re.compile(
    r"""
      (?P<escape> \\[^0-9A-Za-z\s] )
    | (?P<block> ```(?:[a-z0-9_+\-.\#]+?\n)?\n*[^\n].*?\n*``` )
    | (?P<fence> ``` )
    | (?P<code> (?P<ticks>`+)(?!`).*?[^`](?P=ticks)(?!`) )
    | (?P<url> https?://[^\s<>()\[\]"'`]+ )
    | (?P<mention> <@[!&]?\d+> | <\#\d+> | </[^<>\n]+:\d+> | <a?:\w+:\d+> | <t:-?\d+(?::\w)?> | <id:\w+>
        | @everyone | @here )
    | (?P<subtext> ^[>\s]*-\#\s )
    """,
    re.X | re.S | re.I | re.M,
)
# What would be live if nothing stood between its halves, and what is taken out from there or written anew.
HALVES = [("<@", "123>"), ("<", "#1>"), ("<t:1", ":R>"), ("@", "everyone"), ("@he", "re"), ("", "-# a"), ("-", "# a")]
REMOVED = ["<br>", "<details>", "</details>", "&nbsp;", "<b>", "</b>", "\\\n", "\\", "**", "||", "![", "](", ""]
AROUND = ["\n", " ", "> ", "- ", "#### ", "`", "`` ", "```\n", "[a](", ")", "|", "|a|b|\n|-|-|\n|", "x" * 70]
rewritten = st.lists(
    st.builds(lambda halves, gap: gap.join(halves), st.sampled_from(HALVES), st.sampled_from(REMOVED))
    | st.sampled_from(AROUND + REMOVED),
    max_size=20,
).map("".join)
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=30), max_size=5).map("".join)


def check(view: View) -> None:
    """Raises Refusal for what Discord would refuse. Longer by UTF-16 than by characters is too long as well."""
    assert units(view.content) <= 2_000
    names = [file.name for file in view.files]
    body = payloads.message(view.content, components=view.components, file_names=names)
    check_message(body, [Upload(file.name, file.content) for file in view.files], limit=FILE_BYTES)
    assert view.content.strip()


def live(message: str) -> list[str]:
    """What Discord would take for a mention or a fence in it, and lines that look like ours."""
    return [found.group() for found in DISCORD.finditer(message) if found.lastgroup in ("fence", "mention", "subtext")]


def labels(view: View) -> list[str]:
    """Of the buttons, in order; of a select, those of its options."""
    inside = [one for row in view.components for one in row["components"]]
    return [option["label"] for one in inside for option in one.get("options", [one])]
