"""Things to ask with."""

from app.ids import ChannelId, GuildId, ThreadId, TurnId, UserId
from app.turns.machine import Stage
from app.turns.records import Addressed, Asker, Place, Request, Source, Turn

GUILD = GuildId("100000000000000000")
CHANNEL = ChannelId("200000000000000000")
ALICE = Asker(UserId("300000000000000000"), "alice")


def command(number: int, prompt: str = "do it", thread: str | None = None) -> Request:
    """An interaction whose id grows with `number`."""
    place = Place(GUILD, CHANNEL, ThreadId(thread) if thread else None)
    return Request(TurnId(str(500_000_000_000_000_000 + number)), Source.COMMAND, place, ALICE, prompt, "a-token")


def message(
    number: int, prompt: str = "do it", thread: str | None = None, addressed: Addressed = Addressed.US
) -> Request:
    place = Place(GUILD, CHANNEL, ThreadId(thread) if thread else None)
    id = TurnId(str(500_000_000_000_000_000 + number))
    return Request(id, Source.MESSAGE, place, ALICE, prompt, addressed=addressed, plain=True)


def accepted(request: Request, admitted_at: float = 0.0) -> Turn:
    """As a step finds it that opens a thread."""
    return Turn(
        id=request.id,
        position=1,
        source=request.source,
        place=request.place,
        asker=request.asker,
        prompt=request.prompt,
        interaction_token=request.interaction_token,
        stage=Stage.ACCEPTED,
        admitted_at=admitted_at,
        due_at=admitted_at,
        attempts=0,
        losses=0,
        failing_since=None,
        interruptions=0,
        opener=None,
        session=None,
        answer=None,
        failure=None,
    )


def spoken(content: str) -> str:
    """What the agent says in a message; empty for one of ours, such as a status. Our own lines are in small print."""
    return "\n".join(line for line in content.split("\n") if not line.startswith("-# ")).strip()
