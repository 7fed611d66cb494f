"""`/opencord status`: what is going on here, from what is written down. Only the asker sees it."""

from collections.abc import Sequence

from app.commands.door import let_in
from app.commands.ports import Room
from app.discord.interactions import Interaction
from app.discord.payloads import Payload, told
from app.ids import GuildId, ThreadId
from app.sandboxes.machine import State
from app.turns.machine import Stage
from app.turns.records import Turn

REGISTRATION: Payload = {
    "type": 1,
    "name": "status",
    "description": "What OpenCode is doing: in a thread about that thread, elsewhere about this server",
}

DOING = {
    Stage.ADMITTED: "just arrived",
    Stage.ACCEPTED: "opening its thread",
    Stage.THREADED: "starting the machine",
    Stage.PROMPTED: "working",
    Stage.ANSWERED: "sending the answer",
}


async def run(interaction: Interaction, room: Room) -> Payload:
    place = (await let_in(interaction, room)).place
    about = of_guild(place.guild, room) if place.thread is None else of_thread(place.thread, room)
    return told("\n".join([*await about, f"Model: {room.model}"]))


async def of_guild(guild: GuildId, room: Room) -> list[str]:
    turns = await room.ledger.live_turns(guild=guild)
    threads = len({turn.thread or turn.id for turn in turns})
    return [f"At work in this server: {plural(len(turns), 'question')} in {plural(threads, 'thread')}."]


async def of_thread(thread: ThreadId, room: Room) -> list[str]:
    sandbox, turns = await room.shelf.sandbox_of(thread), await room.ledger.live_turns(thread=thread)
    if sandbox is None and not turns:
        return ["Nothing has been asked in this thread yet. Use /opencord ask to begin."]
    lines = [describe(turns, room.clock()), f"Machine: {sandbox.state if sandbox else 'none yet'}"]
    if sandbox is not None and sandbox.last_error is not None and sandbox.state is State.ERROR:
        lines.append(f"Last trouble: {sandbox.last_error}")
    return lines


def describe(turns: Sequence[Turn], now: float) -> str:
    if not turns:
        return "Nothing is being worked on."
    first, waiting = turns[0], len(turns) - 1
    since = max(0, round(now - first.admitted_at))
    return f"At work: {DOING[first.stage]}, asked {since} s ago{f', {waiting} more after it' if waiting else ''}."


def plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
