"""Things to ask with."""

from app.ids import ChannelId, GuildId, ThreadId, TurnId, UserId
from app.turns.records import Asker, Place, Request, Source

GUILD = GuildId("100000000000000000")
CHANNEL = ChannelId("200000000000000000")
ALICE = Asker(UserId("300000000000000000"), "alice")


def command(number: int, prompt: str = "do it", thread: str | None = None) -> Request:
    """An interaction whose id grows with `number`."""
    place = Place(GUILD, CHANNEL, ThreadId(thread) if thread else None)
    return Request(TurnId(str(500_000_000_000_000_000 + number)), Source.COMMAND, place, ALICE, prompt, "a-token")


def message(number: int, prompt: str = "do it", thread: str | None = None) -> Request:
    place = Place(GUILD, CHANNEL, ThreadId(thread) if thread else None)
    return Request(TurnId(str(500_000_000_000_000_000 + number)), Source.MESSAGE, place, ALICE, prompt)
