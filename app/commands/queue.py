"""`/opencord queue`: what waits in the thread, listed, moved, cleared.

Waiting questions are numbered by when they are to begin, so a number is only good until one begins. Whoever moves one
therefore hears which it was; and whatever changes somebody else's question the whole thread hears.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from app.commands.answers import Answer
from app.commands.door import TurnedAway, Visitor, bold, let_in
from app.commands.links import asker_of, link, question_at, words_of
from app.commands.ports import Room
from app.commands.settling import aloud
from app.discord.interactions import Interaction
from app.discord.limits import CONTENT
from app.discord.payloads import Payload, told
from app.discord.text import units
from app.turns.records import Turn
from app.words.amounts import plural
from app.words.queue import (
    AT_WORK,
    MORE_WAIT,
    MOVED,
    NO_NUMBER,
    NO_SECOND_QUESTION,
    NO_SUCH_QUESTION,
    NONE_OF_YOURS,
    NOTHING_WAITS,
    SOMEBODYS,
    STANDS_THERE,
    THEIR_OWN,
    WAITS_NO_MORE,
    WITHDRAWN,
    YOURS_WITHDRAWN,
)

log = structlog.get_logger()

REGISTRATION: Payload = {
    "type": 2,
    "name": "queue",
    "description": "The questions that wait in this thread",
    "options": [
        {"type": 1, "name": "list", "description": "What waits, in which order"},
        {
            "type": 1,
            "name": "clear",
            "description": "Withdraw all your questions that wait",
            "options": [
                {"type": 5, "name": "everybody", "description": "Those of others too; for who may manage the channel"}
            ],
        },
        {
            "type": 1,
            "name": "move",
            "description": "Put a question before or behind others",
            "options": [
                {
                    "type": 4,
                    "name": "number",
                    "description": "Which one, as /opencord queue list counts",
                    "required": True,
                    "min_value": 1,
                },
                {
                    "type": 4,
                    "name": "to",
                    "description": "Where to; 1 is the next that begins",
                    "required": True,
                    "min_value": 1,
                },
            ],
        },
    ],
}

MOST_SHOWN = 25


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await let_in(interaction, room)
    waiting = await room.ledger.queue(visitor.thread)
    return await ACTIONS[interaction.command[2]](interaction, visitor, waiting, room)


async def listed(interaction: Interaction, visitor: Visitor, waiting: Sequence[Turn], room: Room) -> Answer:
    current = await room.ledger.at_work(visitor.thread)
    lines = [AT_WORK.format(question=line_of(current))] if current else []
    lines += [f"{number}. {line_of(turn)}" for number, turn in enumerate(waiting, 1)] or [NOTHING_WAITS]
    return Answer(told(fitting(lines)))


async def clear(interaction: Interaction, visitor: Visitor, waiting: Sequence[Turn], room: Room) -> Answer:
    of_all = interaction.options.get("everybody") is True
    meant = [turn for turn in waiting if of_all or turn.asker.id == visitor.asker.id]
    withdrawn = [turn for turn in meant if await room.ledger.call_off(turn.id, visitor.asker.name)]
    if not withdrawn:
        raise TurnedAway(NOTHING_WAITS if of_all or not waiting else NONE_OF_YOURS)
    log.info("queue.cleared", thread=visitor.thread, turns=len(withdrawn), by=visitor.asker.id)
    by = bold(visitor.asker.name)
    if all(turn.asker.id == visitor.asker.id for turn in withdrawn):
        return Answer(told(YOURS_WITHDRAWN.format(questions=plural(len(withdrawn), "question"))))
    return Answer(aloud(WITHDRAWN.format(by=by, questions=plural(len(withdrawn), "question"))))


async def move(interaction: Interaction, visitor: Visitor, waiting: Sequence[Turn], room: Room) -> Answer:
    number, to = position(interaction, "number"), position(interaction, "to")
    if not waiting:
        raise TurnedAway(NOTHING_WAITS)
    if number > len(waiting):
        raise TurnedAway(
            (NO_SECOND_QUESTION if len(waiting) == 1 else NO_SUCH_QUESTION).format(number=number, most=len(waiting))
        )
    turn, to = waiting[number - 1], min(to, len(waiting))
    if to == number:
        raise TurnedAway(STANDS_THERE)
    place = await room.ledger.move(turn.id, to)
    if place is None:
        raise TurnedAway(WAITS_NO_MORE)
    log.info("queue.moved", turn=turn.id, thread=visitor.thread, to=place, by=visitor.asker.id)
    whose = THEIR_OWN if turn.asker.id == visitor.asker.id else SOMEBODYS.format(name=asker_of(turn))
    by, words = bold(visitor.asker.name), words_of(turn.prompt)
    return Answer(aloud(MOVED.format(by=by, whose=whose, words=words, place=place)))


ACTIONS: Mapping[str, Callable[[Interaction, Visitor, Sequence[Turn], Room], Awaitable[Answer]]] = {
    "list": listed,
    "clear": clear,
    "move": move,
}


def position(interaction: Interaction, name: str) -> int:
    """Raises TurnedAway for anything but a whole number from 1 on."""
    said = interaction.options.get(name)
    if not isinstance(said, int) or isinstance(said, bool) or said < 1:
        raise TurnedAway(NO_NUMBER)
    return said


def line_of(turn: Turn) -> str:
    return f"{asker_of(turn)}: {link(words_of(turn.prompt), question_at(turn))}"


def fitting(lines: Sequence[str]) -> str:
    """As many of the lines as fit into a message, and how many there are more."""
    shown = list(lines[:MOST_SHOWN])
    while units(text := "\n".join([*shown, *more(len(lines) - len(shown))])) > CONTENT:
        shown.pop()
    return text


def more(count: int) -> list[str]:
    return [MORE_WAIT.format(number=count)] if count else []
