"""Where a question stands, for lists of questions and threads. Pure.

https://docs.discord.com/developers/reference#message-formatting: a link with a text of its own is `[text](address)`.
"""

from app.discord.notation import prose
from app.discord.text import shows
from app.turns.records import Turn

WORDLESS = "(without words)"  # only a file, or a fork
LONGEST_NAME = 32  # characters of a person's name; Discord allows no more
LONGEST_WORDS = 60


def address(guild: str, channel: str, message: str | None = None) -> str:
    return "/".join(["https://discord.com/channels", guild, channel, *([message] if message else [])])


def link(text: str, address: str) -> str:
    """`text` is shown as it is: escape what is not ours."""
    return f"[{text}]({address})"


def question_at(turn: Turn) -> str:
    """The address of the message that asked it, or that shows what a command asked."""
    if turn.private and turn.thread is not None:  # it hangs on no message
        return address(turn.place.guild, turn.thread)
    channel = turn.place.channel if turn.starts_thread or turn.thread is None else turn.thread
    return address(turn.place.guild, channel, turn.opener)


def words_of(prompt: str, most: int = LONGEST_WORDS) -> str:
    """Its first words, as they are meant."""
    return prose(prompt, most) if shows(prompt) else WORDLESS


def asker_of(turn: Turn) -> str:
    return f"**{prose(turn.asker.name, LONGEST_NAME)}**"
