"""What stands inside a line of Markdown, as Discord shows it: `fit` for a message, `bold` for a line that
is to be bold, `plain` for the inside of a code block.

The text is read once, from left to right, the way both CommonMark and Discord read it, and only what Discord would show
otherwise than it was meant is written anew; every other character stays. Emphasis is the same on both sides and is left
alone. Three backticks in a row never come out, so nothing but a real fence opens a code block.

What is taken out or written anew may bring together what stood apart. So two more promises are kept by `harmless`, for
a text that is whole: nothing that the author wrote resolves to a mention, a custom emoji or a time
(https://docs.discord.com/developers/reference#message-formatting), and no line looks like one of our own, which are
subtext. A space of no width stands behind the first character of either. Cutting may bring code to light: see `defuse`.
"""

import re
from collections.abc import Callable, Mapping

from app.discord.notation import APART, span
from app.discord.text import shows

MENTION = r"<(?=@[!&]?\d|\#\d|/[^<>\n]{1,120}:\d|a?:\w{1,64}:\d|t:-?\d|id:|sound:)|@(?=everyone|here)"
PAIRS = {"b": "**", "strong": "**", "summary": "**", "i": "*", "em": "*", "u": "__", "s": "~~", "del": "~~"}
ENTITIES = {"nbsp": "\u00a0", "amp": "&", "quot": '"', "#39": "'", "gt": ">", "lt": "<"}
SAFE = ENTITIES | {"gt": "\\>", "lt": f"<{APART}"}  # where they would make a quote or a mention
TEXT = r"(?:[^\[\]\\]|\\.|\[[^\[\]]*+\])*+"
TARGET = r"<[^<>\n]*+>|(?:[^\s()<>\\`]|\\.|\([^\s()<>\\`]*+\))*+"
TITLE = r""""[^"\n]*+"|'[^'\n]*+'"""
LINK = rf"\[(?P<text>{TEXT})\]\(\s*(?P<target>{TARGET})(?:\s+(?P<title>{TITLE}))?\s*\)"
IMAGE = re.compile(rf"!\[([^\[\]]*+)\]\(\s*({TARGET})(?:\s+({TITLE}))?\s*\)", re.S)
WEB = re.compile(r"(?:https?|discord)://[^\s<>`]+", re.I)

TOKEN = re.compile(
    rf"""
      (?P<escape> \\[^0-9A-Za-z\s] )
    | (?P<hard> \\(?=\n) )
    | (?P<ticks> `+ )
    | (?P<link> !?{LINK} )
    | (?P<url> <https?://[^\s<>`]+> | https?://[^\s<>()\[\]"'`]+ )
    | (?P<code> <(?P<coded>(?i:code|kbd))>(?P<inside>[^<>`\n]+)</(?P=coded)> )
    | (?P<pair> <(?P<tag>(?i:{"|".join(PAIRS)}))>(?P<inner>[^<>\n]+)</(?P=tag)> )
    | (?P<end> (?i:<br\s{{0,9}}/?>) )
    | (?P<fold> (?i:</?details(?:\ open)?>)[ \t]*\n? )
    | (?P<entity> &(?:{"|".join(ENTITIES).replace("#", "[#]")}); )
    | (?P<strong> \*\*(?![\s*])(?P<stressed>[^*\n]+)(?<!\s)\*\*(?!\*) )
    | (?P<bars> \|{{2,}} )
    | (?P<dunder> (?<!\w)__\w+?__(?!\w) )
    """,
    re.X | re.S,
)

OURS = r"-(?=\#(?:\s|$))"
CUT = re.compile(f"{MENTION}|{OURS}")
# As Discord reads it: what comes first in this order is what it is.
DISCORD = re.compile(
    rf"""
      \\[^0-9A-Za-z\s]
    | ```.*?```
    | (?P<ticks>`++).*?[^`](?P=ticks)(?!`)
    | https?://[^\s<>()\[\]"'`]+
    | (?P<live> {MENTION}|(?<!\S){OURS} )
    """,
    re.X | re.S,
)

Writer = Callable[[re.Match[str]], str]


def fit(text: str) -> str:
    return _rewrite(text, _FITTED)


def bold(text: str) -> str:
    """All of it in bold, also what is partly bold already."""
    inner = _rewrite(text, _STRESSED).strip()
    return f"**{inner}**" if shows(inner) else inner


def plain(text: str) -> str:
    """As it looks, without the signs that make it look so: for where they would be shown."""
    return _rewrite(text, _PLAIN)


def code(text: str) -> str:
    """It as a code span, whatever is in it; nothing for nothing."""
    line = text.replace("\n", " ").strip()
    return span(line) if line else ""


def harmless(text: str) -> str:
    """A message, or what is to become some, in which no mention resolves and no line looks like one of ours. What is
    in code or part of an address is left as it is."""
    return DISCORD.sub(lambda found: found.group() + (APART if found.lastgroup == "live" else ""), text)


def defuse(text: str) -> str:
    """The same wherever the text is cut, so that not even its code and its addresses are left."""
    return CUT.sub(rf"\g<0>{APART}", text)


def _rewrite(text: str, writers: Mapping[str, Writer]) -> str:
    written = []
    position = 0
    while found := TOKEN.search(text, position):
        written.append(text[position : found.start()])
        position = found.end()
        kind = found.lastgroup or ""
        if kind == "ticks" and (span := _span(text, found)):
            kind, found, position = "span", span, span.end()
        written.append(writers[kind](found) if kind in writers else found.group())
    written.append(text[position:])
    return "".join(written)


def _span(text: str, opening: re.Match[str]) -> re.Match[str] | None:
    """The code span that begins with these backticks, if as many end it."""
    ticks = opening.group()
    return re.compile(rf"(?<!`)({ticks})(?!`)(.*?)(?<!`){ticks}(?!`)", re.S).match(text, opening.start())


def _escape(found: re.Match[str]) -> str:
    escaped = found.group()
    return escaped if escaped.isascii() else f"\\{escaped}"  # Discord takes any sign for escaped, Markdown its own only


def _code_span(found: re.Match[str]) -> str:
    ticks, text = found.groups()
    if len(ticks) > 2 or "```" in text:
        return code(text)
    return f"{ticks}{text}{ticks}".replace("\n", " ")


def _link(found: re.Match[str]) -> str:
    """One that Discord takes as it is; of any other its text and where it leads."""
    text, target, title = found["text"].replace("\n", " "), found["target"].strip("<>"), found["title"] or ""
    if found.group().startswith("!"):
        return _reference(text, target, title)
    images = IMAGE.findall(text)
    shown = _reference(IMAGE.sub(lambda image: image[1] or "image", text), target, title)
    return shown + "".join(f" ({_reference('', image.strip('<>'), title)})" for _, image, title in images)


def _reference(text: str, target: str, title: str) -> str:
    is_web = WEB.fullmatch(target) is not None
    bare = f"<{target}>" if is_web else code(target)
    behind = f" {fit(title)}" if title else ""
    if not shows(text):
        return bare + behind
    if text.strip("`") == target:
        return (bare if is_web else fit(text)) + behind
    if is_web and not WEB.search(text) and fit(title) == title:  # Discord makes no link with another one for a name
        return f"[{fit(text)}]({target}{behind})"
    return f"{fit(text)} ({bare}{behind})" if bare or behind else fit(text)


def _look(found: re.Match[str]) -> str:
    text, target, title = plain(found["text"]), found["target"].strip("<>"), found["title"] or ""
    behind = " ".join(part for part in (target if target != text else "", title) if part)
    return f"{text} ({behind})" if behind and text else text or behind


_FITTED: dict[str, Writer] = {
    "escape": _escape,
    "hard": lambda _: "",
    "ticks": lambda found: "\\`" * len(found.group()),
    "span": _code_span,
    "link": _link,
    "code": lambda found: code(found["inside"]),
    "pair": lambda found: f"{PAIRS[found['tag'].lower()]}{fit(found['inner'])}{PAIRS[found['tag'].lower()]}",
    "end": lambda _: "\n",
    "fold": lambda _: "",
    "entity": lambda found: SAFE[found.group()[1:-1]],
    "strong": lambda found: f"**{fit(found['stressed'])}**",
    "bars": lambda found: "\\|" * len(found.group()),  # two pairs of them hide what is between
    "dunder": lambda found: found.group().replace("_", "\\_"),  # a name far more often than something underlined
}

_STRESSED: dict[str, Writer] = {
    **_FITTED,
    "strong": lambda found: fit(found["stressed"]),
    "pair": lambda found: fit(found["inner"]),
    "end": lambda _: " ",
}

_PLAIN: dict[str, Writer] = {
    "escape": lambda found: found.group()[1:],
    "hard": lambda _: "",
    "span": lambda found: found.group(2).strip(),
    "link": _look,
    "code": lambda found: found["inside"],
    "pair": lambda found: plain(found["inner"]),
    "end": lambda _: "\n",
    "fold": lambda _: "",
    "entity": lambda found: ENTITIES[found.group()[1:-1]],
    "strong": lambda found: plain(found["stressed"]),
}
