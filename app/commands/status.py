"""`/opencord status`: what is going on here, from what is written down. Only the asker sees it."""

from collections.abc import Sequence

from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told
from app.ids import ThreadId
from app.sandboxes.machine import State
from app.sandboxes.ports import Sandbox
from app.turns.machine import Stage
from app.turns.records import Turn

REGISTRATION: Payload = {
    "type": 1,
    "name": "status",
    "description": "What OpenCode is doing: in a thread about that thread, elsewhere about all of them",
}

DOING = {
    Stage.ADMITTED: "just arrived",
    Stage.ACCEPTED: "opening its thread",
    Stage.THREADED: "starting the machine",
    Stage.PROMPTED: "working",
    Stage.ANSWERED: "sending the answer",
}


async def run(interaction: Interaction, room: Room) -> Payload:
    if interaction.channel is not None and interaction.channel.is_thread:
        return told(await of_thread(ThreadId(interaction.channel.id), room))
    return told(await of_all(room))


async def of_thread(thread: ThreadId, room: Room) -> str:
    sandbox = await room.shelf.sandbox_of(thread)
    turns = await room.ledger.live_turns(thread)
    if sandbox is None and not turns:
        return "Nothing has been asked in this thread yet. Use /opencord ask to begin."
    lines = [describe(turns, room.clock()), f"Machine: {sandbox.state if sandbox else 'none yet'}"]
    if sandbox is not None and sandbox.last_error is not None and sandbox.state is State.ERROR:
        lines.append(f"Last trouble: {sandbox.last_error}")
    return "\n".join([*lines, f"Model: {room.model}"])


async def of_all(room: Room) -> str:
    turns = await room.ledger.live_turns()
    sandboxes = await room.shelf.sandboxes()
    return "\n".join([describe(turns, room.clock()), f"Machines awake: {awake(sandboxes)}", f"Model: {room.model}"])


def describe(turns: Sequence[Turn], now: float) -> str:
    if not turns:
        return "Nothing is being worked on."
    first = turns[0]
    since = max(0, round(now - first.admitted_at))
    waiting = f", {len(turns) - 1} more after it" if len(turns) > 1 else ""
    return f"At work: {DOING[first.stage]}, asked {since} s ago{waiting}."


def awake(sandboxes: Sequence[Sandbox]) -> int:
    return sum(sandbox.state is State.ACTIVE for sandbox in sandboxes)
