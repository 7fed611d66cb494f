"""`/opencord fork`: a new thread in the same channel, with a machine of its own, in which the conversation and the
files of this one go on. Nothing that is done there changes anything here.

It is a turn of the new thread, written down before anything is said: its thread is opened as any other's, and what
there is here moves in before anything is asked (see `app.turns.moving`). Who forked it, and where to, is said here by
that turn.
"""

from dataclasses import replace

from app.commands.admitting import admit, request_of
from app.commands.answers import Answer
from app.commands.ask import heard
from app.commands.door import TurnedAway, Visitor
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.kinds import PRIVATE_THREAD
from app.discord.limits import STRING_OPTION
from app.discord.payloads import Payload, deferred
from app.discord.text import shows
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.turns.preferences import Scope, Values
from app.turns.records import Fork
from app.turns.titles import title_of
from app.words.asking import EMPTY_PROMPT
from app.words.forking import ALREADY, NOT_OURS, OLD_MACHINE_GOING, TITLE_PREFIX, UNTITLED
from app.words.session import NOTHING_ASKED

REGISTRATION: Payload = {
    "type": 1,
    "name": "fork",
    "description": "Go on in a new thread with a machine of its own: same conversation, same files",
    "options": [
        {
            "type": 3,
            "name": "prompt",
            "description": "What to do there first",
            "max_length": STRING_OPTION,
        }
    ],
}


async def run(interaction: Interaction, room: Room) -> Answer:
    visitor = await heard(interaction, room)
    prompt = interaction.options.get("prompt")
    if prompt is not None and not shows(str(prompt)):
        raise TurnedAway(EMPTY_PROMPT)
    name = interaction.channel.name if interaction.channel else ""
    fork = Fork(visitor.thread, name_of(name))
    if await room.ledger.is_ours(fork.thread) is False:
        raise TurnedAway(NOT_OURS)
    if await room.ledger.newest(fork.thread) is None:
        raise TurnedAway(NOTHING_ASKED)
    return await forked(interaction, visitor, fork, room, str(prompt or "").strip())


def name_of(old: str) -> str:
    """What a fork of the thread is called."""
    return TITLE_PREFIX + title_of(old.removeprefix(TITLE_PREFIX)) if old else UNTITLED


async def forked(interaction: Interaction, visitor: Visitor, fork: Fork, room: Room, prompt: str = "") -> Answer:
    """Raises TurnedAway."""
    sandbox = await room.shelf.sandbox_of(fork.thread)
    if sandbox is not None and sandbox.state is State.DESTROYING:
        raise TurnedAway(OLD_MACHINE_GOING)
    request = replace(
        request_of(interaction, visitor, prompt),
        place=replace(visitor.place, thread=None),
        interaction_token=interaction.token,
        wishes=await wishes_of(visitor, fork.thread, room),
        private=interaction.channel is not None and interaction.channel.type == PRIVATE_THREAD,
        fork=fork,
    )
    if not await admit(request, room) and await room.ledger.turn(request.id) is None:
        raise TurnedAway(ALREADY)
    return Answer(deferred(ephemeral=True))


async def wishes_of(visitor: Visitor, thread: ThreadId, room: Room) -> Values:
    """What was settled for the thread itself."""
    settled = await room.preferences.settled(replace(visitor.place, thread=thread))
    return {name: chosen.value for name, chosen in settled.chosen.items() if chosen.scope is Scope.THREAD}
