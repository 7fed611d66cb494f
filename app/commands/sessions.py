"""`/opencord sessions`: the threads that are worked in, and the way there: one's own, those of this channel, or all of
the server.

Of others' threads only those are listed that hang on a message of their channel, for no other is certain to be seen by
everybody there. Which channels somebody may see, and which of the other threads that they asked in they see still,
Discord is asked after the first answer; so a page may be shorter than another.
"""

from collections.abc import Collection, Sequence

from app.commands.answers import Answer, Result
from app.commands.door import TurnedAway, Visitor, let_in
from app.commands.links import address, link, words_of
from app.commands.pages import number_of, turning
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.notation import timestamp
from app.discord.payloads import Payload, deferred, deferred_update
from app.discord.text import units
from app.ids import ChannelId, GuildId
from app.turns.sessions import Session
from app.words.door import UNKNOWN_BUTTON, UNKNOWN_OPTION
from app.words.machine import STATES
from app.words.session import NO_THREADS, THREAD_AT_WORK, THREAD_MACHINE, THREAD_USED, THREAD_WITHOUT, THREADS

MINE, CHANNEL, SERVER = "mine", "channel", "server"
CHOICES = {MINE: "mine: where I asked something", CHANNEL: "channel: of this channel", SERVER: "server: all I may see"}

REGISTRATION: Payload = {
    "type": 1,
    "name": "sessions",
    "description": "The threads that OpenCode works in, and the way there",
    "options": [
        {
            "type": 3,
            "name": "of",
            "description": "Which of them; yours, if you do not say",
            "choices": [{"name": name, "value": value} for value, name in CHOICES.items()],
        }
    ],
}

PAGE = 10
WIDTHS = (60, 40, 25, 12)  # characters of what was asked: as many as there is room for


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    of = interaction.options.get("of", MINE)
    if of not in CHOICES:
        raise TurnedAway(UNKNOWN_OPTION)
    return Answer(deferred(ephemeral=True), lambda: looked_up(str(of), 0, visitor, room))


async def press(interaction: Interaction, room: Room) -> Answer:
    """`sessions:<of>:<page>`: another page in the place of this one."""
    visitor = await let_in(interaction, room)
    _, of, number, *_ = [*(interaction.custom_id or "").split(":"), "", ""]
    if of not in CHOICES:
        raise TurnedAway(UNKNOWN_BUTTON)
    return Answer(deferred_update(), lambda: looked_up(of, number_of(number), visitor, room))


async def looked_up(of: str, number: int, visitor: Visitor, room: Room) -> Result:
    here, guild = visitor.place.channel, visitor.place.guild
    channels = [here] if of == CHANNEL else await room.sights.seen_by(visitor.asker, guild)
    return await page_of(of, number, visitor, channels, room)


async def page_of(of: str, number: int, visitor: Visitor, channels: Collection[ChannelId], room: Room) -> Result:
    """The first where there are not so many any more."""
    guild, viewer = visitor.place.guild, visitor.asker.id
    found, total = await room.ledger.sessions(
        guild, viewer, channels, mine=of == MINE, skipped=number * PAGE, most=PAGE
    )
    if not found and number:
        return await page_of(of, 0, visitor, channels, room)
    if not found:
        return Result(NO_THREADS[of])
    shown = [one for one in found if one.is_public or await room.sights.sees(visitor.asker, one.thread)]
    text = listed(THREADS[of], shown, number * PAGE + 1, guild) if shown else NO_THREADS[SERVER]
    return Result(text, turning(f"sessions:{of}", number, -(-total // PAGE)))


def listed(head: str, found: Sequence[Session], first: int, guild: GuildId) -> str:
    for width in WIDTHS:
        lines = [f"{number}. {line_of(one, width, guild)}" for number, one in enumerate(found, first)]
        text = "\n".join([head, *lines])
        if units(text) <= CONTENT:
            break
    return text


def line_of(session: Session, width: int, guild: GuildId) -> str:
    """What it is called now, which only Discord's client knows, and the words that it began with: a client may not know
    an old thread either."""
    there = f"<#{session.thread}> " + link(words_of(session.subject, width), address(guild, session.thread))
    machine = THREAD_WITHOUT if session.machine is None else THREAD_MACHINE.format(state=STATES[session.machine])
    work = [THREAD_AT_WORK] if session.live else []
    return " · ".join([there, *work, machine, THREAD_USED.format(when=timestamp(session.used_at, "R"))])
