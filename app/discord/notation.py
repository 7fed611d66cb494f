"""Discord's notation around words that are not ours: a command, a path or a diff is shown exactly as it is, and nothing
that is in it is read as Markdown, as a mention or as a time. Pure.

Whoever allows a command must see what will run. So whatever would be invisible, or would turn the direction of the text
around, is spelt out instead of being sent.

https://docs.discord.com/developers/reference#message-formatting
https://support.discord.com/hc/en-us/articles/210298617
"""

import re

from app.discord.text import clean, ending, shorten, shows, units

SUBTEXT = "-# "  # what is ours, and not the model's, is in small print
NOTHING = "(nothing)"
APART = "\u200b"  # of no width: keeps signs from making something together
TWO, THREE = re.compile("`(?=`)"), re.compile("``(?=`)")
# Controls, and Unicode's marks that have no width or turn a line around, but not the joiners U+200C and U+200D, which
# emoji and several scripts need. https://unicode.org/reports/tr36/#visual_spoofing
HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Controls, and what turns a line around or apart: embeddings, overrides and isolates.
DISTURBING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """With every control and every mark of zero width spelt out, as `\\u{202e}`; new lines and tabs stay."""
    return HIDDEN.sub(_spelt, clean(text))


def legible(text: str) -> str:
    """The same for prose, where a script may need its marks: only what would disturb the reader is spelt out."""
    return DISTURBING.sub(_spelt, clean(text))


def escape(text: str) -> str:
    """On one line, and as it is meant: a name, say, without any of Discord's formatting."""
    return re.sub(r"([\\*_~`|>#\[\]()<:@-])", r"\\\1", " ".join(text.split()))


def quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def prose(text: str, limit: int) -> str:
    """Words of somebody's own, such as a name: on one line, at most so many characters, and none of them notation. The
    signs that make sure of this are not counted, and may double it."""
    words = text.split(None, limit + 1)[: limit + 1]
    return escape(shorten(legible(" ".join(words)[: limit + 1]), limit))


def code(text: str, limit: int) -> str:
    """As code within a line, of at most `limit` characters and its quotes. Never blank."""
    words = text.split(None, limit + 1)[: limit + 1]  # whatever is behind these is cut off in any case
    line = shorten(visible(" ".join(words)[: limit + 1]), limit)
    return span(line) if shows(line) else NOTHING


def path(text: str, limit: int) -> str:
    """The same for a path: what is too much is left out of its middle, for its last part tells most."""
    line = " ".join(text.split())
    if len(line) > 2 * limit:
        line = line[:limit] + line[-limit:]  # whatever is between these is left out in any case
    line = visible(line)
    if units(line) > limit:
        last = line[max(0, line.rfind("/", 0, -1)) :]
        last = ending(last, limit // 2) if units(last) > limit * 3 // 4 else last
        line = shorten(line[: len(line) - len(last)], limit - units(last)) + last
    return code(line, limit)


def span(line: str) -> str:
    """A line as a code span, whatever backticks are in it."""
    if "`" not in line:
        return f"`{line}`"
    return f"`` {TWO.sub(f'`{APART}', line)} ``"


def fence(text: str, language: str = "") -> str:
    """As a block of code."""
    return f"```{language}\n{unfence(text)}\n```"


def unfence(text: str) -> str:
    """Without three backticks in a row, wherever they stood: Discord ends a code block at the first three, whatever it
    was opened with."""
    return THREE.sub(f"``{APART}", text)


def is_exact(text: str) -> bool:
    """Whether `fence` changes nothing in it, and it can be copied from there."""
    return "```" not in text and text == visible(text) and shows(text)


def timestamp(epoch: float, style: str) -> str:
    """A time, which every reader sees in their own zone: `R` as how long ago or from now, `t` of the day, `f` with the
    date. It goes on counting without an edit."""
    return f"<t:{int(epoch)}:{style}>"


def jump(words: str, guild: str, channel: str, message: str | None = None) -> str:
    """A link to a thread or a message. `words` are shown as they are: escape what is not ours."""
    return f"[{words}]({'/'.join(['https://discord.com/channels', guild, channel, *([message] if message else [])])})"


def mention(user: str) -> str:
    return f"<@{user}>"


def _spelt(found: re.Match[str]) -> str:
    return f"\\u{{{ord(found[0]):x}}}"
