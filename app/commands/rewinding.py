"""Undoing what a turn has changed, and taking that back.

Only the newest turn of a thread can be undone, while nothing is at work there. Everybody is told, and the turn's
summary offers the way back, wherever the wish came from. So that is waited for: it tells what the turn changed, as long
as that is there, and whoever writes it knows nothing of what we add. Whether the turn changed anything, only the
summary remembers: it has Diff then.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from app.commands.answers import Answer, Result, say
from app.commands.door import TurnedAway, bold
from app.commands.past import Past, session_of
from app.commands.ports import Room
from app.commands.session import is_idle, woken
from app.discord.limits import CONTENT
from app.discord.notation import SUBTEXT
from app.discord.payloads import deferred, edit, told
from app.discord.recognition import custom_ids
from app.discord.status_view import closing
from app.discord.text import units
from app.ids import SessionId
from app.turns.closing import outcome_of
from app.turns.workbench import Rewound
from app.words.session import (
    NOT_REDONE,
    NOT_UNDONE,
    REDONE,
    REDONE_BY,
    UNDONE,
    UNDONE_BY,
)
from app.words.turn import BY, UNDONE_MARK

log = structlog.get_logger()

MARK = SUBTEXT + UNDONE_MARK  # how the line of the summary begins
CLOSING_SECONDS = 15.0  # that a summary may take
LOOK_SECONDS = 0.2


class Obstacle(StrEnum):
    """Why it cannot be done, though there is a machine to do it on."""

    AT_WORK = "at work"  # or something waits
    BUSY = Rewound.BUSY
    NEWER = Rewound.NEWER
    NOTHING = Rewound.NOTHING


@dataclass(frozen=True, slots=True)
class Way:
    """Back or forth, in words."""

    did: str  # in the log
    done: str
    told: str  # to everybody
    obstacles: Mapping[str, str]


UNDO = Way("undid", UNDONE, UNDONE_BY, NOT_UNDONE)
REDO = Way("redid", REDONE, REDONE_BY, NOT_REDONE)


async def rewind(past: Past, way: Way, room: Room) -> Answer:
    """Raises TurnedAway."""
    session = await session_of(past, room)
    obstacle = await obstacle_to(past, room)
    if obstacle is None:
        return Answer(deferred(ephemeral=True), lambda: rewound(past, session, way, room), is_private=False)
    if way is REDO and obstacle is Obstacle.NEWER:
        return Answer(told(way.obstacles[obstacle]), lambda: refused(past, obstacle, way, room), is_private=False)
    raise TurnedAway(way.obstacles[obstacle])


async def obstacle_to(past: Past, room: Room) -> Obstacle | None:
    """What happened in the session since, or is about to."""
    if not await is_idle(past.thread, room):
        return Obstacle.AT_WORK
    return None if await room.ledger.is_newest(past.turn.id) else Obstacle.NEWER


async def rewound(past: Past, session: SessionId, way: Way, room: Room) -> Result:
    if not await is_closed(past, room):
        return Result(way.obstacles[Obstacle.BUSY])
    machine = await woken(past.thread, session, room)
    if (obstacle := await obstacle_to(past, room)) is not None:  # by now
        return await refused(past, obstacle, way, room)
    is_undo, turn = way is UNDO, past.turn.id
    came = await (room.agent.undo(machine, session, turn) if is_undo else room.agent.redo(machine, session))
    if came is not Rewound.DONE:
        return await refused(past, Obstacle(came.value), way, room)
    log.info("turn.rewound", turn=turn, thread=past.thread, way=way.did, by=past.visitor.asker.id)
    await offer(past, room, undone=is_undo)
    return Result(way.done, aloud=SUBTEXT + way.told.format(name=bold(past.by)))


async def is_closed(past: Past, room: Room) -> bool:
    """Waits until its summary changes no more. False where that takes too long: something may still be running."""
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            while True:
                if await room.ledger.over(past.turn.id) is None:
                    return True
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return False


async def refused(past: Past, obstacle: Obstacle, way: Way, room: Room) -> Result:
    """Redo goes when it could only be refused ever after, and Diff with it: there is nothing left to look at."""
    if way is REDO and obstacle is Obstacle.NEWER:
        await say(show(past, room, is_final=True))
    return Result(way.obstacles[obstacle])


async def offer(past: Past, room: Room, *, undone: bool) -> None:
    """Redo in the place of Undo, or the other way round, and a line about it; the rest stays. The buttons are a
    convenience: without them the work is done all the same."""
    mark = [MARK + BY.format(name=bold(past.by))] if undone else []
    await say(show(past, room, mark, undone=undone))


async def show(
    past: Past, room: Room, mark: Sequence[str] | None = None, *, undone: bool = False, is_final: bool = False
) -> None:
    """In the summary, where there is one: the buttons that fit, and `mark` for the line about what was undone; None
    leaves that as it is. Raises Retriable and Refused."""
    if past.summary is None:
        return
    message = await room.messages.get_message(past.thread, past.summary)
    lines = str(message.get("content") or "").split("\n")
    if mark is not None:
        lines = fitting([line for line in lines if not is_undone(line)], mark)
    outcome, _ = outcome_of(past.turn, await room.asks.of_turn(past.turn.id))
    changed = not is_final and f"diff:{past.turn.id}" in custom_ids(message)
    buttons = closing(outcome, past.turn.id, changed=changed, undone=undone)
    await room.messages.edit_message(past.thread, past.summary, edit("\n".join(lines), components=buttons))


def fitting(lines: Sequence[str], mark: Sequence[str]) -> list[str]:
    """As many of the lines as a message holds beside the mark; the first are worth most."""
    kept = list(lines)
    while kept and units("\n".join([*kept, *mark])) > CONTENT:
        kept.pop()
    return [*kept, *mark]


def is_undone(line: str) -> bool:
    return line.startswith(MARK)
