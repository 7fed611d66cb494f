"""`/opencord ask`: in a text channel it opens a thread with a machine; in a thread it is the next thing asked there.

Nothing is worked on here: the request is written down, and Discord is told that an answer comes later.
"""

from dataclasses import replace

from app.commands.ports import Room
from app.commands.words import EMPTY_PROMPT, NOT_HERE
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, deferred, told
from app.ids import TurnId
from app.turns.records import Place, Request, Source
from app.turns.routing import Refusal, gate

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
        }
    ],
}


async def run(interaction: Interaction, room: Room) -> Payload:
    prompt = str(interaction.options.get("prompt", "")).strip()
    if not prompt:
        return told(EMPTY_PROMPT)
    place, asker = await place_of(interaction, room), interaction.member
    if place is None or asker is None:
        return told(NOT_HERE)
    refusal = gate(place, asker, room.policy)
    if isinstance(refusal, Refusal):
        return told(refusal.value)
    request = Request(TurnId(interaction.id), Source.COMMAND, place, asker, prompt, interaction.token)
    await room.ledger.admit(request, room.clock())
    return deferred()


async def place_of(interaction: Interaction, room: Room) -> Place | None:
    """None: nowhere that a thread can be opened or spoken in. A thread's category is the one its parent had when
    something was last asked there; Discord does not say it."""
    place, channel = interaction.place, interaction.channel
    if place is None or channel is None or not (channel.is_thread or channel.type in OPENS_THREADS):
        return None
    return replace(place, category=place.category or await room.ledger.known_category(place.channel))
