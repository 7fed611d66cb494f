"""`/opencord ask`: in a text channel it opens a thread with a machine; in a thread it is the next thing asked there.

Nothing is worked on here: the request is written down, and Discord is told that an answer comes later.
"""

import structlog

from app.commands.answers import Answer
from app.commands.door import TurnedAway, let_in
from app.commands.ports import Room
from app.commands.words import EMPTY_PROMPT, NOT_HERE
from app.discord.interactions import THREADS, Interaction
from app.discord.payloads import Payload, deferred
from app.discord.text import shows
from app.ids import TurnId
from app.turns.records import Request, Source

log = structlog.get_logger()

LONGEST_PROMPT = 6000  # the most that Discord lets a string option be
OPENS_THREADS = frozenset({0, 5})  # text and announcement channels: a thread can start from a message there

REGISTRATION: Payload = {
    "type": 1,
    "name": "ask",
    "description": "Ask OpenCode; in a channel this opens a thread with a machine of its own",
    "options": [
        {
            "type": 3,
            "name": "prompt",
            "description": "What you would like to have done or to know",
            "required": True,
            "max_length": LONGEST_PROMPT,
        },
        {"type": 11, "name": "file", "description": "Something to look at or to work with"},
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    prompt = str(interaction.options.get("prompt", "")).strip()
    if not shows(prompt):
        raise TurnedAway(EMPTY_PROMPT)
    if interaction.channel is None or interaction.channel.type not in OPENS_THREADS | THREADS:
        raise TurnedAway(NOT_HERE)
    visitor = await let_in(interaction, room)
    request = Request(
        TurnId(interaction.id),
        Source.COMMAND,
        visitor.place,
        visitor.asker,
        prompt,
        interaction.token,
        attachments=interaction.attachments,
    )
    if await room.ledger.admit(request, room.clock()):
        log.info("turn.admitted", turn=request.id, thread=visitor.place.thread)
        log.debug("turn.asked", turn=request.id, prompt=prompt)
    return Answer(deferred())
